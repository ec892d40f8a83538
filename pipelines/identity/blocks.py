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
from pipelines.identity.company_index import slip_keys, without_last_words
from pipelines.identity.evidence import KINDS, at_domains, domains_of, near_blocks
from pipelines.identity.features import (
    CONTACT,
    CUSTOMER,
    HELPSCOUT,
    SOURCES,
    Bools,
    Features,
    Ints,
    Objects,
    mail_domain,
)
from pipelines.identity.guards import Standing, judge_keys
from pipelines.identity.name_pairs import NamePairs
from pipelines.identity.normalise.domains import label_of
from pipelines.identity.normalise.organizations import core_of
from pipelines.identity.organization_names import names_that_decide
from pipelines.identity.organizations import Organizations
from pipelines.identity.slips import digits

COLUMNS = ["key_kind", "key", "row"]

_Part = tuple[str, list[str], Ints, Ints]
"""Kind of key, texts, and pairs of a row and the text it holds, by number; an empty text is no key."""


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


def _organization_keys(data: Features) -> Iterator[_Part]:
    for numbers in (data.number, data.parent_number):
        yield _valued("number", numbers)
    yield from _company_names(data)
    domains = [mail_domain(value) for value in data.email_values]
    code, texts = _factorized(np.array([*domains, *data.website], dtype=object))
    sites = np.arange(len(domains), len(code))
    at = np.concatenate([code[data.emails.value], code[sites]])
    row = np.concatenate([data.emails.row, np.arange(len(data))])
    row, at = row[at >= 0], at[at >= 0]
    yield "domain", texts, row, at
    yield "company", [label_of(text) for text in texts], row, at
    yield _valued("customer", data.source_id, data.source == CUSTOMER)
    yield _valued("customer", data.company_ref, data.source == CONTACT)
    yield _valued("helpscout_organization", data.company_ref, data.source == HELPSCOUT)
    somebodys = np.array([not value.is_placeholder for value in data.email_values] or [False], dtype=bool)
    chosen = data.emails.of_rows(data.is_company | (data.company < 0)).where(somebodys)
    yield "mailbox", [value.key for value in data.email_values], chosen.row, chosen.value


def _company_names(data: Features) -> Iterator[_Part]:
    """Names, names with their department, names without a town at the end, and names one slip away."""
    bears = np.flatnonzero(data.company >= 0)
    row = np.concatenate([bears, data.former.row])
    code = np.concatenate([data.company[bears], data.former.value])
    cores = [name.core for name in data.companies]
    yield "company", cores, row, code
    if not cores:
        return
    number = _factorized(np.array(cores, dtype=object))[0]
    first = np.unique(number[code], return_index=True)[1]
    slips = [
        [f"{text} {digits(core)}" for text in slip_keys(core)]
        for core in (cores[at] for at in code[first].tolist())
    ]
    yield _listed("company_slip", slips, row[first], np.arange(len(first)))
    within = [[part.core for part in names_that_decide(text)] for text in data.company_texts]
    for name, also in zip(data.companies, within, strict=True):
        if name.department:
            also.append(core_of((*name.words, name.department)))
    yield _listed("company", within, row, code)
    towns = [[" ".join(parts) for parts in without_last_words(name)] for name in data.companies]
    yield _listed("company_town", towns, row, code)
    city, cities = _factorized(data.city)
    here = city[row] >= 0
    pair, at = np.unique(code[here] * max(len(cities), 1) + city[row[here]], return_inverse=True)
    named = zip(*(part.tolist() for part in np.divmod(pair, max(len(cities), 1))), strict=True)
    yield "company_town", [f"{cores[one]} {cities[town]}" for one, town in named], row[here], at


def _person_keys(data: Features, organizations: Organizations) -> Iterator[_Part]:
    for kind, texts, rows in _texts_of_persons(data, organizations):
        yield kind, texts, rows, np.arange(len(texts))


def _texts_of_persons(data: Features, organizations: Organizations) -> Iterator[tuple[str, list[str], Ints]]:
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
    yield from _of_domains(data, organizations, pairs)
    keys = judge_keys(data, pairs, frozenset())
    keys.standing[keys.standing != Standing.WORTHLESS] = Standing.PERSONAL
    for kind, texts, rows in near_blocks(data, keys, pairs):
        names = [pairs.whole(int(name)) for name in pairs.of_row[rows]]
        yield KINDS[kind], [f"{text} {name}" for text, name in zip(texts, names, strict=True)], rows


def _of_domains(
    data: Features, organizations: Organizations, pairs: NamePairs
) -> Iterator[tuple[str, list[str], Ints]]:
    """Names that meet by a domain that is nobody's, and everybody who is seen there: they tell who is."""
    domain, row = at_domains(data, organizations, pairs)
    number = domains_of(data)
    held = data.emails.where(np.isin(number, domain))
    for numbers, rows in ((domain, row), (number[held.value], held.row)):
        yield "mail_domain", [data.email_values[at].domain for at in numbers.tolist()], rows


def _with_name(
    kind: str, texts: list[str], rows: Ints, pairs: NamePairs
) -> Iterator[tuple[str, list[str], Ints]]:
    lines = [
        (f"{text} {block}", row)
        for text, row in zip(texts, rows.tolist(), strict=True)
        for block in sorted(pairs.blocks(int(pairs.of_row[row])))
    ]
    yield kind, [text for text, _ in lines], np.array([row for _, row in lines], dtype=np.int64)


def _valued(kind: str, values: Objects, rows: Bools | None = None) -> _Part:
    """The values of some rows (default: of all), where they have one."""
    code, texts = _factorized(values)
    chosen = np.flatnonzero(code >= 0 if rows is None else rows & (code >= 0))
    return kind, texts, chosen, code[chosen]


def _listed(kind: str, lists: list[list[str]], rows: Ints, which: Ints) -> _Part:
    """Each row with all texts of its list, `which` of the lists."""
    sizes = np.array([len(some) for some in lists] or [0], dtype=np.int64)
    counts = sizes[which]
    owner = np.repeat(np.arange(len(which)), counts)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    starts = np.cumsum(sizes) - sizes
    return kind, [text for some in lists for text in some], rows[owner], starts[which[owner]] + within


def _factorized(values: Objects) -> tuple[Ints, list[str]]:
    """A number for each value, -1 where there is none, and the distinct values as texts."""
    code, distinct = pd.factorize(values)
    return code.astype(np.int64), list(map(str, distinct))


def _hashed(parts: Iterator[_Part]) -> Iterator[tuple[str, Ints, Ints]]:
    for kind, texts, rows, at in parts:
        says = np.fromiter(map(bool, texts), dtype=bool, count=len(texts))[at]
        yield kind, rows[says], key_hashes(kind, texts)[at[says]]


def _gathered(parts: Iterator[_Part]) -> pd.DataFrame:
    frames = [
        pd.DataFrame({"key_kind": kind, "key": keys, "row": rows})
        for kind, rows, keys in _hashed(parts)
        if len(rows)
    ]
    return pd.concat(frames, ignore_index=True).drop_duplicates() if frames else pd.DataFrame(columns=COLUMNS)
