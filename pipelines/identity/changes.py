"""What is new since the cards were last made, and which records that can have an effect on.

Reads landing tables, decisions and the kept blocks. Must not know how records are matched.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from pipelines.identity.closure import Blocks, blocks, gathered, key_hashes
from pipelines.identity.facts import FACTS
from pipelines.identity.features import Features, features
from pipelines.identity.kept_crowds import KeptCrowds, kept_crowds, known_providers
from pipelines.identity.previous import among, any_of
from pipelines.identity.providers import as_public
from pipelines.identity.records import SOURCES, read_records, record_keys
from pipelines.store.bulk import read_frame
from schemas.tables import crm
from schemas.tables.landing import TABLES

Ints = npt.NDArray[np.int64]
Keyer = Callable[[Features], Iterable[tuple[Ints, Ints]]]
"""From records to pairs of a row of their frame and the hash of a key it holds, kind by kind."""

_STATE = "cards"
_RECORD = "record"


@dataclass(frozen=True, slots=True)
class State:
    """What the cards in the store were made from, and how many there are."""

    rules: str
    decisions: list[list[str | None]]
    totals: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Changes:
    """Ids by source: records that arrived or changed, records that are gone, facts that did either.

    `decisions` are those that came or went; `anything` says that the changes are not known one by one.
    """

    arrived: Mapping[str, list[str]]
    gone: Mapping[str, list[str]]
    facts: Mapping[str, list[int]]
    decisions: list[list[str | None]]
    anything: bool = False

    @property
    def nothing(self) -> bool:
        """Whether nothing is new."""
        parts = [*self.arrived.values(), *self.gone.values(), *self.facts.values(), self.decisions]
        return not (self.anything or any(parts))

    @property
    def about_keys(self) -> bool:
        """Whether a decision about a key came or went: that may have an effect on any record."""
        return any(row[0] == "not_identifying" for row in self.decisions)

    def records(self) -> pd.DataFrame:
        """source and source_id of the records that arrived, changed or are gone."""
        return record_frame({source: self.arrived[source] + self.gone[source] for source in SOURCES})


def record_frame(ids: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Ids by source as a frame of source and source_id."""
    rows = [(source, source_id) for source, of_source in ids.items() for source_id in of_source]
    return pd.DataFrame(rows, columns=["source", "source_id"], dtype=object)


def rules_digest(*settings: object) -> str:
    """A hash of the rules that make the cards: the code of this package, and the given settings.

    Cards made by other rules are not to be mixed with cards made by these.
    """
    return hashlib.blake2b(f"{_CODE} {settings!r}".encode(), digest_size=16).hexdigest()


def _code_digest() -> str:
    digest = hashlib.blake2b(digest_size=16)
    for folder in (resources.files("pipelines.identity"), resources.files("pipelines.identity.normalise")):
        for file in sorted(folder.iterdir(), key=lambda item: item.name):
            if file.name.endswith(".py"):
                digest.update(file.read_bytes())
    return digest.hexdigest()


# Of the code as it was loaded: a file that is edited meanwhile does not change what this process does.
_CODE = _code_digest()


def read_state(connection: sa.Connection) -> State | None:
    """The state of the cards; None when they were never made."""
    row = connection.execute(sa.select(crm.identity_state)).one_or_none()
    return None if row is None else State(row.rules, row.decisions, row.totals)


def write_state(
    connection: sa.Connection, rules: str, decisions: pd.DataFrame, totals: Mapping[str, Any]
) -> None:
    """Remember what the cards of this transaction were made from, and how many there are."""
    values = {
        "entity": _STATE,
        "rules": rules,
        "transaction_id": sa.text("pg_current_xact_id()::text::bigint"),
        "decisions": _plain(decisions),
        "totals": dict(totals),
    }
    statement = pg.insert(crm.identity_state).values(values)
    connection.execute(statement.on_conflict_do_update(index_elements=["entity"], set_=values))


def take_changes(connection: sa.Connection) -> list[tuple[str, str | None]]:
    """Source and id of the landing rows that were written or removed since the last run, each once.

    Triggers note them in the transaction that changes the row, and they are taken away in this one. So a run
    takes just those whose change it sees: what a transaction under way does is left for the next run, and
    a run that fails leaves everything. An id of None stands for any row of the source.
    """
    noted = crm.match_pending
    taken = connection.execute(sa.delete(noted).returning(noted.c.source, noted.c.source_id))
    return list(dict.fromkeys((source, source_id) for source, source_id in taken))


def forget_changes(connection: sa.Connection) -> None:
    """Take all noted changes away: everything is made anew."""
    connection.execute(sa.delete(crm.match_pending))


