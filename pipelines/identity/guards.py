"""Which e-mail addresses and phone numbers identify one person, learned from the names that use them.

A key that names of different people use is demoted: it still says that two records belong to the same
surroundings, no longer that they are one person. Knows nothing of organisations but their phone numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from itertools import pairwise

import numpy as np

from pipelines.identity.features import Bools, Features, Ints, distinct
from pipelines.identity.name_pairs import NamePairs
from pipelines.identity.normalise.emails import Email, LocalName, is_family_local, name_in_local
from pipelines.identity.normalise.names import (
    CONFLICT,
    PersonName,
    Relation,
    name_from_local,
    relation,
    same_token,
)
from pipelines.identity.normalise.text import folded, squashed

# More different names than this on one key and it says nothing at all, not even about equal names.
MOST_NAMES = 40


class Standing(IntEnum):
    """What a key is worth."""

    PERSONAL = 0  # identifies one person
    RENAMED = 1  # one first name with two surnames: a marriage or two people
    SHARED = 2  # several people use it: a witness for equal names only
    WORTHLESS = 3  # says nothing


@dataclass(frozen=True)
class Turn:
    """Who had a key from when to when, seconds since 1970: a reused address, a recycled number."""

    names: frozenset[int]
    start: float
    end: float


@dataclass
class Keys:
    """The keys of persons' records: e-mails first, then phones; arrays by key or by (row, key) pair."""

    row: Ints  # of each pair, sorted by (key, row)
    key: Ints
    standing: Ints  # Standing by key
    is_email: Bools
    reason: dict[int, str] = field(default_factory=dict)
    people: dict[int, int] = field(default_factory=dict)  # different names by key
    owners: dict[int, list[int]] = field(
        default_factory=dict
    )  # names whose address it is, of a shared e-mail
    turns: dict[int, list[Turn]] = field(default_factory=dict)  # of a key that was handed over
    spelled: dict[int, int] = field(
        default_factory=dict
    )  # the name of which all others at a personal key are spellings
    emails: int = 0  # number of e-mails: phone p is key emails + p

    def value(self, data: Features, key: int) -> str:
        """The key as text."""
        if self.is_email[key]:
            return data.email_values[key].key
        return data.phone_values[key - self.emails].key


def judge_keys(data: Features, pairs: NamePairs, not_identifying: frozenset[tuple[str, str]]) -> Keys:
    """The standing of every key that a person's record holds."""
    emails, phones = data.emails.of_rows(data.has_person), data.phones.of_rows(data.has_person)
    count = len(data.email_values)
    row = np.concatenate([emails.row, phones.row])
    key = np.concatenate([_one_key_per_mailbox(data)[emails.value], phones.value + count])
    unique = distinct(key * (len(data) + 1) + row)
    row, key = unique % (len(data) + 1), unique // (len(data) + 1)
    is_email = np.arange(count + len(data.phone_values)) < count
    keys = Keys(row, key, _static(data, not_identifying, count), is_email, emails=count)
    _learn(keys, data, pairs)
    return keys


def _one_key_per_mailbox(data: Features) -> Ints:
    """Addresses that are one mailbox (plus-tag, mistyped provider) share the first one's number."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(value.key, at) for at, value in enumerate(data.email_values)] or [0])


def _static(data: Features, not_identifying: frozenset[tuple[str, str]], emails: int) -> Ints:
    """Standing that follows from the key alone, or from its standing on an organisation's own record."""
    standing = np.zeros(emails + len(data.phone_values), dtype=np.int64)
    for at, value in enumerate(data.email_values):
        if value.is_placeholder or ("email", value.key) in not_identifying:
            standing[at] = Standing.WORTHLESS
        elif value.is_role or is_family_local(value.local):
            standing[at] = Standing.SHARED
    of_company = np.zeros(len(data.phone_values), dtype=bool)
    of_company[data.phones.value[data.is_company[data.phones.row]]] = True
    for at, number in enumerate(data.phone_values):
        if not number.identifies or ("phone", number.key) in not_identifying:
            standing[emails + at] = Standing.WORTHLESS
        elif number.kind == "fixed" or of_company[at]:
            standing[emails + at] = Standing.SHARED
    return standing


def _learn(keys: Keys, data: Features, pairs: NamePairs) -> None:
    """Demote keys by the names that use them."""
    name = pairs.of_row[keys.row]
    named = name >= 0
    width = len(pairs.names) + 1
    used = distinct(keys.key[named] * width + name[named])
    key, name = used // width, used % width
    starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]]) if len(key) else np.zeros(0, dtype=np.int64)
    ends = np.r_[starts[1:], len(key)]
    several = (ends - starts) > 1
    for start, end in zip(starts[several].tolist(), ends[several].tolist(), strict=True):
        at, names = int(key[start]), name[start:end].tolist()
        if keys.standing[at] == Standing.WORTHLESS:
            continue
        if len(names) > MOST_NAMES and len({pairs.whole(number) for number in names}) > MOST_NAMES:
            keys.standing[at] = Standing.WORTHLESS
            keys.reason[at], keys.people[at] = "very many different names use it", len(names)
            continue
        _judge(keys, at, names, data, pairs)


