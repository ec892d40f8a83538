"""Tells people by webhook and e-mail that something went wrong."""
