"""Whose records a store holds: the sandbox's invented ones or real accounts'. The two are never mixed."""

from __future__ import annotations

import sqlalchemy as sa

from schemas.tables.landing import load, world


def claim_world(engine: sa.Engine, *, is_sandbox: bool) -> bool:
    """Note whose records the store is going to hold; False where it holds the other's, and nothing is noted.

    A store that was read into without a note holds real accounts': the sandbox is read by commands, which
    ask here first, and Dagster's own runs on real accounts are not.
    """
    with engine.begin() as connection:
        noted = connection.scalar(sa.select(world.c.is_sandbox).limit(1))
        is_read = connection.scalar(sa.select(sa.exists(sa.select(load.c.load_id))))
        if is_read and bool(noted) != is_sandbox:
            return False
        if noted != is_sandbox:
            connection.execute(sa.delete(world))
            connection.execute(sa.insert(world).values(is_sandbox=is_sandbox))
        return True
