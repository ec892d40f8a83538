"""Pairs of clusters that may be one person though no personal key joins them, and how much speaks for it.

Candidates share a witness, a surname and an initial, so blocks stay small; one that does not is cut to
equal names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipelines.identity.clustering import Edge, near
from pipelines.identity.features import Bools, Features, Ints, mail_domain
from pipelines.identity.guards import Keys, Standing
from pipelines.identity.name_pairs import NamePairs
from pipelines.identity.normalise.emails import Email
from pipelines.identity.normalise.names import Relation
from pipelines.identity.organizations import Organizations
from pipelines.identity.slips import digits, domain_meetings, local_meetings, number_meetings

LINK, REVIEW = 0.85, 0.5
# Clusters in one block of all pairs; a larger one is cut to equal names, then to neighbours.
LARGEST_BLOCK = 30
# A domain at which more organisations are seen is a provider's, whether or not it is listed as one.
MOST_NEIGHBOURS = 10

# How sure equal whole names are to be one person, given the witness and that nothing speaks against it.
WITNESSES: dict[str, tuple[float, str]] = {
    "organization": (0.93, "the same organisation"),
    "company_name": (0.90, "the same company name"),
    "mail_domain": (0.90, "a mail domain of the other's organisation"),
    "role_address": (0.93, "the same role mailbox"),
    "shared_email": (0.95, "the same shared address"),
    "shared_phone": (0.94, "the same shared phone"),
    "address": (0.95, "the same postal address"),
    "near_email": (0.95, "nearly the same address"),
    "near_phone": (0.93, "nearly the same phone"),
}
KINDS = tuple(WITNESSES)
_NEAR_EMAIL, _NEAR_PHONE = KINDS.index("near_email"), KINDS.index("near_phone")
_FORGIVEN = {"near_email": "addresses", "near_phone": "mobiles"}
_SHARED_KEYS = [KINDS.index(kind) for kind in ("role_address", "shared_email", "shared_phone")]
# What a household shares: children bear the names of their elders, and two of a family one of another's.
_OF_A_HOUSEHOLD = [KINDS.index(kind) for kind in ("shared_email", "shared_phone", "address")]
_ANOTHER_WITNESS = 0.015
_NAME_COST = {Relation.EQUAL: 0.0, Relation.VARIANT: 0.0, Relation.SIMILAR: 0.09, Relation.INITIAL: 0.25}
_NAME_WORDS = {
    Relation.EQUAL: "the same name",
    Relation.VARIANT: "variants of one name",
    Relation.SIMILAR: "nearly the same name",
    Relation.INITIAL: "one name abbreviated",
}
_DERIVED_COST = 0.03
_OTHER_FIRST_COST = 0.2


@dataclass(frozen=True)
class Candidates:
    """Pairs of clusters (by head row) with the relation of their names and the witnesses as a bit set.

    `other_first`: in one household, and called by different first names.
    """

    left: Ints
    right: Ints
    relation: Ints
    derived: Ints
    witnesses: Ints
    other_first: Ints

    def scored(self) -> Iterator[tuple[Edge, str]]:
        """Every pair with its score and its reasons in words."""
        what = (self.relation, self.derived, self.witnesses, self.other_first)
        rows = zip(*(column.tolist() for column in (self.left, self.right, *what)), strict=True)
        said: dict[tuple[int, ...], tuple[tuple[float, str, tuple[str, ...]], str]] = {}
        for left, right, *evidence in rows:
            key = tuple(evidence)
            found = said.get(key)
            if found is None:
                found = said[key] = _judged(*key)
            yield Edge(left, right, *found[0]), found[1]


def _judged(
    code: int, derived: int, witnesses: int, other_first: int
) -> tuple[tuple[float, str, tuple[str, ...]], str]:
    """Score, rule and what it forgives, of a pair of which this is known; and the reasons in words."""
    kinds = [kind for at, kind in enumerate(KINDS) if witnesses & 1 << at]
    relation = Relation(code)
    best = max(kinds, key=lambda kind: WITNESSES[kind][0])
    score = WITNESSES[best][0] + _ANOTHER_WITNESS * (len(kinds) - 1)
    score = min(score, 0.99) - _NAME_COST[relation] - (_DERIVED_COST if derived else 0.0)
    words = ", ".join([_NAME_WORDS[relation], *(WITNESSES[kind][1] for kind in kinds)])
    if other_first:
        score, words = score - _OTHER_FIRST_COST, f"{words}, but another first name"
    forgives = tuple(_FORGIVEN[kind] for kind in kinds if kind in _FORGIVEN)
    return (round(score, 4), f"name_and_{best}", forgives), words


def candidates(
    data: Features, organizations: Organizations, keys: Keys, pairs: NamePairs, cluster: Ints
) -> Candidates:
    """All pairs of clusters worth a look."""
    seen = pd.concat(list(_witnesses(data, organizations, keys, pairs)), ignore_index=True)
    row = seen["row"].to_numpy()
    seen["cluster"] = cluster[row].astype(np.int32)
    seen["name"] = pairs.of_row[row].astype(np.int32)
    seen = seen[seen["name"] >= 0].drop(columns="row").drop_duplicates()
    pieces = list(_pairs(data, seen, pairs))
    if not pieces:
        empty = np.zeros(0, dtype=np.int64)
        return Candidates(empty, empty, empty, empty, empty, empty)
    frame = pd.concat(pieces, ignore_index=True)
    names = (frame[name].to_numpy(dtype=np.int64) for name in ("name_a", "name_b"))
    frame["relation"] = _relations(pairs, *names)
    near_only = frame["kind"].isin([_NEAR_EMAIL, _NEAR_PHONE])
    frame = frame[
        (frame["relation"] >= Relation.INITIAL) & (~near_only | (frame["relation"] >= Relation.VARIANT))
    ]
    frame = _only_neighbours(frame[_near_enough(data, frame)])
    is_derived = pairs.is_derived
    frame["derived"] = is_derived[frame["name_a"].to_numpy()] | is_derived[frame["name_b"].to_numpy()]
    frame["bit"] = 1 << frame["kind"].to_numpy()
    frame["other_first"] = _other_first(pairs, frame)
    best = frame.groupby(["left", "right"], sort=True).agg(
        relation=("relation", "max"),
        derived=("derived", "min"),
        other_first=("other_first", "min"),
    )
    bits = frame.drop_duplicates(["left", "right", "bit"]).groupby(["left", "right"], sort=True)["bit"].sum()
    left, right = (best.index.get_level_values(at).to_numpy(dtype=np.int64) for at in (0, 1))
    return Candidates(
        left,
        right,
        best["relation"].to_numpy(dtype=np.int64),
        best["derived"].to_numpy(dtype=np.int64),
        bits.to_numpy(dtype=np.int64),
        best["other_first"].to_numpy(dtype=np.int64),
    )


def _other_first(pairs: NamePairs, frame: pd.DataFrame) -> Bools:
    """Lines of what a household shares whose first names differ: Mats and Mathias, Per and Ole Per."""
    found: Bools = np.zeros(len(frame), dtype=bool)
    asked = frame["kind"].isin(_OF_A_HOUSEHOLD) & (frame["relation"] == Relation.VARIANT)
    names = (frame.loc[asked, name].tolist() for name in ("name_a", "name_b"))
    found[asked.to_numpy()] = [not pairs.share_first_name(a, b) for a, b in zip(*names, strict=True)]
    return found


def _near_enough(data: Features, frame: pd.DataFrame) -> Bools:
    """Lines that are not near keys, and those whose keys are one slip apart."""
    kind, count = frame["kind"].to_numpy(), len(data.email_values)
    values = zip(frame["value_a"].tolist(), frame["value_b"].tolist(), strict=True)
    keep: Bools = np.ones(len(frame), dtype=bool)
    for at, (a, b) in enumerate(values):
        if kind[at] == _NEAR_EMAIL:
            keep[at] = near_addresses(data.email_values[a], data.email_values[b])
        elif kind[at] == _NEAR_PHONE:
            keep[at] = near_numbers(data.phone_values[a - count].key, data.phone_values[b - count].key)
    return keep


def _only_neighbours(frame: pd.DataFrame) -> pd.DataFrame:
    """Near keys count only for two clusters that are near each other alone: numbers in a row are a series."""
    lines = frame[frame["kind"].isin([_NEAR_EMAIL, _NEAR_PHONE])][["kind", "left", "right"]].drop_duplicates()
    ends = pd.concat([lines[["kind", end]].rename(columns={end: "cluster"}) for end in ("left", "right")])
    crowded = ends[ends.duplicated(keep=False)].drop_duplicates()
    if crowded.empty:
        return frame
    of_crowd = pd.MultiIndex.from_frame(crowded)
    ended = [pd.MultiIndex.from_frame(frame[["kind", end]]).isin(of_crowd) for end in ("left", "right")]
    return frame[~(ended[0] | ended[1])]


def near_numbers(a: str, b: str) -> bool:
    """One digit apart, but not one after the other: those are given out to one family or firm."""
    return near(a, b) and abs(int(a.lstrip("+")) - int(b.lstrip("+"))) != 1


def near_addresses(one: Email, other: Email) -> bool:
    """One slip apart, in the local part or in the domain; there where slips meet.

    A dot or a dash more is none: the second of a name takes what the first has left. Nor is another letter in
    a provider's domain, where every local part is taken; a mistyped one was put right before.
    """
    (local, _, host), (theirs, _, their_host) = one.key.rpartition("@"), other.key.rpartition("@")
    if host == their_host:
        return near(local, theirs) and _letters(local) != _letters(theirs)
    if local != theirs or mail_domain(one) is None or mail_domain(other) is None:
        return False
    met = not set(domain_meetings(one.domain)).isdisjoint(domain_meetings(other.domain))
    return met and near(one.domain, other.domain)


def _letters(local: str) -> str:
    return local.translate(_WITHOUT_SEPARATORS)


_WITHOUT_SEPARATORS = str.maketrans("", "", "._-")


def _witnesses(
    data: Features, organizations: Organizations, keys: Keys, pairs: NamePairs
) -> Iterator[pd.DataFrame]:
    """(kind, key, row) of everything that may stand beside an equal name."""
    person = data.has_person
    root = np.where(person, organizations.root, -1)
    rows = np.flatnonzero(root >= 0)
    yield _frame("organization", root[rows], rows)
    company = np.where(person & (organizations.label < 0), data.company, -1)
    core = np.array([name.core for name in data.companies] or [""], dtype=object)
    rows = np.flatnonzero(company >= 0)
    rows = rows[core[company[rows]] != ""]
    yield _frame("company_name", pd.factorize(core[company[rows]])[0], rows)
    yield _frame("mail_domain", *at_domains(data, organizations, pairs))
    shared = keys.standing[keys.key] == Standing.SHARED
    role = np.array([value.is_role for value in data.email_values] or [False], dtype=bool)
    email = keys.is_email[keys.key]
    is_role = np.zeros(len(keys.key), dtype=bool)
    is_role[email] = role[keys.key[email]]
    for kind, chosen in (
        ("role_address", shared & is_role),
        ("shared_email", shared & email & ~is_role),
        ("shared_phone", shared & ~email),
    ):
        yield _frame(kind, keys.key[chosen], keys.row[chosen])
    codes = pd.factorize(data.address)[0]
    rows = np.flatnonzero((codes >= 0) & person)
    yield _frame("address", codes[rows], rows)
    yield from _near_keys(data, keys, pairs)


def at_domains(data: Features, organizations: Organizations, pairs: NamePairs) -> tuple[Ints, Ints]:
    """(domain, row) of whole names that write from a domain that is nobody's, or act for one seen there.

    Such a domain belongs to a group or an office community, so its addresses show no organisation. Domains
    are numbered by their first address.
    """
    domain = domains_of(data)
    held = data.emails.where(domain >= 0)
    root = organizations.root[held.row]
    seen = pd.DataFrame({"domain": domain[held.value], "root": root})[root >= 0].drop_duplicates()
    seen = seen[seen.groupby("domain")["root"].transform("size") <= MOST_NEIGHBOURS]
    named = data.has_person & (pairs.of_row >= 0) & pairs.is_full[np.maximum(pairs.of_row, 0)]
    whole = np.array([pairs.whole(at) for at in range(len(pairs.names))] or [""], dtype=object)
    asked = pd.DataFrame({"domain": domain[held.value], "row": held.row})[(root < 0) & named[held.row]]
    asked = asked[asked["domain"].isin(seen["domain"])]
    asked = asked.assign(whole=whole[pairs.of_row[asked["row"]]])
    seen = seen.merge(asked[["domain", "whole"]].drop_duplicates(), on="domain")
    rows = np.flatnonzero(named & np.isin(organizations.root, seen["root"]))
    acting = pd.DataFrame({"root": organizations.root[rows], "whole": whole[pairs.of_row[rows]], "row": rows})
    met = pd.concat([asked, acting.merge(seen, on=["root", "whole"])[["domain", "row", "whole"]]])
    return met["domain"].to_numpy(dtype=np.int64), met["row"].to_numpy(dtype=np.int64)


def domains_of(data: Features) -> Ints:
    """The mail domain of each address by number, -1 for none and for a provider's."""
    found: dict[str, int] = {}
    names = (mail_domain(value) for value in data.email_values)
    return np.array(
        [-1 if name is None else found.setdefault(name, at) for at, name in enumerate(names)] or [-1]
    )


