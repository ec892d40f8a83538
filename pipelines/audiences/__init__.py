"""Audiences: who may be written to about what, and by which right."""
