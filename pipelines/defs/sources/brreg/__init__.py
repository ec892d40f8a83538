"""Assets of the register."""
