"""The one writer of the cards: everything in one transaction, only what changed, nothing that contradicts.

Write, audit, publish: the rows are written, the invariants asserted on them in SQL, and only then may the
caller commit. Must not know how cards come about.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from pipelines.identity import facts, invariants
from pipelines.identity.golden import Cards
from pipelines.identity.ledger import Assignment, Entity, Previous
from pipelines.identity.match import Matching
from pipelines.identity.records import canonical_order
from pipelines.store.bulk import Written, append, replace, replace_from
from schemas.tables import crm

# Enough for the hash joins of a million rows, and little enough for a small server.
_WORK_MEMORY = "128MB"


@dataclass(frozen=True, slots=True)
class Limits:
    """When a run looks like an accident: more cards lost at once than this, and nothing is published.

    `share` of the cards there were, counted only from `cards` lost cards on.
    """

    share: float = 0.05
    cards: int = 500


class PublishRefused(RuntimeError):
    """The run would change more cards than a night can explain; nothing was written."""


@dataclass(frozen=True, slots=True)
class Published:
    """What a publish changed: rows by table, and cards by event."""

    written: Mapping[str, Written]
    created: int
    merged: int
    split: int
    erased: int
    people: int
    organizations: int

    @property
    def changed(self) -> int:
        """Rows inserted, updated or deleted in all tables together; 0 when nothing changed."""
        return sum(written.changed for written in self.written.values())


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ids of both kinds of card, as `ledger.assign` gave them."""

    people: Assignment
    organizations: Assignment
    rules: Mapping[str, str] = field(default_factory=dict)
    """For an id that was merged away, the rule behind the link that did it."""

    @property
    def both(self) -> tuple[Assignment, Assignment]:
        return self.people, self.organizations


def take_turn(connection: sa.Connection) -> None:
    """Make this transaction the only one that writes cards, until it ends.

    To be called before the first query: a lock on a table takes no snapshot, so what is read afterwards is
    what the last writer left. Readers are not held up.
    """
    connection.exec_driver_sql("LOCK TABLE crm.source_link IN SHARE ROW EXCLUSIVE MODE")
    connection.exec_driver_sql(f"SET LOCAL work_mem = '{_WORK_MEMORY}'")
    connection.exec_driver_sql("SET LOCAL jit = off")


def read_previous(connection: sa.Connection, keys: Sequence[str], entity: Entity) -> Previous:
    """What the store says of the ids of one entity; `keys` are the record keys at hand."""
    card, alias = invariants.CARDS[entity], crm.identity_alias.c
    card_id, link = card.c[f"{entity}_id"], crm.source_link.c
    cards = list(connection.scalars(sa.select(card_id).order_by(card.c.created_at, card_id)))
    position = {name: at for at, name in enumerate(cards)}
    linked = link[f"{entity}_id"]
    links = connection.execute(
        sa.select(link.source + ":" + link.source_id, linked).where(linked.is_not(None)),
        execution_options={"yield_per": 50_000},
    )
    known = {record: position[name] for record, name in links}
    before = np.fromiter((known.get(key, -1) for key in keys), dtype=np.int64, count=len(keys))
    aliases = connection.execute(sa.select(alias.alias_id, alias.current_id).where(alias.entity == entity))
    return Previous(before=before, cards=cards, aliases=dict(map(tuple, aliases)))


def ever_used(connection: sa.Connection, entity: Entity, ids: Collection[str]) -> set[str]:
    """Those of some ids that were ever given to a card, by the events on record."""
    if not ids:
        return set()
    event = crm.identity_event.c
    wanted = sa.func.any(sa.literal(list(ids), pg.ARRAY(sa.Uuid(as_uuid=False))))
    as_card = sa.select(event.entity_id).where(event.entity == entity, event.entity_id == wanted)
    as_other = sa.select(event.other_entity_id).where(event.entity == entity, event.other_entity_id == wanted)
    return set(connection.scalars(as_card.union(as_other)))


def merge_rules(matching: Matching, entity: Entity, previous: Previous) -> dict[str, str]:
    """For each id that was met by a link to another one, the rule of the first such link."""
    links = matching.links[matching.links["entity"] == entity]
    left, right = (previous.before[links[side].to_numpy(dtype=np.int64)] for side in ("left", "right"))
    between = left != right
    rules: dict[str, str] = {}
    for one, other, rule in zip(
        left[between].tolist(), right[between].tolist(), links["rule"].to_numpy()[between], strict=True
    ):
        for card in (one, other):
            if card >= 0:
                rules.setdefault(previous.cards[card], str(rule))
    return rules