def find_changes(connection: sa.Connection, state: State, decisions: pd.DataFrame) -> Changes:
    """Everything that the cards of `state` have not seen, taken away from what is noted."""
    noted: dict[str, list[str]] = {source: [] for source in TABLES}
    anything = False
    for source, source_id in take_changes(connection):
        if source_id is None:
            anything = True
        else:
            noted[source].append(source_id)
    arrived: dict[str, list[str]] = {}
    gone: dict[str, list[str]] = {}
    for source in SOURCES:
        arrived[source] = _live(connection, source, noted[source])
        known = _known(connection, source, sorted(set(noted[source]).difference(arrived[source])))
        gone[source] = sorted(known)
    facts = {source: list(map(int, noted[source])) for source in FACTS}
    facts["helpscout_conversation"] += _in_mailboxes(connection, noted["helpscout_mailbox"])
    before, after = ({tuple(row) for row in rows} for rows in (state.decisions, _plain(decisions)))
    return Changes(arrived, gone, facts, sorted(map(list, before ^ after), key=repr), anything)


@dataclass(frozen=True, slots=True)
class Reached:
    """Whole blocks that a change can have an effect on, as they are kept.

    `live`: ids by source of the live records in them, those that arrived included; `rows` (of
    crm.match_block), `keys` (key_hash, block) and `crowds`: what is kept of them.
    """

    live: Mapping[str, Sequence[str]]
    rows: pd.DataFrame
    keys: pd.DataFrame
    crowds: KeptCrowds

    def names(self) -> Ints:
        """Names of the blocks, the one with the most keys first: kept, they save writing its keys anew."""
        names, sizes = np.unique(self.keys["block"].to_numpy(), return_counts=True)
        return names[np.argsort(-sizes, kind="stable")]


def reached(connection: sa.Connection, changes: Changes, decisions: pd.DataFrame, keyer: Keyer) -> Reached:
    """The blocks that a change can have an effect on: those of the changed records, and those their keys
    lead to.
    """
    arrived = read_records(connection, changes.arrived)
    providers = known_providers(connection)
    _, hashes = block_keys(arrived, as_public(features(arrived), providers), decisions, keyer)
    named = [name for row in changes.decisions for name in _names(row)]
    hashes = np.union1d(hashes, key_hashes(_RECORD, named))
    kept, key, changed = crm.match_block, crm.match_key.c, among(changes.records())
    same = (kept.c.source == changed.c.source) & (kept.c.source_id == changed.c.source_id)
    old = list(connection.scalars(sa.select(kept.c.block).join(changed, same).distinct()))
    keys = _key_rows(connection, key.block == any_of(old, sa.BigInteger()))
    # Most keys of a record that changed are those it had: only the others may lead to further blocks.
    further = np.setdiff1d(hashes, keys["key_hash"].to_numpy()).tolist()
    led = sa.select(key.block).where(key.key_hash == any_of(further, sa.BigInteger())).distinct()
    new = list(connection.scalars(led))
    keys = pd.concat([keys, _key_rows(connection, key.block == any_of(new, sa.BigInteger()))])
    rows = _block_rows(connection, kept.c.block == any_of([*old, *new], sa.BigInteger()))
    live = {source: dict.fromkeys(changes.arrived[source]) for source in SOURCES}
    for source, source_id in zip(rows["source"].tolist(), rows["source_id"].tolist(), strict=True):
        live[source][source_id] = None
    for source, ids in changes.gone.items():
        for source_id in ids:
            live[source].pop(source_id, None)
    crowds = kept_crowds(connection, providers, [*old, *new])
    return Reached({source: list(ids) for source, ids in live.items()}, rows, keys, crowds)


def _block_rows(connection: sa.Connection, where: sa.ColumnElement[bool]) -> pd.DataFrame:
    """Rows of crm.match_block, ids as texts: to read them into objects takes longer than all else here."""
    columns = [
        sa.cast(column, sa.Text()).label(column.name) if isinstance(column.type, sa.Uuid) else column
        for column in crm.match_block.columns
    ]
    rows = read_frame(connection, sa.select(*columns).where(where))
    return rows.astype({"block": np.int64, "ties": np.int64})


def _key_rows(connection: sa.Connection, where: sa.ColumnElement[bool]) -> pd.DataFrame:
    """Rows of crm.match_key as integers: one long value, as some hundred thousand rows take their time."""
    key = crm.match_key.c
    both = sa.func.int8send(key.key_hash).op("||")(sa.func.int8send(key.block))
    packed = connection.scalar(sa.select(sa.func.string_agg(both, sa.literal(b""))).where(where)) or b""
    columns = np.frombuffer(packed, dtype=">i8").astype(np.int64).reshape(-1, 2)
    return pd.DataFrame(columns, columns=["key_hash", "block"])


