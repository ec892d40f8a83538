"""What each cluster of records owns itself: addresses and mobile numbers that nobody else uses.

Two of a kind speak against one person. Must not decide anything.
"""

from __future__ import annotations

import re

import numpy as np

from pipelines.identity.clustering import Own
from pipelines.identity.features import Features, Ints, distinct
from pipelines.identity.guards import OWN, Keys, Standing, fit, is_unfit
from pipelines.identity.name_pairs import NamePairs

_NUMBERED = re.compile(r"[a-z][2-9]$")


def owned(data: Features, keys: Keys, pairs: NamePairs, cluster: Ints, heads: list[int]) -> dict[int, Own]:
    """What each cluster owns: addresses that are its own by key or by spelling, mobiles nobody else uses."""
    own = {head: Own() for head in heads}
    wanted = np.zeros(len(data) + 1, dtype=bool)
    wanted[heads] = True
    chosen = wanted[cluster[keys.row]]
    row, key = keys.row[chosen], keys.key[chosen]
    width, depth = len(pairs.names) + 1, len(keys.standing)
    seen = distinct((cluster[row] * depth + key) * width + pairs.of_row[row] + 1)
    heads_keys, names = seen // width, seen % width - 1
    held = heads_keys % depth
    columns = (heads_keys // depth, held, names, keys.standing[held], keys.is_email[held])
    # Looking a member up on its class costs as much as all else here.
    personal, shared, worthless = {Standing.PERSONAL, Standing.RENAMED}, Standing.SHARED, Standing.WORTHLESS
    for head, key, name, standing, is_email in zip(*(column.tolist() for column in columns), strict=True):
        mine = own[head]
        if not is_email:
            number = data.phone_values[key - keys.emails]
            if standing in personal and number.kind in ("mobile", "foreign"):
                mine.mobiles.add(number.key)
            continue
        address = data.email_values[key]
        if standing == worthless or address.is_role:
            continue
        if standing == shared and name not in keys.owners.get(key, []):
            continue
        if name >= 0 and is_unfit(address.local, pairs.names[name]):
            continue
        local = address.key.rpartition("@")[0]
        if address.is_public:
            mine.public.add(address.key)
        else:
            mine.locals.setdefault(address.domain, set()).add(local)
            if name >= 0 and _NUMBERED.search(local) and fit(address.local, pairs.names[name]) >= OWN:
                mine.numbered = True
    return own
