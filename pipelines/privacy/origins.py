"""Proof that every value on a card comes from a live record of a declared source that really holds it.

Asks the store only, not the code that wrote the cards. Values stay in memory; what is reported are counts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from pipelines.identity.facts import FACTS, OWNERS, wanted
from pipelines.identity.normalise.emails import email_address
from pipelines.identity.normalise.phones import phones
from pipelines.identity.normalise.text import clean, folded
from pipelines.privacy.unproved import Unproved
from schemas.categories import EMAIL, EMPLOYER, ID, NAME, OPERATIONS, PHONE
from schemas.policy import Policy
from schemas.tables import crm, landing

CARDS: Mapping[str, sa.Table] = {"person": crm.person, "organization": crm.organization}
LISTS: Mapping[str, sa.Table] = {"email": crm.person_email, "phone": crm.person_phone}

# Worked out from the record's state, not copied from it.
_CONCLUSIONS = frozenset({"organization.status"})
_ADDRESSES = re.compile(r"[;,\s]+")


@dataclass(slots=True)
class Proof:
    """What could not be proved, in numbers by place (`person.email`), and the values themselves."""

    without_origin: Counter[str] = field(default_factory=Counter)
    """Values without a row in crm.field_origin."""
    undeclared_source: Counter[str] = field(default_factory=Counter)
    """Values from a source that the policy does not list."""
    no_live_record: Counter[str] = field(default_factory=Counter)
    """Values whose record is not in landing, or is gone from its source."""
    not_in_record: Counter[str] = field(default_factory=Counter)
    """Values that their record does not hold."""
    values: set[str] = field(default_factory=set, repr=False)
    """Every value counted above: personal data, for comparison by keyed hash only."""

    @property
    def violations(self) -> int:
        """How many values lack a proof."""
        kinds = (self.without_origin, self.undeclared_source, self.no_live_record, self.not_in_record)
        return sum(sum(kind.values()) for kind in kinds)


def prove_origins(connection: sa.Connection, policy: Policy, unproved: Unproved | None = None) -> Proof:
    """Check every value of crm.person, crm.organization and the lists and facts that hang on them.

    `unproved` narrows it to what is new since it was last proved. One pass over each card table per source
    entity; a value that stands in its record as it is, is compared in SQL, and only what was written
    differently comes here to be looked at.
    """
    proof = Proof()
    declared = declared_sources(policy)
    for entity, card in CARDS.items():
        _without_origin(connection, entity, card, unproved, proof)
        origins = _card_values(entity, card, unproved)
        _undeclared(connection, origins, declared, proof)
        for source in sorted(declared):
            _compare(connection, origins, source, proof)
    for name, table in LISTS.items():
        origins = _list_values(name, table, unproved)
        _undeclared(connection, origins, declared, proof)
        for source in sorted(declared):
            _compare(connection, origins, source, proof)
    for source, table in FACTS.items():
        _facts(connection, source, table, unproved, proof)
    return proof


def declared_sources(policy: Policy) -> frozenset[str]:
    """Source entities whose landing table the policy lists as the controller's own data."""
    mine = policy.tables_of_class("controller")
    return frozenset(name for name in landing.TABLES if f"{landing.SCHEMA}.{name}" in mine)


def value_columns(table: sa.Table) -> list[sa.Column[Any]]:
    """The columns of a card that hold something about a customer: neither ids nor operational facts."""
    return [column for column in table.columns if column.info["category"] not in (OPERATIONS, ID)]


@dataclass(frozen=True)
class _Values:
    """Values with their origins: a query with columns place, category, value, source, source_id."""

    rows: sa.Subquery