def _near_keys(data: Features, keys: Keys, pairs: NamePairs) -> Iterator[pd.DataFrame]:
    """Blocks in which nearly identical addresses and numbers of one whole name meet."""
    before = 0
    for kind, texts, rows, (block, value) in _near_lines(data, keys, pairs):
        yield _frame(KINDS[kind], before + _codes(texts)[block], rows, value)
        before += len(texts)


def _near_lines(
    data: Features, keys: Keys, pairs: NamePairs
) -> Iterator[tuple[int, list[str], Ints, tuple[Ints, Ints]]]:
    """Kind, texts of blocks, rows, and for each row its block and the value that is compared."""
    name = pairs.of_row[keys.row]
    named = (name >= 0) & pairs.is_full[np.maximum(name, 0)] & ~pairs.is_derived[np.maximum(name, 0)]
    chosen = named & (keys.standing[keys.key] == Standing.PERSONAL)
    email = chosen & keys.is_email[keys.key]
    split = [value.key.rpartition("@") for value in data.email_values]
    key, row = keys.key[email], keys.row[email]
    # A slip is never one of a digit.
    yield _NEAR_EMAIL, [f"@{domain} {digits(local)}" for local, _, domain in split], row, (key, key)
    yield _NEAR_EMAIL, [f"{local}@" for local, _, _ in split], row, (key, key)
    numbers = [value.key for value in data.phone_values]
    mobile = np.array(
        [value.kind in ("mobile", "foreign") for value in data.phone_values] or [False], dtype=bool
    )
    phone = chosen & ~keys.is_email[keys.key]
    key, row = keys.key[phone] - keys.emails, keys.row[phone]
    key, row = key[mobile[key]], row[mobile[key]]
    yield _NEAR_PHONE, [f"{text[:-4]}-" for text in numbers], row, (key, len(split) + key)
    yield _NEAR_PHONE, [f"-{text[-4:]}" for text in numbers], row, (key, len(split) + key)


