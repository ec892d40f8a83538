"""Tells people by webhook that something went wrong."""
