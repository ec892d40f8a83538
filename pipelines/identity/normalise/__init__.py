"""Keys for comparison: pure functions from what people write to what can be compared."""
