"""Organisations' golden records: the register's facts first, billing's next, with an origin for each value.

A pure function on columns. Must not know the database.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from pipelines.identity.golden_material import Origins, Sources, Table, exploded, mapped
from pipelines.identity.normalise.addresses import postal_code
from pipelines.identity.normalise.emails import email
from pipelines.identity.normalise.organizations import organization_number
from pipelines.identity.normalise.phones import phones
from pipelines.identity.records import SILENT_UNITS
from pipelines.identity.survivorship import (
    Claims,
    Ints,
    Objects,
    claims,
    objects,
    present,
    ranked,
    together,
    winners,
)
from pipelines.identity.written import written_country, written_text

SOLE_PROPRIETOR = "ENK"

# A register row that says more about the unit's present comes first, where a card holds several.
_UNIT_STATES = ("active", "bankrupt", "liquidation", "deleted", *SILENT_UNITS)
_REGISTER_FACTS = ("organization_form", "vat_registered", "industry_code", "industry", "employees")


def organizations(sources: Sources, origins: Origins) -> pd.DataFrame:
    """crm.organization."""
    table = Table(sources.organizations)
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
        return claims(rows, speaking.card, "register", mapped(function, sources.column(column)[rows]))

    def billed(column: str, function: Callable[[Any], Any] = written_text) -> Claims:
        return claims(
            customers, card[customers], billing, mapped(function, sources.column(column)[customers])
        )

    def written(column: str, function: Callable[[Any], Any] = written_text) -> Claims:
        values = mapped(function, sources.column(column)[contacts])
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
            [claims(mail_rows, card[mail_rows], mail_kinds, mapped(_address_of, mails))],
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


def _units(sources: Sources) -> Claims:
    """The register row of each organisation; `kind` is what the register says of the unit."""
    rows = sources.rows_of("brreg_unit")
    state = sources.column("unit_status")[rows]
    found = claims(rows, sources.organization[rows], state, np.full(len(rows), True, dtype=object))
    return winners(ranked(found, sources.newest, _UNIT_STATES))


def _status(sources: Sources, units: Claims) -> Claims:
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


def _one_card_each(sources: Sources, numbered: Claims) -> Claims:
    """A number stands on one card: on the register's, else the ledger's, else the first card that has it."""
    code, _ = pd.factorize(numbered.value)
    kinds = sources.survivorship["organization.organization_number"]
    tier = pd.Index(kinds).get_indexer(pd.Index(numbered.kind))
    by_claim = np.lexsort((numbered.card, tier, code))
    is_first = np.ones(len(by_claim), dtype=bool)
    is_first[1:] = code[by_claim][1:] != code[by_claim][:-1]
    return numbered.where(np.sort(by_claim[is_first]))


def _address(
    sources: Sources, speaking: Claims, customers: Ints, billing: Objects
) -> list[tuple[str, Claims]]:
    """Street, postal code, town and country of one and the same record."""
    rows = np.concatenate([speaking.row, customers])
    kind = np.concatenate([np.full(len(speaking), "register", dtype=object), billing])
    parts = {
        "address": mapped(written_text, sources.column("address")[rows]),
        "postal_code": mapped(_postal_code, sources.column("postal_code")[rows]),
        "city": mapped(written_text, sources.column("city")[rows]),
        "country": mapped(written_country, sources.column("country")[rows]),
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


def _exploded_claims(
    sources: Sources, rows: Ints, kinds: Objects, column: str, function: Callable[[Any], Any]
) -> Claims:
    in_order = np.argsort(rows, kind="stable")
    rows, kinds = rows[in_order], kinds[in_order]
    at, raw, position = exploded(sources.column(column), rows)
    kind = kinds[np.searchsorted(rows, at)]
    return claims(at, sources.organization[at], kind, mapped(function, raw), position)


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
