"""What PostgreSQL's planner cannot know of tables that were filled a moment ago."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa


@contextmanager
def without_nested_loops(connection: sa.Connection) -> Iterator[None]:
    """Keep the planner from nested loops for as long as the block, inside a transaction; not to be nested.

    A table that grows while it is searched looks small to the planner: an anti-join that scans it once per
    row would then be quadratic. For many rows a hash join is never the worse plan by much.
    """
    connection.exec_driver_sql("SET LOCAL enable_nestloop = off")
    yield
    connection.exec_driver_sql("SET LOCAL enable_nestloop = on")
