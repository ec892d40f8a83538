"""Records as keys: every distinct value cleaned once, then integers.

Turns the records frame into arrays in canonical order (source, source_id), so that nothing downstream can
depend on the order of rows. Knows what a value means, not what two records have to do with each other.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.identity.normalise.addresses import address_key, postal_code
from pipelines.identity.normalise.domains import domain_written, says_nothing, website_domain
from pipelines.identity.normalise.emails import Email, email, name_in_local
from pipelines.identity.normalise.lexicon import GIVEN_SKELETONS
from pipelines.identity.normalise.names import NO_NAME, PersonName, name_from_local, person_name
from pipelines.identity.normalise.organizations import (
    NOTHING,
    CompanyName,
    company_name,
    looks_like_a_company,
    organization_number,
)
from pipelines.identity.normalise.phones import Phone, phones
from pipelines.identity.normalise.text import skeleton, squashed

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Objects = npt.NDArray[np.object_]

SOURCES = (
    "brreg_unit",
    "tripletex_customer",
    "tripletex_contact",
    "helpscout_customer",
    "order_form",
    "course_signup",
)
UNIT, CUSTOMER, CONTACT, HELPSCOUT, ORDER, SIGNUP = range(6)

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class Held:
    """Which rows hold which values: two columns of equal length; `value` counts distinct values."""

    row: Ints
    value: Ints

    def where(self, values: Bools) -> Held:
        """Only the pairs whose value is marked."""
        keep = values[self.value]
        return Held(self.row[keep], self.value[keep])

    def of_rows(self, rows: Bools) -> Held:
        """Only the pairs whose row is marked."""
        keep = rows[self.row]
        return Held(self.row[keep], self.value[keep])

    def by_row(self, size: int) -> Lists:
        """The values of each row, for a frame of `size` rows; pairs are in the order of rows."""
        return Lists(np.searchsorted(self.row, np.arange(size + 1)).tolist(), self.value.tolist())


class Lists:
    """A list of values for every row, kept flat."""

    def __init__(self, starts: list[int], values: list[int]) -> None:
        self._starts = starts
        self._values = values

    def __getitem__(self, row: int) -> list[int]:
        return self._values[self._starts[row] : self._starts[row + 1]]


@dataclass(frozen=True)
class Features:
    """The records in canonical order. Integer arrays are -1 where a record lacks the value."""

    order: Ints  # position of each canonical row in the frame that was given
    source: Ints  # index into SOURCES
    source_id: Objects
    first_seen: npt.NDArray[np.float64]  # seconds since 1970, NaN when unknown
    last_seen: npt.NDArray[np.float64]
    name: Ints  # index into names; a name read off an address where the record gives none
    names: list[PersonName]
    emails: Held
    email_values: list[Email]
    phones: Held
    phone_values: list[Phone]
    company: Ints  # index into companies: the organisation the record bears or names
    companies: list[CompanyName]
    company_texts: list[str]
    former: Held  # former names of units, values index companies
    number: Objects  # organisation number, nine digits, or None
    parent_number: Objects
    company_ref: Objects
    postal_code: Objects
    city: Objects  # squashed
    address: Objects  # address_key
    website: Objects  # registrable domain; for a person, the one that is written as the organisation
    form: Objects  # organisation form of a unit
    status: Objects  # status of a unit
    is_company: Bools  # the record is an organisation and carries no person
    has_person: Bools  # the record carries a person
    providers: Mapping[str, int] = field(default_factory=dict)  # domains taken for public (providers.py)

    def __len__(self) -> int:
        return len(self.order)

    def somebodys_emails(self) -> Held:
        """The addresses without placeholders, which stand on records that are nothing to each other."""
        return self.emails.where(
            np.array([not value.is_placeholder for value in self.email_values] or [False], dtype=bool)
        )

    def domains(self) -> tuple[list[str], Held]:
        """Mail domains and web sites, distinct, and the rows that hold them; those of addresses first."""
        of_addresses = [mail_domain(value) for value in self.email_values]
        code, domains = _factorized(np.array([*of_addresses, *self.website], dtype=object))
        row = np.concatenate([self.emails.row, np.arange(len(self))])
        held = code[np.concatenate([self.emails.value, np.arange(len(of_addresses), len(code))])]
        return domains, Held(row[held >= 0], held[held >= 0])


def features(records: pd.DataFrame) -> Features:
    """Keys of a records frame (see `match.match` for its columns)."""
    order = _canonical_order(records)
    size = len(order)

    def column(name: str) -> Objects:
        if name not in records.columns:
            return np.full(size, None, dtype=object)
        values = records[name].astype(object)
        return values.where(values.notna(), None).to_numpy()[order]

    source = pd.Index(SOURCES).get_indexer(pd.Index(column("source")))
    if (source < 0).any():
        raise ValueError(f"unknown source in records: one of {', '.join(SOURCES)} is expected")
    emails, email_values = _held(column("emails"), email)
    phone_lists, phone_values = _held_many(column("phones"), phones)

    first, last, full = column("first_name"), column("last_name"), column("full_name")
    is_unit = source == UNIT
    # No unit is a person: what its name would be as one, nobody asks.
    of_persons = full.copy()
    of_persons[is_unit] = None
    given, names_given = _names(first, last, of_persons)
    bears = (source == UNIT) | (source == CUSTOMER)
    company_texts = column("company_name")
    name_company = np.array([name.company for name in names_given], dtype=object)[given]
    lacks = np.array([not text for text in company_texts], dtype=bool)
    company_texts[lacks] = name_company[lacks]
    number_raw = column("organization_number")
    number = _mapped(number_raw, organization_number)
    number[is_unit] = np.where(number[is_unit] == None, column("source_id")[is_unit], number[is_unit])  # noqa: E711
    is_company = (
        _companies(source, column("is_private"), number, first, last, full, given, names_given) | is_unit
    )
    own_name = np.where(full == None, last, full)  # noqa: E711
    company_texts[bears & is_company] = own_name[bears & is_company]
    company_texts[bears & ~is_company] = None

    website = _mapped(column("website"), website_domain)
    named = company_texts.copy()
    named[bears] = None
    written = _mapped(named, domain_written)
    is_address = np.array([value is not None for value in written], dtype=bool)
    website[is_address] = written[is_address]
    company_texts[is_address] = [value.split(".", 1)[0].replace("-", " ") for value in written[is_address]]
    company_codes, company_uniques = _factorized(company_texts)
    companies = [company_name(text) for text in company_uniques]
    company_numbers = np.array([name.number for name in companies] or [None], dtype=object)
    fill = (company_codes >= 0) & np.array([value is None for value in number], dtype=bool)
    number[fill] = company_numbers[company_codes[fill]]
    former, former_names = _held(column("former_names"), lambda text: text or None)
    offset = len(companies)
    companies.extend(company_name(text) for text in former_names)

    role_only = _role_mailboxes_only(size, emails, email_values, given, names_given)
    has_person = ~is_company & ~role_only
    name, names = _with_derived(given, names_given, emails, email_values, has_person)
    return Features(
        order=order,
        source=source.astype(np.int64),
        source_id=column("source_id"),
        first_seen=_times(records, order, np.fmin),
        last_seen=_times(records, order, np.fmax),
        name=name,
        names=names,
        emails=emails,
        email_values=email_values,
        phones=phone_lists,
        phone_values=phone_values,
        company=company_codes,
        companies=companies,
        company_texts=[*company_uniques, *former_names],
        former=Held(former.row, former.value + offset),
        number=number,
        parent_number=_mapped(column("parent_number"), organization_number),
        company_ref=column("company_ref"),
        postal_code=_mapped(column("postal_code"), postal_code),
        city=_mapped(column("city"), lambda text: squashed(text) or None),
        address=_addresses(column("address"), column("postal_code")),
        website=website,
        form=column("organization_form"),
        status=column("unit_status"),
        is_company=is_company,
        has_person=has_person,
    )


def distinct(values: Ints) -> Ints:
    """The distinct integers in ascending order, by sorting (hashing is slow on keys that are products)."""
    ordered = np.sort(values)
    return ordered[np.r_[True, ordered[1:] != ordered[:-1]]] if len(ordered) else ordered


def _canonical_order(records: pd.DataFrame) -> Ints:
    source = pd.factorize(records["source"].to_numpy(dtype=object), sort=True)[0]
    identity = records["source_id"].to_numpy(dtype=object)
    by_identity = np.argsort(identity, kind="stable") if len(identity) else np.zeros(0, dtype=np.int64)
    return np.asarray(by_identity[np.argsort(source[by_identity], kind="stable")], dtype=np.int64)


def _times(records: pd.DataFrame, order: Ints, pick: np.ufunc) -> npt.NDArray[np.float64]:
    """Seconds since 1970 of the first or the last sign of life of each record, NaN when there is none."""
    times = np.full(len(order), np.nan)
    for name in ("created_at", "changed_at"):
        if name in records.columns:
            stamps = pd.to_datetime(records[name], utc=True)
            seconds = (stamps - pd.Timestamp(0, tz="UTC")).dt.total_seconds().to_numpy(dtype=float)
            times = pick(times, seconds)
    return times[order]


def _factorized(values: Objects) -> tuple[Ints, list[Any]]:
    codes, uniques = pd.factorize(values)
    return codes.astype(np.int64), list(uniques)


def _mapped(values: Objects, function: Callable[[str], Any]) -> Objects:
    """The function over each distinct value, None for a missing one."""
    codes, uniques = _factorized(values)
    results = np.empty(len(uniques) + 1, dtype=object)
    results[:-1] = [function(str(value)) for value in uniques]
    return results[codes]


def _flat(lists: Objects) -> tuple[Ints, list[str]]:
    sizes = np.fromiter(
        (0 if item is None else len(item) for item in lists), dtype=np.int64, count=len(lists)
    )
    return np.repeat(np.arange(len(lists)), sizes), list(
        chain.from_iterable(item for item in lists if item is not None)
    )


def _held(lists: Objects, function: Callable[[str], K | None]) -> tuple[Held, list[K]]:
    return _held_many(lists, lambda text: () if (value := function(text)) is None else (value,))


def _held_many(lists: Objects, function: Callable[[str], Sequence[K]]) -> tuple[Held, list[K]]:
    """Rows and the distinct values the function finds in their texts, each pair once."""
    rows, texts = _flat(lists)
    codes, uniques = _factorized(np.array(texts, dtype=object))
    numbers: dict[K, int] = {}
    found = [[numbers.setdefault(value, len(numbers)) for value in function(text)] for text in uniques]
    sizes = np.fromiter((len(item) for item in found), dtype=np.int64, count=len(found))
    starts = np.concatenate([[0], np.cumsum(sizes)])
    flat = np.fromiter(chain.from_iterable(found), dtype=np.int64)
    counts = sizes[codes] if len(codes) else np.zeros(0, dtype=np.int64)
    row = np.repeat(rows, counts)
    within = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    value = flat[np.repeat(starts[codes] if len(codes) else counts, counts) + within] if len(row) else row
    pairs = distinct(row * max(len(numbers), 1) + value)
    return Held(pairs // max(len(numbers), 1), pairs % max(len(numbers), 1)), list(numbers)


def _names(first: Objects, last: Objects, full: Objects) -> tuple[Ints, list[PersonName]]:
    parts = [_factorized(values) for values in (first, last, full)]
    combined = np.zeros(len(first), dtype=np.int64)
    for codes, uniques in parts:
        combined = combined * (len(uniques) + 1) + codes + 1
    codes, uniques_at = np.unique(combined, return_index=True)
    row_codes = np.searchsorted(codes, combined)
    numbers: dict[PersonName, int] = {NO_NAME: 0}
    of_code = np.fromiter(
        (
            numbers.setdefault(person_name(first[at], last[at], full[at]), len(numbers))
            for at in uniques_at.tolist()
        ),
        dtype=np.int64,
        count=len(codes),
    )
    return of_code[row_codes] if len(codes) else combined, list(numbers)


def _companies(
    source: Ints,
    is_private: Objects,
    number: Objects,
    first: Objects,
    last: Objects,
    full: Objects,
    given: Ints,
    names: list[PersonName],
) -> Bools:
    """Which Tripletex customers are organisations: the flag decides, unless name or number say otherwise."""
    result = np.zeros(len(source), dtype=bool)
    for row in np.flatnonzero(source == CUSTOMER).tolist():
        text = full[row] or " ".join(part for part in (first[row], last[row]) if part)
        if number[row] is not None or (is_private[row] and looks_like_a_company(text)):
            result[row] = True
        elif is_private[row] is None:
            name = names[given[row]]
            person = name.kind == "full" and skeleton(name.first) in GIVEN_SKELETONS and name.company is None
            result[row] = not person
        else:
            result[row] = not is_private[row]
    return result


def _role_mailboxes_only(
    size: int, emails: Held, values: list[Email], name: Ints, names: list[PersonName]
) -> Bools:
    """Records without a human name whose every address is a role's, or whose name is a role."""
    nameless = np.array([item.kind == "none" for item in names], dtype=bool)[name]
    role_name = np.array([item.is_role or item.company is not None for item in names], dtype=bool)[name]
    role = np.array([value.is_role for value in values], dtype=bool)
    with_any, with_personal = np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)
    with_any[emails.row] = True
    if len(values):
        with_personal[emails.row[~role[emails.value]]] = True
    result: Bools = nameless & ~with_personal & (with_any | role_name)
    return result