def publish(
    connection: sa.Connection,
    records: pd.DataFrame,
    matching: Matching,
    cards: Cards,
    ledger: Ledger,
    *,
    run_id: str,
    limits: Limits | None = None,
) -> Published:
    """Make the crm schema equal to the cards, in the caller's transaction (`take_turn` comes first).

    Raises PublishRefused when `limits` are passed, InvariantError when the outcome would contradict the
    records; the caller's transaction is to be rolled back then.
    """
    if limits is not None:
        _refuse_an_accident(connection, ledger, limits)
    written = {
        "person": replace(connection, crm.person, cards.person, touch="updated_at"),
        "organization": replace(connection, crm.organization, cards.organization, touch="updated_at"),
        "person_email": replace(connection, crm.person_email, cards.person_email),
        "person_phone": replace(connection, crm.person_phone, cards.person_phone),
        "affiliation": replace(connection, crm.affiliation, cards.affiliation),
        "source_link": replace(connection, crm.source_link, cards.source_link),
        "field_origin": replace(connection, crm.field_origin, cards.field_origin),
        "match_link": replace(connection, crm.match_link, link_rows(records, matching.links)),
        "match_review": replace(connection, crm.match_review, review_rows(records, matching.reviews)),
        "identity_guard": replace(connection, crm.identity_guard, guard_rows(matching.guards)),
        "identity_alias": replace(connection, crm.identity_alias, alias_rows(ledger)),
    }
    for source, table in facts.FACTS.items():
        written[table.name] = replace_from(connection, table, facts.wanted(source))
    written["identity_event"] = append(connection, crm.identity_event, event_rows(ledger, run_id))
    invariants.check(connection)
    return _published(written, ledger)


def link_rows(records: pd.DataFrame, links: pd.DataFrame) -> pd.DataFrame:
    """crm.match_link: the two records of a pair in their own order, each pair once."""
    return _pairs(records, links, ["rule", "score", "explanation"])


def review_rows(records: pd.DataFrame, reviews: pd.DataFrame) -> pd.DataFrame:
    """crm.match_review, as `link_rows`."""
    return _pairs(records, reviews, ["score", "reason"])


def guard_rows(guards: pd.DataFrame) -> pd.DataFrame:
    """crm.identity_guard: each key once, with the first reason given."""
    rows = guards.drop_duplicates(["key_kind", "key_value"], ignore_index=True)
    # A count that is unknown turns the column into floats, which no bigint takes.
    return rows.astype({"people": "Int64", "organizations": "Int64"})


def alias_rows(ledger: Ledger) -> pd.DataFrame:
    """crm.identity_alias of both kinds of card."""
    rows = [
        (assignment.entity, alias, current)
        for assignment in ledger.both
        for alias, current in sorted(assignment.aliases.items())
    ]
    return pd.DataFrame(rows, columns=["entity", "alias_id", "current_id"], dtype=object)


def event_rows(ledger: Ledger, run_id: str) -> pd.DataFrame:
    """New rows of crm.identity_event, in the order in which they are to be read."""
    events = pd.concat([assignment.events for assignment in ledger.both], ignore_index=True)
    events["rule"] = [
        ledger.rules.get(other) if event == "MERGED" else None
        for event, other in zip(events["event"], events["other_entity_id"], strict=True)
    ]
    events["run_id"] = pd.Series([run_id] * len(events), dtype=object)
    return events


def _pairs(records: pd.DataFrame, pairs: pd.DataFrame, values: list[str]) -> pd.DataFrame:
    left, right = (pairs[side].to_numpy(dtype=np.int64) for side in ("left", "right"))
    order = canonical_order(records)
    swapped = order[left] > order[right]
    left, right = np.where(swapped, right, left), np.where(swapped, left, right)
    source, source_id = (records[name].to_numpy(dtype=object) for name in ("source", "source_id"))
    frame = pd.DataFrame(
        {
            "entity": pairs["entity"].to_numpy(dtype=object),
            "left_source": source[left],
            "left_source_id": source_id[left],
            "right_source": source[right],
            "right_source_id": source_id[right],
            **{name: pairs[name].to_numpy() for name in values},
        }
    )
    by_key = np.lexsort((order[right], order[left], pd.factorize(frame["entity"], sort=True)[0]))
    return frame.iloc[by_key].drop_duplicates(
        list(crm.match_link.primary_key.columns.keys()), ignore_index=True
    )


def _refuse_an_accident(connection: sa.Connection, ledger: Ledger, limits: Limits) -> None:
    for assignment in ledger.both:
        before = connection.scalar(
            sa.select(sa.func.count()).select_from(invariants.CARDS[assignment.entity])
        )
        lost = assignment.count("MERGED")
        if lost >= limits.cards and lost > limits.share * (before or 0):
            raise PublishRefused(
                f"identity: {lost} of {before} {assignment.entity} cards would be merged into others in one "
                f"run, more than {limits.share:.0%}. Nothing was written. Look at what changed (new guards, "
                "new sources, crm.match_decision); run the rebuild without limits when it is meant."
            )


def _published(written: Mapping[str, Written], ledger: Ledger) -> Published:
    def events(kind: str) -> int:
        return sum(assignment.count(kind) for assignment in ledger.both)

    return Published(
        written=written,
        created=events("CREATED"),
        merged=events("MERGED"),
        split=events("SPLIT"),
        erased=events("ERASED"),
        people=len(ledger.people.ids),
        organizations=len(ledger.organizations.ids),
    )