def _codes(texts: list[str]) -> Ints:
    return np.asarray(pd.factorize(np.array(texts or [""], dtype=object))[0], dtype=np.int64)


def _frame(kind: str, key: Ints, row: Ints, value: Ints | None = None) -> pd.DataFrame:
    """Lines of one kind of witness; `value` is what near keys are compared by."""
    values = np.zeros(len(row), dtype=np.int64) if value is None else value
    frame = pd.DataFrame({"kind": KINDS.index(kind), "key": key, "row": row, "value": values})
    # Half the width: these are the largest frames of the matching.
    return frame.astype(np.int32)


def _pairs(data: Features, seen: pd.DataFrame, pairs: NamePairs) -> Iterator[pd.DataFrame]:
    """Pairs within blocks of one witness and nearly one name; whole names for near keys and large blocks."""
    whole = pd.factorize(np.array([pairs.whole(at) for at in range(len(pairs.names))] or [""], dtype=object))[
        0
    ]
    near_kind = seen["kind"].isin([_NEAR_EMAIL, _NEAR_PHONE])
    strict = seen[near_kind].assign(sub=lambda part: whole[part["name"]])
    sized = _sized(strict)
    yield from _all_pairs(sized[sized["size"] <= LARGEST_BLOCK])
    large = [_where_slips_meet(data, sized[sized["size"] > LARGEST_BLOCK])]
    # One kind after another: a line for each block of each name is much at once.
    for kind, of_kind in seen[~near_kind].groupby("kind", sort=True):
        sized = _sized(_by_name(of_kind, pairs, by_first_name=kind in _SHARED_KEYS))
        yield from _all_pairs(sized[sized["size"] <= LARGEST_BLOCK])
        large.append(sized[sized["size"] > LARGEST_BLOCK])
    rest = pd.concat(large, ignore_index=True)
    rest = rest.assign(sub=whole[rest["name"]]).drop(columns=["block", "size"]).drop_duplicates()
    sized = _sized(rest)
    yield from _all_pairs(sized[sized["size"] <= LARGEST_BLOCK])
    yield from _neighbours(sized[sized["size"] > LARGEST_BLOCK])


