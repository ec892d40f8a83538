"""The commands behind the Makefile. Each prints for a person and returns an exit code."""
