"""The database: the embedded server, engines and roles, migrations, COPY and set-based writes.

Nothing here knows what a customer is, nor Dagster.
"""
