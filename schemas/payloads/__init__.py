"""The fields read from each source's API, one file per source; what is not named is dropped on arrival."""