def _card_values(entity: str, card: sa.Table, unproved: Unproved | None) -> _Values:
    """The values of a card table that have an origin."""
    origin = crm.field_origin
    columns = {column.name: column for column in value_columns(card)}
    value = sa.case(*((origin.c.field == name, sa.cast(column, sa.Text)) for name, column in columns.items()))
    category = sa.case(
        *((origin.c.field == name, sa.literal(column.info["category"])) for name, column in columns.items())
    )
    statement = (
        sa.select(
            (sa.literal(f"{entity}.") + origin.c.field).label("place"),
            category.label("category"),
            value.label("value"),
            origin.c.source,
            origin.c.source_id,
        )
        .select_from(
            origin.join(
                card, sa.and_(origin.c.entity == entity, origin.c.entity_id == card.c[f"{entity}_id"])
            )
        )
        .where(value.is_not(None))
    )
    if unproved is not None:
        statement = statement.where(unproved.is_on_new_card(entity, origin.c.entity_id))
    return _Values(statement.subquery("held"))


def _list_values(name: str, table: sa.Table, unproved: Unproved | None) -> _Values:
    statement = sa.select(
        sa.literal(f"{table.name}.{name}").label("place"),
        sa.literal(table.c[name].info["category"]).label("category"),
        table.c[name].label("value"),
        table.c.source,
        table.c.source_id,
    )
    if unproved is not None:
        statement = statement.where(sa.or_(unproved.is_new(table), unproved.is_from_new_record(table)))
    return _Values(statement.subquery("held"))


def _without_origin(
    connection: sa.Connection, entity: str, card: sa.Table, unproved: Unproved | None, proof: Proof
) -> None:
    """Values that no row of crm.field_origin speaks for."""
    origin = crm.field_origin
    columns = value_columns(card)
    pairs = sa.values(sa.column("field", sa.Text), sa.column("value", sa.Text), name="pair").data(
        [(sa.literal(column.name), sa.cast(column, sa.Text)) for column in columns]
    )
    pair = pairs.lateral()
    has_origin = sa.exists().where(
        origin.c.entity == entity,
        origin.c.entity_id == card.c[f"{entity}_id"],
        origin.c.field == pair.c.field,
    )
    statement = (
        sa.select(pair.c.field, pair.c.value)
        .select_from(card.join(pair, sa.true()))
        .where(pair.c.value.is_not(None), ~has_origin)
    )
    if unproved is not None:
        statement = statement.where(unproved.is_on_new_card(entity, card.c[f"{entity}_id"]))
    for row in connection.execute(statement):
        proof.without_origin[f"{entity}.{row.field}"] += 1
        proof.values.add(row.value)


def _undeclared(connection: sa.Connection, origins: _Values, declared: frozenset[str], proof: Proof) -> None:
    rows = connection.execute(
        sa.select(origins.rows.c.place, origins.rows.c.value).where(
            origins.rows.c.source.not_in(sorted(declared))
        )
    )
    for row in rows:
        proof.undeclared_source[row.place] += 1
        proof.values.add(row.value)


def _compare(connection: sa.Connection, origins: _Values, source: str, proof: Proof) -> None:
    """Look for each value from one source entity in its landing row."""
    table, held = landing.TABLES[source], origins.rows
    key = next(iter(table.primary_key))
    categories = sorted({column.info["category"] for column in table.columns} - {OPERATIONS})
    candidates = sa.case(
        *(
            (held.c.category == category, _texts(table, category))
            for category in categories
            if category != ID
        ),
        else_=sa.cast(pg.array([], type_=sa.Text()), pg.ARRAY(sa.Text())),
    )
    is_live = sa.and_(key.is_not(None), table.c.deleted_at_source.is_(None))
    statement = (
        sa.select(
            held.c.place,
            held.c.category,
            held.c.value,
            is_live.label("is_live"),
            candidates.label("candidates"),
        )
        .select_from(held.outerjoin(table, sa.cast(key, sa.Text) == held.c.source_id))
        .where(
            held.c.source == source,
            sa.or_(~is_live, sa.func.coalesce(held.c.value != sa.func.all(candidates), True)),
        )
    )
    with connection.execute(statement, execution_options={"stream_results": True}) as rows:
        for row in rows:
            if not row.is_live:
                proof.no_live_record[row.place] += 1
            elif row.place in _CONCLUSIONS or _is_held(
                row.category, row.value, [text for text in row.candidates if text]
            ):
                continue
            else:
                proof.not_in_record[row.place] += 1
            proof.values.add(row.value)


