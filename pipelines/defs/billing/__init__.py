"""Assets of the views of licences and billing."""
