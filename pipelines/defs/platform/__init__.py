"""Assets of the registration system's own tables, which are not made here."""
