"""Tripletex: a typed client of its API and a faithful local simulator."""
