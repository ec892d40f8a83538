"""The disclosure ledger: who was told which categories about which record, when and for which purpose.

Answers GDPR art. 15(1)(c) and 19. What a request tells its recipient is declared with it in policy.yaml.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from schemas.policy import Policy
from schemas.tables.privacy import disclosure


class UndeclaredDisclosureError(ValueError):
    """A disclosure fits no request of policy.yaml; the message names recipient and request."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What a recipient was told about one record."""

    occurred_at: datetime
    recipient: str
    purpose: str
    categories: tuple[str, ...]
    source: str
    source_id: str


def record_disclosures(
    connection: sa.Connection,
    policy: Policy,
    *,
    recipient: str,
    method: str,
    path: str,
    purpose: str,
    records: Iterable[tuple[str, str]],
    run_id: str,
    now: datetime,
) -> int:
    """Note that a request was sent about some records (source entity, id); return how many are noted.

    A request that discloses nothing (`discloses` is empty) is not noted. Raises UndeclaredDisclosureError
    for a request or a purpose that the policy does not declare for the recipient.
    """
    declared = policy.recipients.get(recipient)
    request = next(
        (one for one in declared.requests if (one.method, one.path) == (method, path))
        if declared
        else iter(()),
        None,
    )
    if declared is None or request is None:
        raise UndeclaredDisclosureError(f"{recipient}: {method} {path} is not declared in policy.yaml")
    if purpose not in declared.purposes:
        raise UndeclaredDisclosureError(f"{recipient} may not be told anything for {purpose} (policy.yaml)")
    rows = [
        {
            "occurred_at": now,
            "run_id": run_id,
            "recipient": recipient,
            "purpose": purpose,
            "categories": list(request.discloses),
            "source": source,
            "source_id": source_id,
        }
        for source, source_id in sorted(set(records))
    ]
    if not rows or not request.discloses:
        return 0
    connection.execute(sa.insert(disclosure), rows)
    return len(rows)


def disclosures_about(
    connection: sa.Connection, records: Sequence[tuple[str, str]]
) -> tuple[Disclosure, ...]:
    """What was told about some records, the oldest first: whom an erasure or a correction has to reach."""
    if not records:
        return ()
    rows = connection.execute(
        sa.select(disclosure)
        .where(sa.tuple_(disclosure.c.source, disclosure.c.source_id).in_(list(records)))
        .order_by(disclosure.c.occurred_at, disclosure.c.disclosure_id)
    )
    return tuple(
        Disclosure(
            row.occurred_at, row.recipient, row.purpose, tuple(row.categories), row.source, row.source_id
        )
        for row in rows
    )
