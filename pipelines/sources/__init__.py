"""What is read from each source, in what window, and how it is landed. Plain functions; no Dagster."""
