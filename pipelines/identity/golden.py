"""Golden records: the cards that follow from records, clusters and ids, with an origin for each value.

A pure function on frames. Which claim wins is data (survivorship.py); what a value looks like on a card is
`written.py` and the key functions. Must not know the database.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pipelines.identity.ledger import Assignment
from pipelines.identity.normalise.addresses import postal_code
from pipelines.identity.normalise.emails import Email, email
from pipelines.identity.normalise.organizations import organization_number
from pipelines.identity.normalise.phones import Phone, phones
from pipelines.identity.records import SILENT_UNITS
from pipelines.identity.survivorship import (
    SURVIVORSHIP,
    Claims,
    Ints,
    Objects,
    claims,
    newest_first,
    objects,
    present,
    ranked,
    together,
    winners,
)
from pipelines.identity.written import written_country, written_name, written_text

if TYPE_CHECKING:
    from pipelines.identity.match import Matching

SOLE_PROPRIETOR = "ENK"

_ORIGIN_COLUMNS = ("entity", "entity_id", "field", "source", "source_id", "rule", "source_changed_at")
# A register row that says more about the unit's present comes first, where a card holds several.
_UNIT_STATES = ("active", "bankrupt", "liquidation", "deleted", *SILENT_UNITS)
_REGISTER_FACTS = ("organization_form", "vat_registered", "industry_code", "industry", "employees")


@dataclass(frozen=True, slots=True)
class Cards:
    """Everything on the cards: one frame per table of the crm schema, rows in key order."""

    person: pd.DataFrame
    organization: pd.DataFrame
    person_email: pd.DataFrame
    person_phone: pd.DataFrame
    affiliation: pd.DataFrame
    source_link: pd.DataFrame
    field_origin: pd.DataFrame


def golden(
    records: pd.DataFrame,
    matching: Matching,
    people: Assignment,
    organizations: Assignment,
    *,
    own_domains: Collection[str] = (),
    survivorship: Mapping[str, tuple[str, ...]] = SURVIVORSHIP,
) -> Cards:
    """The cards of all clusters.

    `own_domains` are the mail domains of the company itself: whoever has an address there is internal.
    """
    sources = _Sources(records, matching, people, organizations, survivorship)
    origins = _Origins(sources)
    person, person_email, person_phone = _people(sources, origins, own_domains)
    organization = _organizations(sources, origins)
    return Cards(
        person=person,
        organization=organization,
        person_email=person_email,
        person_phone=person_phone,
        affiliation=_affiliations(sources),
        source_link=_links(sources),
        field_origin=origins.frame(),
    )


class _Sources:
    """The records and what the matching says of them, as arrays."""

    def __init__(
        self,
        records: pd.DataFrame,
        matching: Matching,
        people: Assignment,
        organizations: Assignment,
        survivorship: Mapping[str, tuple[str, ...]],
    ) -> None:
        self.records = records
        self.size = len(records)
        self.people, self.organizations = people, organizations
        self.person, self.organization = people.card, organizations.card
        self.source: Objects = self.column("source")
        self.newest = newest_first(records)
        self.rule = np.asarray(matching.organization_rule, dtype=object)
        self.guarded = frozenset(zip(matching.guards["key_kind"], matching.guards["key_value"], strict=True))
        self.survivorship = survivorship

    def column(self, name: str) -> Objects:
        return self.records[name].to_numpy(dtype=object)

    def rows_of(self, *sources: str) -> Ints:
        return np.flatnonzero(np.isin(self.source.astype(str), sources)) if self.size else _NONE

    def ranked(self, field: str, parts: list[Claims]) -> Claims:
        return ranked(together(parts), self.newest, self.survivorship[field])

    def winners(self, field: str, parts: list[Claims]) -> Claims:
        return winners(self.ranked(field, parts))


_NONE = np.zeros(0, dtype=np.int64)


class _Origins:
    """Collects, field by field, which record each value on a card came from."""

    def __init__(self, sources: _Sources) -> None:
        self._sources = sources
        self._parts: list[tuple[str, str, Claims]] = []

    def add(self, entity: str, field: str, won: Claims) -> None:
        self._parts.append((entity, field, won))

    def frame(self) -> pd.DataFrame:
        """crm.field_origin, by its key."""
        records = self._sources.records
        parts = [
            self._entity(entity, assignment)
            for entity, assignment in (
                ("organization", self._sources.organizations),
                ("person", self._sources.people),
            )
        ]
        row, kind, entity_id, entity, field = (
            np.concatenate([part[at] for part in parts]) for at in range(5)
        )
        return pd.DataFrame(
            {
                "entity": entity,
                "entity_id": entity_id,
                "field": field,
                "source": self._sources.source[row],
                "source_id": self._sources.column("source_id")[row],
                "rule": kind,
                "source_changed_at": pd.to_datetime(records["changed_at"], utc=True)
                .astype("datetime64[us, UTC]")
                .array[row],
            },
            columns=list(_ORIGIN_COLUMNS),
        )

    def _entity(self, entity: str, assignment: Assignment) -> tuple[Ints, Objects, Objects, Objects, Objects]:
        parts = sorted((field, won) for of, field, won in self._parts if of == entity and len(won))
        if not parts:
            nothing = np.zeros(0, dtype=object)
            return _NONE, nothing, nothing, nothing, nothing
        sizes = [len(won) for _, won in parts]
        card = np.concatenate([won.card for _, won in parts])
        in_order = np.argsort(card, kind="stable")  # the fields are in order within each card already
        fields = np.repeat(np.array([field for field, _ in parts], dtype=object), sizes)[in_order]
        return (
            np.concatenate([won.row for _, won in parts])[in_order],
            np.concatenate([won.kind for _, won in parts])[in_order],
            objects(assignment.ids)[card[in_order]],
            np.full(len(card), entity, dtype=object),
            fields,
        )


def _people(
    sources: _Sources, origins: _Origins, own_domains: Collection[str]
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    table = _Table(sources.people)
    rows = np.flatnonzero(sources.person >= 0)

    names = _mapped_rows(
        written_name, *(sources.column(name)[rows] for name in ("first_name", "last_name", "full_name"))
    )
    kinds = objects([name.kind for name in names])
    numbered = np.arange(len(rows)).astype(object)
    numbered[~present(kinds)] = None
    best = sources.winners("person.name", [claims(rows, sources.person[rows], kinds, numbered)])
    chosen = [names[at] for at in best.value.tolist()]
    for column, part in (("first_name", "first"), ("last_name", "last"), ("full_name", "full")):
        values = objects([getattr(name, part) for name in chosen])
        won = Claims(best.row, best.card, best.kind, values, best.position)
        won = won.where(present(values))
        origins.add("person", column, won)
        table.set(column, won)

    emails, addresses = _email_claims(sources, rows, sources.person)
    in_order = sources.ranked("person.email", [emails])
    primary = winners(in_order)
    origins.add("person", "email", primary)
    table.set("email", primary)
    person_email = _values(sources, "email", _all_ranked(sources, emails), primary)
    person_email["is_role_address"] = [addresses[text].is_role for text in person_email["email"]]

    numbers = _phone_claims(sources, rows, sources.person)
    first = sources.winners("person.phone", [numbers])
    origins.add("person", "phone", first)
    table.set("phone", first)
    person_phone = _values(sources, "phone", _all_ranked(sources, numbers), first)

    internal = {text for text, parsed in addresses.items() if _is_own(parsed.address, own_domains)}
    held = (
        emails.where(np.isin(emails.value.astype(str), list(internal))) if internal else emails.where(_NONE)
    )
    table.flag("is_internal", held.card)
    return table.frame("person_id"), person_email, person_phone


def _is_own(address: str, own_domains: Collection[str]) -> bool:
    host = address.rpartition("@")[2]
    return any(host == domain or host.endswith(f".{domain}") for domain in own_domains)


def _email_claims(sources: _Sources, rows: Ints, card: Ints) -> tuple[Claims, dict[str, Email]]:
    """Every valid address of the rows, with the parsed form of each by address."""
    at, raw, position = _exploded(sources.column("emails"), rows)
    parsed = _mapped_values(email, raw)
    kinds = {item: _email_kind(item, sources.guarded) for item in set(parsed) if item is not None}
    kind = objects([kinds.get(item) for item in parsed])
    value = objects([item and item.address for item in parsed])
    return claims(at, card[at], kind, value, position), {item.address: item for item in kinds}


def _email_kind(parsed: Email, guarded: Collection[tuple[str, str]]) -> str:
    if parsed.is_placeholder:
        return "placeholder"
    if parsed.is_role:
        return "role_address"
    if ("email", parsed.key) in guarded:
        return "shared_address"
    return "mistyped_address" if parsed.typo_of else "own_address"


def _phone_claims(sources: _Sources, rows: Ints, card: Ints) -> Claims:
    """Every number of the rows; a field may hold several."""
    at, raw, position = _exploded(sources.column("phones"), rows)
    found = _mapped_values(phones, raw)
    sizes = np.fromiter(map(len, found), dtype=np.int64, count=len(found))
    at, position = np.repeat(at, sizes), np.repeat(position, sizes)
    numbers = list(chain.from_iterable(found))
    reached = {item: _reaches(item, sources.guarded) for item in set(numbers)}
    kind = objects(
        [
            reached[item] or _PHONE_KINDS.get(source, "support_contact")
            for item, source in zip(numbers, sources.source[at].tolist(), strict=True)
        ]
    )
    value = objects([item.key for item in numbers])
    return claims(at, card[at], kind, value, position)


_PHONE_KINDS = {
    "order_form": "own_sign_up",
    "course_signup": "own_sign_up",
    "tripletex_customer": "billing_contact",
    "tripletex_contact": "billing_contact",
}


def _reaches(number: Phone, guarded: Collection[tuple[str, str]]) -> str | None:
    """What keeps a number from being a person's own; None for nothing."""
    if ("phone", number.key) in guarded:
        return "shared_number"
    return None if number.is_valid and number.identifies else "other_number"


