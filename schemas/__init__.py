"""What data is, where it may go and how long it lives. No network, no session, no Dagster."""
