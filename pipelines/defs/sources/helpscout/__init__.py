"""Assets of Help Scout."""