def _all_ranked(sources: _Sources, found: Claims) -> Claims:
    """All values a card has, the newest claim on each first, whatever its kind."""
    everything = Claims(
        found.row, found.card, np.full(len(found), "any", dtype=object), found.value, found.position
    )
    return ranked(everything, sources.newest, ("any",))


def _values(sources: _Sources, column: str, in_order: Claims, primary: Claims) -> pd.DataFrame:
    """crm.person_email or crm.person_phone: each value of a card once, with its newest record."""
    code, texts = pd.factorize(in_order.value, sort=True)
    pair = in_order.card * max(len(texts), 1) + code
    pairs, first = np.unique(pair, return_index=True)
    kept = in_order.where(first)
    main = pd.Index(texts).get_indexer(pd.Index(primary.value)) + primary.card * max(len(texts), 1)
    return pd.DataFrame(
        {
            "person_id": objects(sources.people.ids)[kept.card],
            column: kept.value,
            "is_primary": np.isin(pairs, main),
            "source": sources.source[kept.row],
            "source_id": sources.column("source_id")[kept.row],
        }
    )


def _organizations(sources: _Sources, origins: _Origins) -> pd.DataFrame:
    table = _Table(sources.organizations)
    card = sources.organization

    def won(field: str, best: Claims) -> None:
        origins.add("organization", field, best)
        table.set(field, best)

    units = _units(sources)
    speaking = units.where(~np.isin(units.kind.astype(str), SILENT_UNITS))
    customers = sources.rows_of("tripletex_customer")
    customers = customers[(sources.person[customers] < 0) & (card[customers] >= 0)]
    inactive = np.equal(sources.column("is_inactive")[customers], True)
    billing = np.where(inactive, "former_billing_customer", "billing_customer").astype(object)
    # What is left are persons who act for the organisation, and mailboxes of it that no person stands behind.
    contacts = np.setdiff1d(
        np.flatnonzero(card >= 0), np.concatenate([sources.rows_of("brreg_unit"), customers])
    )
    mailboxes = contacts[sources.person[contacts] < 0]

    def registered(column: str, function: Callable[[Any], Any] = written_text) -> Claims:
        rows = speaking.row
        return claims(rows, speaking.card, "register", _mapped(function, sources.column(column)[rows]))

    def billed(column: str, function: Callable[[Any], Any] = written_text) -> Claims:
        return claims(
            customers, card[customers], billing, _mapped(function, sources.column(column)[customers])
        )

    def written(column: str, function: Callable[[Any], Any] = written_text) -> Claims:
        values = _mapped(function, sources.column(column)[contacts])
        return claims(contacts, card[contacts], "written_by_contact", values)

    named = sources.winners(
        "organization.name", [registered("full_name"), billed("full_name"), written("company_name")]
    )
    won("name", named)
    silent = units.where(np.isin(units.kind.astype(str), SILENT_UNITS))
    looked_up = claims(
        silent.row, silent.card, "looked_up", sources.column("organization_number")[silent.row]
    )
    numbered = sources.winners(
        "organization.organization_number",
        [
            registered("organization_number"),
            billed("organization_number", organization_number),
            written("organization_number", organization_number),
            looked_up,
        ],
    )
    numbered = _one_card_each(sources, numbered)
    won("organization_number", numbered)
    for field in _REGISTER_FACTS:
        keep = written_text if field in ("organization_form", "industry_code", "industry") else _as_is
        won(field, registered(field, keep))
    won("parent_organization_number", registered("parent_number", organization_number))
    won("website", sources.winners("organization.website", [registered("website"), billed("website")]))

    for field, best in _address(sources, speaking, customers, billing):
        won(field, best)

    mail_rows, mail_kinds = (
        np.concatenate([customers, mailboxes]),
        np.concatenate([billing, np.full(len(mailboxes), "role_mailbox", dtype=object)]),
    )
    mails = np.concatenate(
        [sources.column("general_email")[customers], _firsts(sources.column("emails")[mailboxes])]
    )
    won(
        "email",
        sources.winners(
            "organization.email",
            [claims(mail_rows, card[mail_rows], mail_kinds, _mapped(_address_of, mails))],
        ),
    )
    won(
        "invoice_email",
        sources.winners("organization.invoice_email", [billed("invoice_email", _first_address)]),
    )
    lines = _exploded_claims(sources, mail_rows, mail_kinds, "phones", _number_of)
    won("phone", sources.winners("organization.phone", [lines]))

    won("status", _status(sources, units))
    personal = np.isin(table.column("organization_form").astype(str), [SOLE_PROPRIETOR])
    # Why a unit was taken out of the register is not told; it may be a person's, so it is held as one.
    personal[silent.card[silent.kind == "removed"]] = True
    table.put("is_personal", personal)
    ids = dict(zip(numbered.value, objects(sources.organizations.ids)[numbered.card], strict=True))
    parents = [ids.get(number) for number in table.column("parent_organization_number")]
    table.put("parent_organization_id", objects(parents))
    return table.frame("organization_id")


