"""Files that people drop in a folder: read whole or not at all, loaded once, set aside when they are bad."""
