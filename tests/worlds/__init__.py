"""Labelled worlds: invented customers, their records in every source, and who is who."""
