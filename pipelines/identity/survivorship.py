"""Which value a card shows when its records disagree: per field, as data, and the one way to pick.

A record's claim on a field has a kind (the rule named in `crm.field_origin.rule`). The table below orders the
kinds of each field, the best first; within a kind the newest record wins, and between equals the one whose
source and running number come last. A kind that a field does not list never reaches the card.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.identity.records import canonical_order

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Objects = npt.NDArray[np.object_]

_ORGANIZATION_FACT = ("register", "billing_customer", "former_billing_customer")

SURVIVORSHIP: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        # A whole name in its usual letters says most; what a person is called now beats what it was.
        "person.name": ("whole_name", "whole_name_in_capitals", "partial_name"),
        "person.email": ("own_address", "mistyped_address", "shared_address", "role_address"),
        # Whoever signs up gives the number at which they want to be reached.
        "person.phone": (
            "own_sign_up",
            "billing_contact",
            "support_contact",
            "shared_number",
            "other_number",
        ),
        "person.affiliation": ("billing_contact", "own_sign_up", "support_contact"),
        # The register beats what people write; a number that it does not know stands as the ledger has it.
        "organization.organization_number": (
            "register",
            "billing_customer",
            "former_billing_customer",
            "written_by_contact",
            "looked_up",
        ),
        "organization.name": (*_ORGANIZATION_FACT, "written_by_contact"),
        "organization.address": _ORGANIZATION_FACT,
        "organization.website": _ORGANIZATION_FACT,
        "organization.email": ("billing_customer", "role_mailbox", "former_billing_customer"),
        "organization.invoice_email": ("billing_customer", "former_billing_customer"),
        "organization.phone": ("billing_customer", "role_mailbox", "former_billing_customer"),
    }
)
"""Kinds of claim by `entity.field`, the best first. Facts that only the register has are not listed."""

# A claim's place in one integer: card (what is left of 63 bits), kind, age of the record, place in it.
_TIER_BITS, _RANK_BITS, _POSITION_BITS = 5, 24, 8


@dataclass(frozen=True, slots=True)
class Claims:
    """Claims on one field: the record, its card, the kind of claim and the value, in parallel arrays.

    `position` orders values of one record, the first first.
    """

    row: Ints
    card: Ints
    kind: Objects
    value: Objects
    position: Ints

    def __len__(self) -> int:
        return len(self.row)

    def where(self, keep: Bools | Ints) -> Claims:
        """The marked or numbered claims."""
        return Claims(self.row[keep], self.card[keep], self.kind[keep], self.value[keep], self.position[keep])


def claims(
    row: Ints, card: Ints, kind: str | Objects, value: Objects, position: Ints | None = None
) -> Claims:
    """Claims of records that have a card and a value; the others are left out."""
    kinds = np.full(len(row), kind, dtype=object) if isinstance(kind, str) else kind
    at = np.zeros(len(row), dtype=np.int64) if position is None else position
    return Claims(row, card, kinds, value, at).where((card >= 0) & present(value))


def present(values: Objects) -> Bools:
    """Which values are not missing."""
    return np.asarray(pd.notna(values), dtype=bool)


def objects(values: Sequence[Any]) -> Objects:
    """Texts, flags or numbers as an array that holds them as they are."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def together(parts: Sequence[Claims]) -> Claims:
    """The claims of several kinds of record as one."""
    return Claims(
        np.concatenate([part.row for part in parts]),
        np.concatenate([part.card for part in parts]),
        np.concatenate([part.kind for part in parts]),
        np.concatenate([part.value for part in parts]),
        np.concatenate([part.position for part in parts]),
    )


def ranked(all_claims: Claims, newest: Ints, kinds: Sequence[str]) -> Claims:
    """The claims of the listed kinds, by card and then the best first."""
    tier = pd.Index(kinds).get_indexer(pd.Index(all_claims.kind))
    listed = all_claims.where(tier >= 0)
    key = (
        (listed.card << (_TIER_BITS + _RANK_BITS + _POSITION_BITS))
        | (tier[tier >= 0] << (_RANK_BITS + _POSITION_BITS))
        | (newest[listed.row] << _POSITION_BITS)
        | np.minimum(listed.position, (1 << _POSITION_BITS) - 1)
    )
    return listed.where(np.argsort(key, kind="stable"))


def winners(in_order: Claims) -> Claims:
    """The best claim of each card, out of `ranked` ones."""
    is_first = np.ones(len(in_order), dtype=bool)
    is_first[1:] = in_order.card[1:] != in_order.card[:-1]
    return in_order.where(is_first)


def newest_first(records: pd.DataFrame) -> Ints:
    """Rank of each record by the time of its last change (else of its making), 0 for the newest.

    Raises ValueError for more records than a rank has room for.
    """
    if len(records) >= 1 << _RANK_BITS:
        raise ValueError(f"{len(records)} records: at most {1 << _RANK_BITS} can be ranked")
    changed = pd.to_datetime(records["changed_at"], utc=True)
    made = pd.to_datetime(records["created_at"], utc=True)
    stamp = changed.fillna(made)
    time = stamp.to_numpy(dtype="datetime64[us]").astype(np.int64)
    rank = np.empty(len(records), dtype=np.int64)
    rank[np.lexsort((-canonical_order(records), -time, stamp.isna().to_numpy()))] = np.arange(len(records))
    return rank
