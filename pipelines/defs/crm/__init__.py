"""Assets of the cards, their checks, and the job for people's decisions."""