def _units(sources: _Sources) -> Claims:
    """The register row of each organisation; `kind` is what the register says of the unit."""
    rows = sources.rows_of("brreg_unit")
    state = sources.column("unit_status")[rows]
    found = claims(rows, sources.organization[rows], state, np.full(len(rows), True, dtype=object))
    return winners(ranked(found, sources.newest, _UNIT_STATES))


def _status(sources: _Sources, units: Claims) -> Claims:
    """What the register says of each organisation; `unverified` where it says nothing."""
    subunit = np.equal(sources.column("is_subunit")[units.row], True)
    status = np.where(subunit & (units.kind == "active"), "subunit", units.kind).astype(object)
    unknown = units.kind == "unknown"
    status[unknown] = "unverified"
    rule = np.where(unknown, "not_in_register", "register").astype(object)
    told = Claims(units.row, units.card, rule, status, units.position)
    rest = np.flatnonzero((sources.organization >= 0) & ~np.isin(sources.organization, units.card))
    unverified = claims(
        rest, sources.organization[rest], "not_in_register", np.full(len(rest), "unverified", dtype=object)
    )
    return together([told, winners(ranked(unverified, sources.newest, ("not_in_register",)))])


def _one_card_each(sources: _Sources, numbered: Claims) -> Claims:
    """A number stands on one card: on the register's, else the ledger's, else the first card that has it."""
    code, _ = pd.factorize(numbered.value)
    kinds = sources.survivorship["organization.organization_number"]
    tier = pd.Index(kinds).get_indexer(pd.Index(numbered.kind))
    by_claim = np.lexsort((numbered.card, tier, code))
    is_first = np.ones(len(by_claim), dtype=bool)
    is_first[1:] = code[by_claim][1:] != code[by_claim][:-1]
    return numbered.where(np.sort(by_claim[is_first]))


