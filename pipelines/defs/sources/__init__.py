"""One asset per landing table, in a folder per system, and the systems themselves."""
