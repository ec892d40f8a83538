"""The reconciliation of one read: what became of every record that was received, in numbers that add up."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from schemas.tables import landing as tables

_COUNTED = (
    "requests told received rejected repeated stored unchanged suppressed deleted missing refused_deletions"
).split()


@dataclass(slots=True)
class Tally:
    """Reconciliation of one read of one source entity, in records.

    received = rejected + repeated + stored + unchanged + suppressed, or the read lost something.
    """

    source: str
    told: int = 0
    received: int = 0
    rejected: int = 0
    repeated: int = 0
    stored: int = 0
    unchanged: int = 0
    suppressed: int = 0
    deleted: int = 0
    compared: int | None = None
    """Rows that were looked for at the source; None where the read looked for no deletions."""
    missing: int = 0
    """Of these, the ones that the source did not show."""
    refused_deletions: int = 0
    """Missing rows that were not marked as deleted because they were too many at once."""
    dropped: int = 0
    """Rows that came though the API was not asked for them, and were left out before they were received."""
    requests: int = 0
    unknown_fields: dict[str, int] = field(default_factory=dict)
    seen_fields: set[str] = field(default_factory=set)
    """Declared fields that came in some record."""
    lacking_fields: set[str] = field(default_factory=set)
    """Declared fields that some record came without."""
    refused_fields: tuple[str, ...] = ()
    """Declared fields that the API does not know; they were read as absent."""

    @property
    def distinct(self) -> int:
        """Different valid records met."""
        return self.received - self.rejected - self.repeated

    @property
    def difference(self) -> int:
        """Records received but not accounted for; 0 when the read adds up."""
        accounted = self.rejected + self.repeated + self.stored + self.unchanged + self.suppressed
        return self.received - accounted

    def counts(self) -> dict[str, int]:
        """The numbers by name, as they stand in `landing.load`."""
        counts: dict[str, int] = {name: getattr(self, name) for name in _COUNTED}
        return {**counts, "unknown_fields": sum(self.unknown_fields.values())}


def record_load(
    connection: sa.Connection,
    tally: Tally,
    *,
    run_id: str,
    kind: str,
    window: tuple[datetime | None, datetime | None],
    started_at: datetime,
) -> None:
    """Keep the reconciliation of one read in `landing.load`."""
    connection.execute(
        sa.insert(tables.load).values(
            source=tally.source,
            run_id=run_id,
            kind=kind,
            window_start=window[0],
            window_end=window[1],
            started_at=started_at,
            finished_at=sa.func.clock_timestamp(),
            unknown_names=sorted(tally.unknown_fields),
            seen_names=sorted(tally.seen_fields),
            common_names=sorted(tally.seen_fields - tally.lacking_fields),
            refused_names=sorted(tally.refused_fields),
            compared=tally.compared,
            **tally.counts(),
        )
    )
