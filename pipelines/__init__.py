"""What happens, in what order, how often: the store, identity, privacy, and the Dagster definitions."""
