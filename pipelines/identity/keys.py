"""The keys by which the matching lets records meet: without one in common, no two can affect each other.

The keys of organisations are the matching's own; those of persons are taken wider than it takes them, so that
they follow from a record alone. Must not decide anything.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from pipelines.identity.blocks import organization_keys
from pipelines.identity.closure import key_hashes
from pipelines.identity.clustering import digits
from pipelines.identity.features import Features, Ints
from pipelines.identity.name_pairs import NamePairs


def match_keys(data: Features) -> Iterator[tuple[Ints, Ints]]:
    """Pairs (position in the frame of the records, hash of a key it holds), kind by kind."""
    of_organizations = organization_keys(data)
    yield (
        data.order[of_organizations["row"].to_numpy(dtype="int64")],
        of_organizations["key"].to_numpy(dtype="int64"),
    )
    for kind, rows, keys in _of_persons(data):
        yield data.order[rows], key_hashes(kind, keys)


def _of_persons(data: Features) -> Iterator[tuple[str, Ints, list[str]]]:
    emails, numbers = data.email_values, data.phone_values
    yield "email", data.emails.row, [emails[at].key for at in data.emails.value.tolist()]
    yield "phone", data.phones.row, [numbers[at].key for at in data.phones.value.tolist()]
    rows = pd.notna(data.address).nonzero()[0]
    yield "address", rows, [str(address) for address in data.address[rows]]
    yield from _nearly_alike(data)


def _nearly_alike(data: Features) -> Iterator[tuple[str, Ints, list[str]]]:
    """Where addresses and numbers of one whole name meet that are a slip apart."""
    pairs = NamePairs(data)
    whole = [pairs.whole(at) for at in range(len(pairs.names))]
    name = pairs.of_row
    split = [value.key.rpartition("@") for value in data.email_values]
    places = [f"{domain} {digits(local)}" for local, _, domain in split]
    locals_ = [local for local, _, _ in split]
    held = data.emails.of_rows(name >= 0)
    for kind, parts in (("place", places), ("local", locals_)):
        yield (
            kind,
            held.row,
            [
                f"{whole[name[row]]} {parts[at]}"
                for row, at in zip(held.row.tolist(), held.value.tolist(), strict=True)
            ],
        )
    lines = data.phones.of_rows(name >= 0)
    for kind, half in (("start", slice(None, -4)), ("end", slice(-4, None))):
        yield (
            kind,
            lines.row,
            [
                f"{whole[name[row]]} {data.phone_values[at].key[half]}"
                for row, at in zip(lines.row.tolist(), lines.value.tolist(), strict=True)
            ],
        )
