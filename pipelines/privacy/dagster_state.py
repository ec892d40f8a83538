"""Retention of what Dagster keeps beside runs: superseded states of assets and checks, ticks, backfills.

Of each asset, partition and check the newest word stays, however old: the graph is drawn from it. Knows the
tables in which Dagster keeps them, in SQLite and in PostgreSQL, and not Dagster itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

ASSET_STATES = ("ASSET_MATERIALIZATION", "ASSET_OBSERVATION")
CHECK_STATE = "ASSET_CHECK_EVALUATION"
ENDED = ("COMPLETED", "COMPLETED_SUCCESS", "COMPLETED_FAILED", "FAILED", "CANCELED")
"""States in which a backfill does nothing more."""


def _table(name: str, *columns: str) -> sa.TableClause:
    return sa.table(name, *map(sa.column, columns))


_EVENT = _table("event_logs", "id", "dagster_event_type", "timestamp", "asset_key", "partition")
_EVENT_TAG = _table("asset_event_tags", "event_id")
_CHECK = _table(
    "asset_check_executions",
    *("id", "asset_key", "check_name", "partition"),
    *("evaluation_event_timestamp", "evaluation_event_storage_id"),
)
_TICK = _table("job_ticks", "id", "selector_id", "job_origin_id", "timestamp")
_BACKFILL = _table("bulk_actions", "key", "status", "timestamp")
_BACKFILL_TAG = _table("backfill_tags", "backfill_id")


@dataclass(frozen=True, slots=True)
class StateRemoval:
    """What was removed."""

    states: int = 0
    """Materialisations, observations and results of checks that newer ones have taken the place of."""
    ticks: int = 0
    """Evaluations of schedules and sensors, those that are no more included."""
    backfills: int = 0


def remove_states(connection: sa.Connection, cutoff: datetime) -> int:
    """Remove states from before `cutoff` (aware) that newer ones have taken the place of; return how many."""
    before = _as_stored(cutoff)
    superseded = sa.and_(
        _EVENT.c.dagster_event_type.in_(ASSET_STATES),
        _EVENT.c.asset_key.is_not(None),
        _EVENT.c.timestamp < before,
        _has_newer(_EVENT, ("asset_key", "dagster_event_type"), ("partition",)),
    )
    evaluated_again = sa.and_(
        _CHECK.c.evaluation_event_timestamp < before,
        _has_newer(_CHECK, ("asset_key", "check_name"), ("partition",)),
    )
    # A check's event names no asset in a column; the table of executions says which events still count.
    unreferenced = sa.and_(
        _EVENT.c.dagster_event_type == CHECK_STATE,
        _EVENT.c.timestamp < before,
        ~sa.exists().where(_CHECK.c.evaluation_event_storage_id == _EVENT.c.id),
    )
    of_superseded = _EVENT_TAG.c.event_id.in_(sa.select(_EVENT.c.id).where(superseded))
    connection.execute(sa.delete(_EVENT_TAG).where(of_superseded))
    return (
        _removed(connection, _EVENT, superseded)
        + _removed(connection, _CHECK, evaluated_again)
        + _removed(connection, _EVENT, unreferenced)
    )


def remove_ticks(connection: sa.Connection, cutoff: datetime) -> int:
    """Remove ticks from before `cutoff` (aware); return how many.

    Dagster prunes those of a schedule when it next fires; one that is no more never does. The newest tick
    stays: from it Dagster counts which ones were missed.
    """
    superseded = sa.and_(
        _TICK.c.timestamp < _as_stored(cutoff), _has_newer(_TICK, (), ("selector_id", "job_origin_id"))
    )
    return _removed(connection, _TICK, superseded)


def remove_backfills(connection: sa.Connection, cutoff: datetime) -> int:
    """Remove backfills from before `cutoff` (aware) that have ended; return how many."""
    ended = sa.and_(_BACKFILL.c.timestamp < _as_stored(cutoff), _BACKFILL.c.status.in_(ENDED))
    of_ended = _BACKFILL_TAG.c.backfill_id.in_(sa.select(_BACKFILL.c.key).where(ended))
    connection.execute(sa.delete(_BACKFILL_TAG).where(of_ended))
    return _removed(connection, _BACKFILL, ended)


def _has_newer(
    table: sa.TableClause, same: Sequence[str], same_or_null: Sequence[str]
) -> sa.ColumnElement[bool]:
    """Whether a row has a later one that is the same in some columns, of which the latter may be null."""
    newer = table.alias("newer")
    return sa.exists().where(
        *(newer.c[name] == table.c[name] for name in same),
        *(newer.c[name].is_not_distinct_from(table.c[name]) for name in same_or_null),
        newer.c.id > table.c.id,
    )


def _removed(connection: sa.Connection, table: sa.TableClause, condition: sa.ColumnElement[bool]) -> int:
    return int(connection.execute(sa.delete(table).where(condition)).rowcount)


def _as_stored(moment: datetime) -> sa.BindParameter[datetime]:
    """Dagster's own columns are naive, in UTC."""
    return sa.literal(moment.astimezone(UTC).replace(tzinfo=None), sa.DateTime())
