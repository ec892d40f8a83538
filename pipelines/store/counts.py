"""How many rows a table holds."""

from __future__ import annotations

from contextlib import nullcontext

import sqlalchemy as sa


def count_rows(store: sa.Engine | sa.Connection, table: sa.Table) -> int:
    """Rows of a table, as an open transaction sees them where one is given."""
    with store.connect() if isinstance(store, sa.Engine) else nullcontext(store) as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
