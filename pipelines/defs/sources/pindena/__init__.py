"""Assets of the registration system's participant lists."""