def _where_slips_meet(data: Features, large: pd.DataFrame) -> pd.DataFrame:
    """Lines of near keys whose block is too large for all pairs, in narrower blocks that lose no pair."""
    count = len(data.email_values)
    value, of_domain = (
        large["value"].to_numpy(dtype=np.int64),
        # Of the two kinds of block that addresses have in _near_keys, those of one domain come first.
        ((large["kind"] == _NEAR_EMAIL) & (large["key"] < count)).to_numpy(),
    )
    places: dict[str, int] = {}
    found: dict[tuple[int, bool], list[int]] = {}
    asked = list(zip(value.tolist(), of_domain.tolist(), strict=True))
    for at, is_of_domain in dict.fromkeys(asked):
        if at >= count:
            texts = number_meetings(data.phone_values[at - count].key)
        else:
            local, _, host = data.email_values[at].key.rpartition("@")
            of_others = tuple(f"{local}@{text}" for text in domain_meetings(data.email_values[at].domain))
            texts = local_meetings(local, host) if is_of_domain else of_others
        found[at, is_of_domain] = [places.setdefault(text, len(places)) for text in texts]
    sizes = np.array([len(found[line]) for line in asked], dtype=np.int64)
    # Blocks of their own: behind the numbers of the wide ones.
    codes = [2 * count + 2 * len(data.phone_values) + code for line in asked for code in found[line]]
    exploded = large.iloc[np.repeat(np.arange(len(large)), sizes)]
    return exploded.assign(key=np.array(codes, dtype=np.int64))