def _address(
    sources: _Sources, speaking: Claims, customers: Ints, billing: Objects
) -> list[tuple[str, Claims]]:
    """Street, postal code, town and country of one and the same record."""
    rows = np.concatenate([speaking.row, customers])
    kind = np.concatenate([np.full(len(speaking), "register", dtype=object), billing])
    parts = {
        "address": _mapped(written_text, sources.column("address")[rows]),
        "postal_code": _mapped(_postal_code, sources.column("postal_code")[rows]),
        "city": _mapped(written_text, sources.column("city")[rows]),
        "country": _mapped(written_country, sources.column("country")[rows]),
    }
    # A country alone is where a form had its default, not a place to send anything to.
    has_place = np.any([present(parts[name]) for name in ("address", "postal_code", "city")], axis=0)
    numbered = np.arange(len(rows)).astype(object)
    numbered[~has_place] = None
    best = sources.winners("organization.address", [claims(rows, sources.organization[rows], kind, numbered)])
    at = best.value.astype(np.int64)
    return [
        (
            field,
            Claims(best.row, best.card, best.kind, values[at], best.position).where(present(values[at])),
        )
        for field, values in parts.items()
    ]


def _affiliations(sources: _Sources) -> pd.DataFrame:
    """crm.affiliation: each pair of person and organisation once, with the record that shows it best."""
    rows = np.flatnonzero((sources.person >= 0) & (sources.organization >= 0))
    organizations = max(len(sources.organizations.ids), 1)
    kinds = (
        pd.Series(sources.source[rows], dtype=object)
        .map(_PHONE_KINDS)
        .fillna("support_contact")
        .to_numpy(object)
    )
    pairs, pair = np.unique(
        sources.person[rows] * organizations + sources.organization[rows], return_inverse=True
    )
    found = claims(rows, pair, kinds, np.full(len(rows), True, dtype=object))
    best = sources.winners("person.affiliation", [found])
    person, organization = np.divmod(pairs[best.card], organizations)
    return pd.DataFrame(
        {
            "person_id": objects(sources.people.ids)[person],
            "organization_id": objects(sources.organizations.ids)[organization],
            "source": sources.source[best.row],
            "source_id": sources.column("source_id")[best.row],
            "rule": [rule or "source" for rule in sources.rule[best.row]],
        }
    )


