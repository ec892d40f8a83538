"""The database: the embedded server, engines, roles, migrations, writes in bulk, and the landing of pages.

Nothing here knows what a customer is, nor Dagster.
"""
