"""Which cards can come out otherwise after a change, of all that were made again with it.

Blocks are larger than what changes in them. A card is a pure function of its records, of the guards of their
keys, and, for an organisation, of the numbers that others claim. Where none of these moved, neither did the
card, and nothing of it need be compared with the store. Must not know how cards are made, but for this: where
the register names an organisation, who acts for it has no claim on its card (survivorship.py).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import sqlalchemy as sa

from pipelines.identity.features import Bools, Features, Ints, Objects
from pipelines.identity.ledger import Assignment, Entity
from pipelines.identity.previous import Linked, any_of
from pipelines.identity.records import SILENT_UNITS, record_keys
from pipelines.identity.written import written_text
from schemas.tables import crm
from schemas.tables.base import UUID


@dataclass(frozen=True, slots=True)
class Affected:
    """Ids of the cards to write, as they were and as they are, and records (source, source_id) by what of
    them may have changed; those that are gone are among them all.

    `links`: the link to the cards; `moved`: the cards themselves; `tied`: what ties the record to others.
    `bound` are ids of the persons whose affiliations may have changed.
    """

    people: frozenset[str]
    organizations: frozenset[str]
    links: pd.DataFrame
    moved: pd.DataFrame
    tied: pd.DataFrame
    bound: frozenset[str]


@dataclass(frozen=True, slots=True)
class Moves:
    """What changed about the records at hand: their names as `source:source_id`, the gone ones' as rows."""

    arrived: Collection[str]
    gone: pd.DataFrame
    guards: Collection[tuple[str, str]]
    """Guards (kind, value) that came or went."""
    retied: Bools
    """Rows of the records frame that are new, or whose ties are not as they were."""


def affected(
    connection: sa.Connection,
    records: pd.DataFrame,
    data: Features,
    people: Assignment,
    organizations: Assignment,
    known: Linked,
    moves: Moves,
) -> Affected:
    """The cards that the moves can have an effect on, given the ids as they were (`known`) and as they are.

    An organisation's number stands on one card only, and a parent is found by its number: so organisations
    that claim or refer to a number of an affected one, as it was or as it is, are affected too.
    """
    names = record_keys(records)
    arrived = np.fromiter((name in moves.arrived for name in names), dtype=bool, count=len(names))
    gone = record_keys(moves.gone)
    was, is_ = _before(known.card["person"], names), _after(people)
    moved = was != is_
    guarded = _holding(data, moves.guards)
    of_people = _ids(was, is_, arrived | moved | guarded) | _of(known.card, "person", gone)
    before, after = _before(known.card["organization"], names), _after(organizations)
    elsewhere = before != after
    registered = _registered(records, arrived | elsewhere, before, after)
    chosen = _organizations(arrived | elsewhere, (was, is_), (before, after), registered)
    chosen |= _organizations_of_gone(known, gone, registered)
    # Who acts for a registered organisation has no claim on its card, but may have brought it a former id.
    ids = organizations.events[["entity_id", "other_entity_id"]].to_numpy(dtype=object)
    chosen |= {*ids.ravel().tolist()} - {None}
    of_organizations = chosen | _with_numbers_of(connection, chosen, data, before, after)
    tied = arrived | moves.retied

    def named(rows: Bools) -> pd.DataFrame:
        return pd.concat([records.loc[rows, ["source", "source_id"]], moves.gone], ignore_index=True)

    return Affected(
        people=frozenset(of_people),
        organizations=frozenset(of_organizations),
        links=named(arrived | moved | elsewhere),
        moved=named(moved | elsewhere),
        tied=named(tied),
        bound=frozenset(_ids(was, is_, tied | moved | elsewhere) | _of(known.card, "person", gone)),
    )


def _organizations(
    rows: Bools,
    person: tuple[Objects, Objects],
    organization: tuple[Objects, Objects],
    registered: set[str],
) -> set[str]:
    """Ids of the organisations on which some records have a claim; the cards of all records as they were and
    as they are.
    """
    (was, is_), (before, after) = person, organization
    # A record that had no organisation had no claim on one, whether it carried a person or not.
    acts = _there(is_) & (_there(was) | ~_there(before))
    return _ids(before, after, rows & ~acts) | (_ids(before, after, rows & acts) - registered)


def _organizations_of_gone(known: Linked, gone: list[str], registered: set[str]) -> set[str]:
    """As `_organizations`, of records that are gone."""
    card = known.card["organization"]
    mine = [name for name in gone if name in card]
    return {card[name] for name in mine if name not in known.card["person"] or card[name] not in registered}


def _registered(records: pd.DataFrame, changed: Bools, before: Objects, after: Objects) -> set[str]:
    """Ids of organisations whose units are as they were, and are named by the register."""
    unit = (records["source"] == "brreg_unit").to_numpy()
    silent = records["unit_status"].isin(SILENT_UNITS).to_numpy()
    named = np.zeros(len(records), dtype=bool)
    named[unit] = [written_text(name) is not None for name in records["full_name"].to_numpy()[unit]]
    says = unit & ~changed & ~silent & named
    return _ids(after, after, says) - _ids(before, after, unit & ~says)


def _there(values: Objects) -> Bools:
    return np.asarray(pd.notna(values), dtype=bool)


def _before(card: Mapping[str, str], names: list[str]) -> Objects:
    return _objects([card.get(name) for name in names])


def _after(assignment: Assignment) -> Objects:
    return _objects([*assignment.ids, None])[assignment.card]


def _objects(values: list[str | None]) -> Objects:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _ids(before: Objects, after: Objects, rows: Bools) -> set[str]:
    return {*before[rows].tolist(), *after[rows].tolist()} - {None}


def _of(card: Mapping[Entity, Mapping[str, str]], entity: Entity, names: list[str]) -> set[str]:
    return {card[entity][name] for name in names if name in card[entity]}


def _holding(data: Features, guards: Collection[tuple[str, str]]) -> Bools:
    """Rows of the records frame that hold a key of the guards."""
    result: Bools = np.zeros(len(data), dtype=bool)
    for kind, held, values in (
        ("email", data.emails, [value.key for value in data.email_values]),
        ("phone", data.phones, [value.key for value in data.phone_values]),
    ):
        meant = np.fromiter(((kind, value) in guards for value in values), dtype=bool, count=len(values))
        result[data.order[held.where(meant).row]] = True
    return result


def _with_numbers_of(
    connection: sa.Connection, chosen: set[str], data: Features, before: Objects, after: Objects
) -> set[str]:
    """Organisations with a record that bears or refers to a number of the chosen ones, then or now."""
    card = crm.organization.c
    stood = sa.select(card.organization_number).where(
        card.organization_id == any_of(chosen, UUID), card.organization_number.is_not(None)
    )
    numbers = set(connection.scalars(stood))
    own, parent = _in_frame(data.order, data.number), _in_frame(data.order, data.parent_number)
    theirs = pd.Series(before).isin(chosen).to_numpy() | pd.Series(after).isin(chosen).to_numpy()
    numbers |= {*own[theirs].tolist(), *parent[theirs].tolist()} - {None}
    rows = pd.Series(own).isin(numbers).to_numpy() | pd.Series(parent).isin(numbers).to_numpy()
    return _ids(before, after, rows)


def _in_frame(order: Ints, values: Objects) -> Objects:
    """Values in canonical order as they stand in the frame."""
    result = np.empty(len(values), dtype=object)
    result[order] = values
    return result