def _links(sources: _Sources) -> pd.DataFrame:
    """crm.source_link: every record, with its cards."""

    def ids(assignment: Assignment) -> Objects:
        return objects([*assignment.ids, None])[assignment.card]

    return pd.DataFrame(
        {
            "source": sources.source,
            "source_id": sources.column("source_id"),
            "person_id": ids(sources.people),
            "organization_id": ids(sources.organizations),
        }
    )


class _Table:
    """One row per card, filled column by column."""

    def __init__(self, assignment: Assignment) -> None:
        self._ids = assignment.ids
        self._columns: dict[str, Any] = {}

    def set(self, name: str, won: Claims) -> None:
        values = np.full(len(self._ids), None, dtype=object)
        values[won.card] = won.value
        self._columns[name] = values

    def flag(self, name: str, cards: Ints) -> None:
        values = np.zeros(len(self._ids), dtype=bool)
        values[cards] = True
        self._columns[name] = values

    def put(self, name: str, values: Any) -> None:
        self._columns[name] = values

    def column(self, name: str) -> Objects:
        return np.asarray(self._columns[name], dtype=object)

    def frame(self, key: str) -> pd.DataFrame:
        columns = {
            name: values if values.dtype == bool else pd.Series(values, dtype=object)
            for name, values in self._columns.items()
        }
        return pd.DataFrame({key: pd.Series(self._ids, dtype=object), **columns})


