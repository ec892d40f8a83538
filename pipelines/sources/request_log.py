"""Counts what each recipient was asked in `privacy.request_log`: method, path template and status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from schemas.tables.privacy import request_log

Counts = Counter[tuple[str, str, int]]
"""Requests by method, path template and status."""


class Counting(Protocol):
    """A client that counts what it asks."""

    @property
    def counts(self) -> Counts: ...


@contextmanager
def noted_requests(engine: sa.Engine, run_id: str, recipient: str, client: Counting) -> Iterator[Counts]:
    """Note what the client is asked within the block, however it ends; the numbers are there afterwards."""
    before, asked = client.counts.copy(), Counts()
    try:
        yield asked
    finally:
        asked.update(client.counts - before)
        note_requests(engine, run_id, recipient, asked)


def note_requests(engine: sa.Engine, run_id: str, recipient: str, counts: Counts) -> None:
    """Add what a recipient was asked to the log."""
    rows = [
        {
            "run_id": run_id,
            "recipient": recipient,
            "method": method,
            "path": path,
            "status": status,
            "requests": number,
            "day": datetime.now(UTC).date(),
        }
        for (method, path, status), number in counts.items()
    ]
    if not rows:
        return
    insert = pg.insert(request_log)
    add = {"requests": request_log.c.requests + insert.excluded.requests}
    with engine.begin() as connection:
        connection.execute(
            insert.on_conflict_do_update(index_elements=request_log.primary_key.columns, set_=add), rows
        )