def _with_derived(
    name: Ints, names: list[PersonName], emails: Held, values: list[Email], has_person: Bools
) -> tuple[Ints, list[PersonName]]:
    """Names read off a personal address where a record gives none, or only the first of the two names."""
    incomplete = np.array([item.kind in ("none", "single") for item in names], dtype=bool)[name] & has_person
    numbers: dict[PersonName, int] = {item: at for at, item in enumerate(names)}
    result = name.copy()
    mine = emails.of_rows(incomplete)
    spelled = {
        at: name_from_local(None if value.is_role or value.is_placeholder else name_in_local(value.local))
        for at, value in ((at, values[at]) for at in np.unique(mine.value).tolist())
    }
    done: set[int] = set()
    for row, value in zip(mine.row.tolist(), mine.value.tolist(), strict=True):
        if row in done:
            continue
        derived = spelled[value]
        if derived.kind == "none":
            continue
        own = names[name[row]]
        if own.kind == "single":
            tokens = {skeleton(token) for token in derived.tokens}
            if derived.kind != "full" or skeleton(own.first) not in tokens:
                continue
        done.add(row)
        derived = derived._replace(company=own.company)
        result[row] = numbers.setdefault(derived, len(numbers))
    return result, list(numbers)


def _addresses(address: Objects, code: Objects) -> Objects:
    joined = np.array(
        [
            f"{street}\x1f{zipped}" if street and zipped else None
            for street, zipped in zip(address, code, strict=True)
        ],
        dtype=object,
    )
    return _mapped(joined, lambda text: address_key(*text.split("\x1f", 1)))


def mail_domain(value: Email) -> str | None:
    """The domain as a key of an organisation; None when it is anyone's."""
    return None if value.is_public or value.is_placeholder or says_nothing(value.domain) else value.domain


__all__ = ["NOTHING", "Features", "Held", "features", "mail_domain"]
