"""The outside world: one folder per system, each with a client and a faithful local simulator.

Knows HTTP and the four APIs. Must not know Dagster or the CRM's tables.
"""
