"""Assets of Tripletex."""
