"""People's golden records: names, addresses and phones, with an origin for each value.

A pure function on columns. Must not know the database.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import chain

import numpy as np
import pandas as pd

from pipelines.identity.golden_material import (
    CONTACT_KINDS,
    NONE,
    Origins,
    Sources,
    Table,
    exploded,
    mapped_rows,
    mapped_values,
)
from pipelines.identity.normalise.emails import Email, email
from pipelines.identity.normalise.phones import Phone, phones
from pipelines.identity.survivorship import Claims, Ints, claims, objects, present, ranked, winners
from pipelines.identity.written import written_name


def people(
    sources: Sources, origins: Origins, own_domains: Collection[str]
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """crm.person, crm.person_email and crm.person_phone.

    `own_domains`: whoever has an address there is internal.
    """
    table = Table(sources.people)
    rows = np.flatnonzero(sources.person >= 0)

    names = mapped_rows(
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
    held = emails.where(np.isin(emails.value.astype(str), list(internal))) if internal else emails.where(NONE)
    table.flag("is_internal", held.card)
    return table.frame("person_id"), person_email, person_phone


def _is_own(address: str, own_domains: Collection[str]) -> bool:
    host = address.rpartition("@")[2]
    return any(host == domain or host.endswith(f".{domain}") for domain in own_domains)


def _email_claims(sources: Sources, rows: Ints, card: Ints) -> tuple[Claims, dict[str, Email]]:
    """Every valid address of the rows, with the parsed form of each by address."""
    at, raw, position = exploded(sources.column("emails"), rows)
    parsed = mapped_values(email, raw)
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


def _phone_claims(sources: Sources, rows: Ints, card: Ints) -> Claims:
    """Every number of the rows; a field may hold several."""
    at, raw, position = exploded(sources.column("phones"), rows)
    found = mapped_values(phones, raw)
    sizes = np.fromiter(map(len, found), dtype=np.int64, count=len(found))
    at, position = np.repeat(at, sizes), np.repeat(position, sizes)
    numbers = list(chain.from_iterable(found))
    reached = {item: _reaches(item, sources.guarded) for item in set(numbers)}
    kind = objects(
        [
            reached[item] or CONTACT_KINDS.get(source, "support_contact")
            for item, source in zip(numbers, sources.source[at].tolist(), strict=True)
        ]
    )
    value = objects([item.key for item in numbers])
    return claims(at, card[at], kind, value, position)


def _reaches(number: Phone, guarded: Collection[tuple[str, str]]) -> str | None:
    """What keeps a number from being a person's own; None for nothing."""
    if ("phone", number.key) in guarded:
        return "shared_number"
    return None if number.is_valid and number.identifies else "other_number"


def _all_ranked(sources: Sources, found: Claims) -> Claims:
    """All values a card has, the newest claim on each first, whatever its kind."""
    everything = Claims(
        found.row, found.card, np.full(len(found), "any", dtype=object), found.value, found.position
    )
    return ranked(everything, sources.newest, ("any",))


def _values(sources: Sources, column: str, in_order: Claims, primary: Claims) -> pd.DataFrame:
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