def _texts(table: sa.Table, category: str) -> sa.ColumnElement[Any]:
    """All texts of a landing row that a card value of this category may come from."""
    wanted_categories = {category, EMPLOYER} if category == NAME else {category}
    single = [
        sa.cast(column, sa.Text)
        for column in table.columns
        if column.info["category"] in wanted_categories and not isinstance(column.type, sa.ARRAY)
    ]
    lists = [
        column
        for column in table.columns
        if column.info["category"] in wanted_categories and isinstance(column.type, sa.ARRAY)
    ]
    texts: sa.ColumnElement[Any] = sa.cast(pg.array(single, type_=sa.Text()), pg.ARRAY(sa.Text()))
    for column in lists:
        texts = texts.op("||")(column)
    return texts


def _facts(
    connection: sa.Connection, source: str, table: sa.Table, unproved: Unproved | None, proof: Proof
) -> None:
    """Inquiries, sign-ups, forms and invoices that differ from what their live landing row says."""
    about = None if unproved is None else _new_facts(connection, source, table, unproved)
    expected = wanted(source, about).subquery("expected")
    names = [column.name for column in table.columns]
    shown = sa.select(*(table.c[name] for name in names))
    if about is not None:
        ids = sa.literal(about, pg.ARRAY(sa.BigInteger()))
        shown = shown.where(table.primary_key.columns[0] == sa.func.any(ids))
    said = sa.select(*(expected.c[name] for name in names))
    differing = connection.scalar(sa.select(sa.func.count()).select_from(shown.except_(said).subquery()))
    if differing:
        proof.not_in_record[table.name] += differing


def _new_facts(
    connection: sa.Connection, source: str, table: sa.Table, unproved: Unproved
) -> list[int] | None:
    """Ids of facts of which something is new: the fact, its landing row, or what it hangs on; None: all."""
    if source == "helpscout_conversation" and unproved.has_new_records(connection, "helpscout_mailbox"):
        return None
    owner, column = OWNERS[source]
    landed, new, link = landing.TABLES[source], unproved.records.c, crm.source_link
    moved = sa.select(link.c.source_id).where(link.c.source == owner, unproved.is_new(link))
    return list(
        connection.scalars(
            sa.union(
                sa.select(sa.cast(new.source_id, sa.BigInteger)).where(new.source == source),
                sa.select(table.primary_key.columns[0]).where(unproved.is_new(table)),
                sa.select(landed.c.id).where(sa.cast(landed.c[column], sa.Text).in_(moved)),
            )
        )
    )


def _is_held(category: str, value: str, texts: list[str]) -> bool:
    """Whether a record's texts hold a value that is written differently on the card."""
    return _HELD.get(category, _as_words)(value, texts)


def _as_address(value: str, texts: list[str]) -> bool:
    return any(email_address(part) == value for text in texts for part in (text, *_ADDRESSES.split(text)))


def _as_number(value: str, texts: list[str]) -> bool:
    return any(number.key == value for text in texts for number in phones(text))


def _as_words(value: str, texts: list[str]) -> bool:
    """Every word of the value is a word of the record: names swapped, lines joined, mojibake put right."""
    return set(_words(value)) <= {word for text in texts for word in _words(text)}


def _words(text: str) -> Iterator[str]:
    joined = re.sub(r"(?<=\d) (?=\d)", "", clean(text))
    yield from re.findall(r"\w+", folded(joined))


_HELD: Mapping[str, Callable[[str, list[str]], bool]] = {EMAIL: _as_address, PHONE: _as_number}