def _exploded(lists: Objects, rows: Ints) -> tuple[Ints, Objects, Ints]:
    """(row, value, position in its list) of every value in the lists of some rows."""
    mine = lists[rows].tolist()
    sizes = np.fromiter(map(len, mine), dtype=np.int64, count=len(mine))
    values = objects(list(chain.from_iterable(mine)))
    starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.repeat(rows, sizes), values, np.arange(len(values)) - starts


def _exploded_claims(
    sources: _Sources, rows: Ints, kinds: Objects, column: str, function: Callable[[Any], Any]
) -> Claims:
    in_order = np.argsort(rows, kind="stable")
    rows, kinds = rows[in_order], kinds[in_order]
    at, raw, position = _exploded(sources.column(column), rows)
    kind = kinds[np.searchsorted(rows, at)]
    return claims(at, sources.organization[at], kind, _mapped(function, raw), position)


def _mapped(function: Callable[[Any], Any], values: Objects) -> Objects:
    """The function over each distinct value; a missing value stays None."""
    code, distinct = pd.factorize(values)
    results = np.empty(len(distinct) + 1, dtype=object)
    results[: len(distinct)] = [function(value) for value in distinct]
    results[len(distinct)] = None
    return results[code]


def _mapped_values(function: Callable[[Any], Any], values: Objects) -> list[Any]:
    """As `_mapped`, as a list: results may be tuples, which arrays would take apart."""
    code, distinct = pd.factorize(values)
    results = [function(value) for value in distinct]
    return [results[at] for at in code.tolist()]


def _mapped_rows(function: Callable[..., Any], *columns: Objects) -> list[Any]:
    """The function over each distinct combination of the columns' values."""
    known: dict[tuple[Any, ...], Any] = {}
    results = []
    for values in zip(*(column.tolist() for column in columns), strict=True):
        result = known.get(values)
        if result is None:
            result = known[values] = function(*values)
        results.append(result)
    return results


def _firsts(lists: Objects) -> Objects:
    return objects([item[0] if item else None for item in lists])


def _as_is(value: Any) -> Any:
    return value


def _address_of(raw: str) -> str | None:
    parsed = email(raw)
    return None if parsed is None or parsed.is_placeholder else parsed.address


def _first_address(raw: str) -> str | None:
    """The first valid address in a field that may hold several."""
    return next(
        (address for part in raw.replace(",", ";").split(";") if (address := _address_of(part))), None
    )


def _number_of(raw: str) -> str | None:
    return next((number.key for number in phones(raw) if number.is_valid), None)


def _postal_code(raw: str) -> str | None:
    return postal_code(raw) or written_text(raw)
