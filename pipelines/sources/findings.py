"""Judges the last read of a source entity: does it add up, what was set aside, has the API drifted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from pipelines.findings import Finding
from schemas.tables.landing import load, rejected

_NAMED = 8
"""Field names in one sentence."""
_ENOUGH = 50
"""Records of a read that show what an API sends."""
_READS = 30
"""Reads to look back over for one with enough records."""


def adds_up(connection: sa.Connection, source: str) -> Finding:
    """Every record of the last read ended in exactly one column."""
    row = (
        connection.execute(
            sa.select(load).where(load.c.source == source).order_by(load.c.load_id.desc()).limit(1)
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        return Finding(True, "nothing has been read yet")
    ended = {name: row[name] for name in ("rejected", "repeated", "stored", "unchanged", "suppressed")}
    difference = row["received"] - sum(ended.values())
    sums = " + ".join(f"{number:,} {name}" for name, number in ended.items())
    if difference:
        return Finding(
            False,
            f"{row['received']:,} received, but {sums} leave {difference:,} unaccounted for: read it again",
            {"received": row["received"], "difference": difference, **ended},
        )
    return Finding(
        True,
        f"{row['received']:,} received = {sums}",
        {"received": row["received"], "difference": 0, **ended},
    )


def nothing_set_aside(connection: sa.Connection, source: str) -> Finding:
    """No record stands in landing.rejected."""
    reasons = list(
        connection.scalars(
            sa.select(rejected.c.reason)
            .where(rejected.c.source == source)
            .group_by(rejected.c.reason)
            .order_by(sa.func.count().desc())
            .limit(5)
        )
    )
    number = (
        connection.scalar(sa.select(sa.func.count()).select_from(rejected).where(rejected.c.source == source))
        or 0
    )
    if number == 0:
        return Finding(True, "no record is set aside", {"set_aside": 0})
    return Finding(
        False,
        f"{number:,} set aside ({'; '.join(reasons)}): mend them at the source, see landing.rejected",
        {"set_aside": number},
    )


def no_mass_deletion(connection: sa.Connection, source: str) -> Finding:
    """The last look for deletions found no more than can be believed at once."""
    row = connection.execute(
        sa.select(load.c.compared, load.c.missing, load.c.refused_deletions, load.c.deleted)
        .where(load.c.source == source, load.c.compared.is_not(None))
        .order_by(load.c.load_id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return Finding(True, "no read has looked for deletions yet", {"missing": 0, "refused": 0})
    numbers = {"compared": row.compared, "missing": row.missing, "refused": row.refused_deletions}
    if row.refused_deletions:
        return Finding(
            False,
            f"{row.missing:,} of {row.compared:,} records are missing at the source at once, more than"
            " MASS_DELETION_SHARE and MASS_DELETION_NUMBER allow: none was marked as deleted, and what was"
            " read stands. Most often the credentials have lost rights: give them back, and the next read"
            " clears this. If the records are really gone, launch the asset with `complete` and"
            " `allow_mass_deletion`",
            numbers,
        )
    return Finding(
        True, f"{row.missing:,} of {row.compared:,} records were missing, {row.deleted:,} are gone", numbers
    )


def list_was_served(connection: sa.Connection, source: str) -> Finding:
    """The last read was served the list that it asked for, where a right to it of its own is needed."""
    row = connection.execute(
        sa.select(load.c.compared).where(load.c.source == source).order_by(load.c.load_id.desc()).limit(1)
    ).one_or_none()
    # Such a list is swept whole at every read: one that compared nothing was not served.
    if row is None or row.compared is not None:
        return Finding(True, "the list was served" if row else "nothing has been read yet")
    return Finding(
        False,
        "the source did not serve the list, and what was read of it before stands: give the credentials the"
        " right to read it, or ignore this if it is not to be read",
    )


def no_drift(connection: sa.Connection, source: str) -> Finding:
    """The last read met no unknown field, and none that is declared has stopped coming."""
    reads = connection.execute(
        sa.select(
            load.c.received,
            load.c.unknown_fields,
            load.c.unknown_names,
            load.c.refused_names,
            load.c.seen_names,
            load.c.common_names,
            load.c.compared,
        )
        .where(load.c.source == source)
        .order_by(load.c.load_id.desc())
        .limit(_READS)
    ).all()
    causes = []
    unknown, refused = (reads[0].unknown_fields, reads[0].refused_names) if reads else (0, [])
    told_already = {name.split(".")[0] for name in refused}
    missing = sorted((_gone_from_large_reads(reads) | _gone_from_whole_reads(reads)) - told_already)
    if unknown:
        causes.append(
            f"{unknown:,} values of undeclared fields were dropped ({_named(reads[0].unknown_names)}): "
            "declare them in schemas/payloads, or list them under not_read"
        )
    if refused:
        causes.append(f"the API does not know {_named(refused)}, which were read as absent: mend the payload")
    if missing:
        causes.append(f"{_named(missing)} came in no record, but did before: was it renamed?")
    numbers = {"unknown_fields": unknown, "refused_fields": len(refused), "missing_fields": len(missing)}
    return Finding(not causes, "; ".join(causes) or "only known fields", numbers)


def _gone_from_large_reads(reads: Sequence[Any]) -> set[str]:
    """Fields that the last large read lacks and the one before it had: a few records prove nothing.

    Nor does a read in which no record shows its fields, as when fifty units are dissolved at once.
    """
    large = [read for read in reads if read.received >= _ENOUGH and read.seen_names]
    if not reads or not large or large[0] is not reads[0] or len(large) == 1:
        return set()
    return set(large[1].seen_names) - set(large[0].seen_names)


def _gone_from_whole_reads(reads: Sequence[Any]) -> set[str]:
    """Fields that every record of a whole read had and none of the next, nor any that came since.

    The two hold the same records, but for what was changed: that is enough however few they are. A read is
    whole where it looked for deletions.
    """
    whole = [place for place, read in enumerate(reads) if read.compared is not None and read.received]
    if len(whole) < 2:
        return set()
    newest, before = whole[:2]
    return set(reads[before].common_names).difference(*(read.seen_names for read in reads[: newest + 1]))


def _named(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")
