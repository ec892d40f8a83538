"""Assets of the audiences, of their export and of the bounce lists."""
