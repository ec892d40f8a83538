"""Keys that decide which records can have a say in each other's outcome.

A set of records that is closed under `organization_keys` has the same organisations as in a full run, and
one that is closed under `person_keys` the same persons, given the organisations. So after a change it is
enough to match what is reachable from the changed records: first for organisations, then for persons from
the records whose organisation changed and the changed ones. Keys are 64-bit hashes: nothing personal is kept
in them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pipelines.identity.closure import key_hashes
from pipelines.identity.company_index import deletion_keys, without_last_words
from pipelines.identity.evidence import KINDS, near_blocks
from pipelines.identity.features import (
    CONTACT,
    CUSTOMER,
    HELPSCOUT,
    SOURCES,
    Bools,
    Features,
    Ints,
    mail_domain,
)
from pipelines.identity.guards import Standing, judge_keys
from pipelines.identity.name_pairs import NamePairs
from pipelines.identity.normalise.organizations import core_of, names_within
from pipelines.identity.normalise.text import squashed
from pipelines.identity.organizations import Organizations

COLUMNS = ["key_kind", "key", "row"]


def organization_hashes(data: Features) -> Iterator[tuple[str, Ints, Ints]]:
    """As `organization_keys`, kind by kind: (kind, canonical rows, keys), some more than once."""
    return _hashed(_organization_keys(data))


def organization_keys(data: Features) -> pd.DataFrame:
    """Keys (key_kind, key, canonical row) under which organisations are decided.

    The keys of names one slip apart stand at the first record of each distinct name only; the name itself
    ties the other records to it.
    """
    return _gathered(_organization_keys(data))


def person_keys(data: Features, organizations: Organizations) -> pd.DataFrame:
    """Keys (key_kind, key, canonical row) under which persons are decided, given the organisations."""
    return _gathered(_person_keys(data, organizations))


def reachable(keys: pd.DataFrame, rows: Ints, size: int) -> Bools:
    """The rows that keys tie to the given ones, directly or through others, of `size` rows in all."""
    nodes = pd.factorize(keys["key"])[0] + size
    total = int(nodes.max()) + 1 if len(nodes) else size
    ones = np.ones(len(keys), dtype=np.int8)
    graph = coo_array((ones, (keys["row"].to_numpy(), nodes)), shape=(total, total))
    component = connected_components(graph, directed=False)[1][:size]
    result: Bools = np.isin(component, np.unique(component[rows]))
    return result


def _organization_keys(data: Features) -> Iterator[tuple[str, list[str], Ints]]:
    for numbers in (data.number, data.parent_number):
        rows = np.flatnonzero([value is not None for value in numbers])
        yield "number", [str(value) for value in numbers[rows]], rows
    yield from _company_names(data)
    domains = [mail_domain(value) for value in data.email_values]
    held = (
        data.emails.where(np.array([value is not None for value in domains], dtype=bool))
        if domains
        else data.emails
    )
    sites = np.flatnonzero([value is not None for value in data.website])
    row = np.concatenate([held.row, sites])
    domain = [str(domains[value]) for value in held.value] + [str(value) for value in data.website[sites]]
    yield "domain", domain, row
    yield "company", [squashed(value.split(".", 1)[0]) for value in domain], row
    for source, values in ((CUSTOMER, data.source_id), (CONTACT, data.company_ref)):
        rows = np.flatnonzero(data.source == source)
        rows = rows[[values[row] is not None for row in rows]]
        yield "customer", [str(value) for value in values[rows]], rows
    rows = np.flatnonzero(data.source == HELPSCOUT)
    rows = rows[[data.company_ref[row] is not None for row in rows]]
    yield "helpscout_organization", [str(value) for value in data.company_ref[rows]], rows
    chosen = data.emails.of_rows(data.is_company | (data.company < 0))
    yield "mailbox", [data.email_values[value].key for value in chosen.value], chosen.row


def _company_names(data: Features) -> Iterator[tuple[str, list[str], Ints]]:
    """Names, names with their department, names without a town at the end, and names one slip away."""
    bears = np.flatnonzero(data.company >= 0)
    row = np.concatenate([bears, data.former.row])
    code = np.concatenate([data.company[bears], data.former.value])
    core, first = np.unique([data.companies[at].core for at in code], return_index=True)
    yield "company", [data.companies[at].core for at in code], row
    slips = [
        (slip, at)
        for name, at in zip(core.tolist(), first.tolist(), strict=True)
        for slip in deletion_keys(name)
    ]
    yield "company_slip", [slip for slip, _ in slips], row[np.array([at for _, at in slips], dtype=np.int64)]
    within = {at: names_within(data.company_texts[at]) for at in np.unique(code).tolist()}
    more: list[tuple[str, int]] = []
    for at, owner in zip(code.tolist(), row.tolist(), strict=True):
        name = data.companies[at]
        if name.department:
            more.append((core_of((*name.words, name.department)), owner))
        more.extend((part.core, owner) for part in within[at])
    yield "company", [text for text, _ in more], np.array([owner for _, owner in more], dtype=np.int64)
    towns = [
        (f"{shorter} {tail}", owner)
        for at, owner in zip(code.tolist(), row.tolist(), strict=True)
        for shorter, tail in without_last_words(data.companies[at])
    ]
    towns += [
        (f"{data.companies[at].core} {data.city[owner]}", owner)
        for at, owner in zip(code.tolist(), row.tolist(), strict=True)
        if data.city[owner]
    ]
    yield "company_town", [text for text, _ in towns], np.array([owner for _, owner in towns], dtype=np.int64)


def _person_keys(data: Features, organizations: Organizations) -> Iterator[tuple[str, list[str], Ints]]:
    usable = np.array([not value.is_placeholder for value in data.email_values] or [False], dtype=bool)
    held = data.emails.of_rows(data.has_person).where(usable)
    yield "email", [data.email_values[value].key for value in held.value], held.row
    usable = np.array([value.identifies for value in data.phone_values] or [False], dtype=bool)
    held = data.phones.where(usable)
    yield "phone", [data.phone_values[value].key for value in held.value], held.row
    pairs = NamePairs(data)
    person = np.flatnonzero(pairs.of_row >= 0)
    placed = person[organizations.root[person] >= 0]
    anchors = organizations.anchor[organizations.root[placed]]
    yield from _with_name(
        "organization", [f"{SOURCES[data.source[at]]} {data.source_id[at]}" for at in anchors], placed, pairs
    )
    unplaced = person[(organizations.label[person] < 0) & (data.company[person] >= 0)]
    yield from _with_name(
        "company_name", [data.companies[at].core for at in data.company[unplaced]], unplaced, pairs
    )
    at_home = person[[data.address[row] is not None for row in person]]
    yield from _with_name("address", [str(value) for value in data.address[at_home]], at_home, pairs)
    keys = judge_keys(data, pairs, frozenset())
    keys.standing[keys.standing != Standing.WORTHLESS] = Standing.PERSONAL
    for kind, texts, rows in near_blocks(data, keys, pairs):
        names = [pairs.whole(int(name)) for name in pairs.of_row[rows]]
        yield KINDS[kind], [f"{text} {name}" for text, name in zip(texts, names, strict=True)], rows


def _with_name(
    kind: str, texts: list[str], rows: Ints, pairs: NamePairs
) -> Iterator[tuple[str, list[str], Ints]]:
    lines = [
        (f"{text} {block}", row)
        for text, row in zip(texts, rows.tolist(), strict=True)
        for block in sorted(pairs.blocks(int(pairs.of_row[row])))
    ]
    yield kind, [text for text, _ in lines], np.array([row for _, row in lines], dtype=np.int64)


def _hashed(parts: Iterator[tuple[str, list[str], Ints]]) -> Iterator[tuple[str, Ints, Ints]]:
    for kind, texts, rows in parts:
        if not all(texts):
            some = np.fromiter(map(bool, texts), dtype=bool, count=len(texts))
            texts, rows = [text for text in texts if text], rows[some]
        yield kind, rows, key_hashes(kind, texts)


def _gathered(parts: Iterator[tuple[str, list[str], Ints]]) -> pd.DataFrame:
    frames = [
        pd.DataFrame({"key_kind": kind, "key": keys, "row": rows})
        for kind, rows, keys in _hashed(parts)
        if len(rows)
    ]
    return pd.concat(frames, ignore_index=True).drop_duplicates() if frames else pd.DataFrame(columns=COLUMNS)