def _judge(keys: Keys, at: int, names: list[int], data: Features, pairs: NamePairs) -> None:
    if len(names) == 2 and pairs.relation(*names) not in (Relation.CONFLICT, Relation.RENAMED):
        return
    relations = {(a, b): pairs.relation(a, b) for i, a in enumerate(names) for b in names[i + 1 :]}
    was_shared = keys.standing[at] == Standing.SHARED
    if not {Relation.CONFLICT, Relation.RENAMED} & set(relations.values()):
        return
    groups = people(names, relations)
    if not was_shared and (right := _right_spelling(names, relations, pairs)) is not None:
        keys.spelled[at] = right
        return
    keys.people[at] = len(groups)
    address = data.email_values[at] if keys.is_email[at] else None
    whole = [group for group in groups if any(pairs.is_full[name] for name in group)]
    if Relation.CONFLICT not in relations.values() and len(whole) == 2 and not was_shared:
        keys.standing[at] = Standing.RENAMED
        keys.reason[at] = "one first name with two surnames uses it"
        return
    keys.standing[at] = Standing.SHARED
    keys.reason[at] = "names that exclude each other use it"
    if was_shared:
        return
    if address is not None:
        keys.owners[at] = _owner(address, groups, pairs)
    if not keys.owners.get(at):
        keys.turns[at] = _turns(keys, at, whole, data, pairs)


def _right_spelling(
    names: list[int], relations: dict[tuple[int, int], Relation], pairs: NamePairs
) -> int | None:
    """The name of which those that exclude each other are spellings: two slips in one name look like two."""
    apart = {Relation.CONFLICT, Relation.RENAMED}
    slips = {name for pair, found in relations.items() if found in apart for name in pair}
    spelling = {Relation.SIMILAR, Relation.EQUAL}
    for right in names:
        if right in slips or not pairs.is_full[right] or pairs.is_derived[right]:
            continue
        if all(relations[min(name, right), max(name, right)] in spelling for name in slips):
            return right
    return None


def _turns(keys: Keys, at: int, groups: list[list[int]], data: Features, pairs: NamePairs) -> list[Turn]:
    """The people of a key one after another, when each is seen at least twice and no two at the same time."""
    rows = keys.row[np.searchsorted(keys.key, at) : np.searchsorted(keys.key, at, side="right")]
    turns = []
    for group in groups:
        mine = rows[np.isin(pairs.of_row[rows], group)]
        start, end = data.first_seen[mine], data.last_seen[mine]
        if len(mine) < 2 or np.isnan(start).any():
            return []
        turns.append(Turn(frozenset(group), float(start.min()), float(end.max())))
    turns.sort(key=lambda turn: turn.start)
    apart = all(earlier.end < later.start for earlier, later in pairwise(turns))
    return turns if apart and len(turns) > 1 else []


def people(names: list[int], relations: dict[tuple[int, int], Relation]) -> list[list[int]]:
    """Names of one key gathered by person: whole names that are the same, others on their own."""
    groups: list[list[int]] = []
    for name in names:
        mine = [
            group
            for group in groups
            if any(relations[(min(name, other), max(name, other))] >= Relation.SIMILAR for other in group)
        ]
        groups = [group for group in groups if group not in mine]
        groups.append([name, *(other for group in mine for other in group)])
    return groups


def _owner(address: Email, groups: list[list[int]], pairs: NamePairs) -> list[int]:
    """The names of the person whose own address it is, when the address itself says so."""
    scores = [max(fit(address.local, pairs.names[name]) for name in group) for group in groups]
    best = max(scores)
    if best < OWN or scores.count(best) != 1:
        return []
    owner = groups[scores.index(best)]
    # Shorter forms of the owner's name belong to the owner when nobody else is like them.
    for group in groups:
        if group is not owner and all(
            min(pairs.relation(name, mine) for mine in owner) >= Relation.PARTIAL for name in group
        ):
            others = [other for other in groups if other is not owner and other is not group]
            if all(
                pairs.relation(name, n) == Relation.CONFLICT
                for name in group
                for other in others
                for n in other
            ):
                owner = [*owner, *group]
    return owner


# Levels of `fit`.
UNFIT, UNKNOWN, SURNAME, OWN, WHOLE = -1, 0, 1, 2, 3


def is_unfit(local: str, name: PersonName) -> bool:
    """Whether a local part spells somebody else's name."""
    return name.kind != "none" and _conflicts(name_in_local(local), name)


def _conflicts(derived: LocalName | None, name: PersonName) -> bool:
    return derived is not None and relation(name_from_local(derived), name) is CONFLICT


def fit(local: str, name: PersonName) -> int:
    """How a local part goes with a name: it is somebody else's, says nothing, the surname, the person's, all
    of it.
    """
    if name.kind == "none":
        return UNKNOWN
    derived = name_in_local(local)
    if _conflicts(derived, name):
        return UNFIT
    letters = "".join(sign for sign in squashed(local) if sign.isalpha())
    surnames = [token for token in name.rest if len(token) > 1]
    first = name.first
    has_first = len(first) > 2 and first in letters
    has_last = any(len(token) > 2 and token in letters for token in surnames)
    if derived is not None:
        has_first = has_first or same_token(derived.given, first)
        has_last = has_last or any(
            derived.surname and same_token(derived.surname, token) for token in surnames
        )
    if has_first and has_last:
        return WHOLE
    if has_first:
        return OWN
    if surnames and first:
        patterns = {f"{first[0]}{token}" for token in surnames} | {f"{token}{first[0]}" for token in surnames}
        patterns |= {f"{first[:n]}{surnames[-1][:m]}" for n in (1, 2, 3) for m in (1, 2, 3)}
        patterns.add("".join(token[0] for token in name.tokens))
        if letters in patterns:
            return OWN
    return SURNAME if has_last else UNKNOWN


def holds_surname(local: str, name: PersonName) -> bool:
    """Whether the local part spells a surname of the name."""
    letters = "".join(sign for sign in folded(local) if sign.isalpha())
    return any(len(token) > 2 and token in letters for token in name.rest)