def _by_name(seen: pd.DataFrame, pairs: NamePairs, *, by_first_name: bool) -> pd.DataFrame:
    """One line for each block of a name, by its first name as well where few meet and surnames have slips."""
    codes: dict[str, int] = {}
    lists = [
        [codes.setdefault(part, len(codes)) for part in sorted(pairs.blocks(at, by_first_name=by_first_name))]
        for at in range(len(pairs.names))
    ]
    sizes = np.array([len(part) for part in lists] or [0], dtype=np.int64)
    starts = np.r_[0, np.cumsum(sizes)]
    flat = np.array([code for part in lists for code in part], dtype=np.int64)
    name = seen["name"].to_numpy(dtype=np.int64)
    counts = sizes[name]
    at = np.repeat(np.arange(len(seen)), counts)
    within = np.arange(len(at)) - np.repeat(np.cumsum(counts) - counts, counts)
    expanded = seen.iloc[at].reset_index(drop=True)
    return expanded.assign(sub=flat[starts[name[at]] + within] if len(at) else at)


def _sized(block: pd.DataFrame) -> pd.DataFrame:
    """Lines of blocks with at least two clusters, their block number and its size."""
    if block.empty:
        return block.assign(block=0, size=0)
    number = block.groupby(["kind", "key", "sub"], sort=False).ngroup()
    size = block.groupby(number)["cluster"].transform("nunique")
    return block.assign(block=number, size=size)[size > 1]


def _all_pairs(block: pd.DataFrame) -> Iterator[pd.DataFrame]:
    if block.empty:
        return
    part = block[["block", "kind", "cluster", "name", "value"]]
    both = part.merge(part, on=["block", "kind"], suffixes=("_a", "_b"))
    yield _ordered(both[both["cluster_a"] < both["cluster_b"]])


def _neighbours(block: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Each cluster with the next one: a block too large for all pairs, of one name."""
    if block.empty:
        return
    part = block.sort_values(["block", "cluster", "name"]).drop_duplicates(["block", "cluster"])
    same = part["block"].to_numpy()[1:] == part["block"].to_numpy()[:-1]
    columns = ["cluster", "name", "value"]
    first = part[:-1][same].reset_index(drop=True)
    second = part[1:][same].reset_index(drop=True)[columns]
    yield _ordered(
        pd.concat([first["kind"], first[columns].add_suffix("_a"), second.add_suffix("_b")], axis=1)
    )


def _ordered(both: pd.DataFrame) -> pd.DataFrame:
    columns = ["left", "right", "kind", "name_a", "name_b", "value_a", "value_b"]
    return both.rename(columns={"cluster_a": "left", "cluster_b": "right"})[columns]


def _relations(pairs: NamePairs, a: Ints, b: Ints) -> Ints:
    width = len(pairs.names) + 2
    unique, inverse = np.unique(a * width + b, return_inverse=True)
    codes = np.fromiter(
        (int(pairs.relation(int(pair // width), int(pair % width))) for pair in unique.tolist()),
        dtype=np.int64,
        count=len(unique),
    )
    return codes[inverse] if len(codes) else np.zeros(0, dtype=np.int64)
