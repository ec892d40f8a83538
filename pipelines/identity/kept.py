"""What is kept of records beside the cards, so that the next run can make a part of these anew: their blocks,
the keys of these, their cards and their ties, and the crowds at mail domains.

Writes crm.match_block, crm.match_key and crm.match_crowd. Must not know how records are matched.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import sqlalchemy as sa

from pipelines.identity.changes import Reached
from pipelines.identity.closure import Blocks
from pipelines.identity.ledger import Ints
from pipelines.identity.match import Matching
from pipelines.identity.previous import among, any_of
from pipelines.identity.providers import Crowds
from pipelines.identity.reach import Ledger
from pipelines.identity.records import record_keys
from pipelines.identity.ties import tie_hashes
from pipelines.store.bulk import append
from schemas.tables import crm

Bools = npt.NDArray[np.bool_]

_KEPT = ("block", "person_id", "organization_id", "ties")
"""Columns of crm.match_block in which a record may differ."""


def block_rows(records: pd.DataFrame, block: Ints, matching: Matching, ledger: Ledger) -> pd.DataFrame:
    """crm.match_block: of each record its block, its cards, and what ties it to others."""
    people, organizations = (
        np.array([*assignment.ids, None], dtype=object)[assignment.card] for assignment in ledger.both
    )
    return pd.DataFrame(
        {
            "source": records["source"],
            "source_id": records["source_id"],
            "block": block,
            "person_id": people,
            "organization_id": organizations,
            "ties": tie_hashes(record_keys(records), ledger.order, matching),
        }
    )


def write_keys(connection: sa.Connection, found: Blocks, replaced: Reached | None) -> None:
    """Keep the keys of the blocks: of all there are, or in place of the ones `replaced`.

    Most come out as they were; only what differs is written. Keys of a block are written one after another,
    so that what a refresh reads of one lies together.
    """
    keys = pd.DataFrame({"key_hash": found.key_hash, "block": found.of_key})
    _write_hashes(connection, crm.match_key, keys, None if replaced is None else replaced.keys)


def write_crowds(connection: sa.Connection, seen: Crowds, block: Ints, replaced: Reached | None) -> None:
    """Keep the crowds at mail domains, as `write_keys`; `block` is that of each canonical row."""
    rows = seen.hashes()
    rows["block"] = block[rows.pop("row").to_numpy(dtype=np.int64)]
    _write_hashes(connection, crm.match_crowd, rows, None if replaced is None else replaced.crowds.rows)


def _write_hashes(
    connection: sa.Connection, table: sa.Table, rows: pd.DataFrame, there: pd.DataFrame | None
) -> None:
    """Make the table, or the rows of it that are `there`, hold these rows: a hash as key, and its block."""
    (key,) = table.primary_key.columns
    if there is None:
        connection.exec_driver_sql(f"TRUNCATE {table.fullname}")
        rows = rows.iloc[np.argsort(rows["block"].to_numpy(), kind="stable")]
    else:
        new, gone = _differences(
            pd.Index(rows[key.name]),
            pd.Index(there[key.name]),
            *((rows[name].to_numpy(), there[name].to_numpy()) for name in rows.columns.drop(key.name)),
        )
        ended = any_of(there[key.name].to_numpy()[gone].tolist(), sa.BigInteger())
        connection.execute(sa.delete(table).where(key == ended))
        rows = rows[new]
    append(connection, table, rows)


def write_blocks(connection: sa.Connection, rows: pd.DataFrame, replaced: Reached | None) -> None:
    """Keep what `rows` of crm.match_block say of the records; as `write_keys`."""
    if replaced is None:
        connection.exec_driver_sql("TRUNCATE crm.match_block")
        rows = rows.iloc[np.argsort(rows["block"].to_numpy(), kind="stable")]
    else:
        there, kept = replaced.rows, crm.match_block
        new, gone = _differences(
            pd.Index(record_keys(rows)),
            pd.Index(record_keys(there)),
            *((rows[name].to_numpy(), there[name].to_numpy()) for name in _KEPT),
        )
        mine = among(there[gone])
        same = (kept.c.source == mine.c.source) & (kept.c.source_id == mine.c.source_id)
        connection.execute(sa.delete(kept).where(same))
        rows = rows[new]
    append(connection, crm.match_block, rows)


def retied(rows: pd.DataFrame, replaced: Reached) -> Bools:
    """Which records are new, or have other ties than the kept ones say."""
    there = replaced.rows
    ties = (rows["ties"].to_numpy(), there["ties"].to_numpy())
    return _differences(pd.Index(record_keys(rows)), pd.Index(record_keys(there)), ties)[0]


def _differences(
    wanted: pd.Index[Any], there: pd.Index[Any], *values: tuple[npt.NDArray[Any], npt.NDArray[Any]]
) -> tuple[Bools, Bools]:
    """Which of the wanted keys, each once, are to be written, and which of those there to be taken away.

    Both are the case for a key that stands with another value than it should; `values` are pairs of columns,
    as wanted and as they stand.
    """
    at = there.get_indexer(wanted)
    alike = at >= 0
    known = at[alike]
    same: Bools = np.ones(len(known), dtype=bool)
    for mine, stands in values:
        same &= np.asarray(mine[alike] == stands[known], dtype=bool)
    alike[alike] = same
    gone: Bools = np.ones(len(there), dtype=bool)
    gone[at[alike]] = False
    return ~alike, gone