def block_keys(
    records: pd.DataFrame, data: Features, decisions: pd.DataFrame, keyer: Keyer
) -> tuple[Ints, Ints]:
    """Pairs (row, key hash) by which records meet: those of the matching, their own, and decided pairs.

    Records that a chain of decisions connects hold each other's own keys, whether these are there or not.
    """
    names = record_keys(records)
    groups = _groups(decisions)
    wanted = {name for group in groups for name in group}
    position = {name: row for row, name in enumerate(names) if name in wanted}
    decided = [
        (position[name], other) for group in groups for name in group if name in position for other in group
    ]
    return gathered(
        [
            (np.arange(len(records)), key_hashes(_RECORD, names)),
            (
                np.array([row for row, _ in decided], dtype=np.int64),
                key_hashes(_RECORD, [other for _, other in decided]),
            ),
            *keyer(data),
        ]
    )


def blocks_of(
    records: pd.DataFrame, data: Features, decisions: pd.DataFrame, keyer: Keyer, replaced: Reached | None
) -> Blocks:
    """The blocks that the records fall into, named as the ones they replace where a block lives on."""
    held = block_keys(records, data, decisions, keyer)
    return blocks(len(records), *held) if replaced is None else blocks(len(records), *held, replaced.names())


def guards_of(connection: sa.Connection, replaced: Reached) -> pd.DataFrame:
    """The guards (key_kind, key_value) whose key belongs to one of the blocks, and the providers' domains."""
    guards = read_frame(connection, sa.select(crm.identity_guard.c.key_kind, crm.identity_guard.c.key_value))
    hashes = np.zeros(len(guards), dtype=np.int64)
    for kind in guards["key_kind"].unique():
        of_kind = (guards["key_kind"] == kind).to_numpy()
        hashes[of_kind] = key_hashes(kind, guards["key_value"][of_kind].tolist())
    mine = np.isin(hashes, replaced.keys["key_hash"].to_numpy())
    mine |= (
        (guards["key_kind"] == "domain") & guards["key_value"].isin(replaced.crowds.providers)
    ).to_numpy()
    return guards[mine].reset_index(drop=True)


def _live(connection: sa.Connection, source: str, ids: list[str]) -> list[str]:
    """Those of some ids that landing holds a live record of."""
    table = TABLES[source]
    key = next(iter(table.primary_key))
    wanted = sa.func.unnest(sa.literal(ids, pg.ARRAY(sa.Text()))).column_valued("wanted")
    return list(
        connection.scalars(
            sa.select(sa.cast(key, sa.Text())).where(
                key.in_(sa.select(sa.cast(wanted, key.type))), table.c.deleted_at_source.is_(None)
            )
        )
    )


def _known(connection: sa.Connection, source: str, ids: list[str]) -> set[str]:
    """Those of some ids that have a block."""
    kept = crm.match_block.c
    return set(
        connection.scalars(
            sa.select(kept.source_id).where(kept.source == source, kept.source_id == any_of(ids, sa.Text()))
        )
    )


def _in_mailboxes(connection: sa.Connection, mailboxes: list[str]) -> list[int]:
    """Ids of the conversations of some mailboxes, which show their names."""
    if not mailboxes:
        return []
    table = TABLES["helpscout_conversation"]
    wanted = any_of(list(map(int, mailboxes)), sa.BigInteger())
    return list(connection.scalars(sa.select(table.c.id).where(table.c.mailbox_id == wanted)))


def _groups(decisions: pd.DataFrame) -> list[list[str]]:
    """Names of the records that decisions connect, directly or through others."""
    group_of: dict[str, list[str]] = {}
    for row in _plain(decisions):
        groups = [group_of.setdefault(name, [name]) for name in _names(row)]
        for group in groups[1:]:
            if group is not groups[0]:
                groups[0].extend(group)
                group_of.update(dict.fromkeys(group, groups[0]))
    return list({id(group): group for group in group_of.values()}.values())


def _names(row: Sequence[str | None]) -> list[str]:
    """The two records of a decision, none for one about a key."""
    _, left, left_id, right, right_id, *_ = row
    return [f"{left}:{left_id}", f"{right}:{right_id}"] if left and right else []


def _plain(decisions: pd.DataFrame) -> list[list[str | None]]:
    """Decisions as JSON can hold them: decision, the two records or the key."""
    columns = [
        "decision",
        "left_source",
        "left_source_id",
        "right_source",
        "right_source_id",
        "key_kind",
        "key_value",
    ]
    return sorted(decisions[columns].astype(object).to_numpy().tolist(), key=json.dumps)
