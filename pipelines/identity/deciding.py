"""What people decide about pairs and keys: tried first, then written, and the cards made anew.

A decision is never overridden by a run; it is undone by withdrawing it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd
import sqlalchemy as sa

from pipelines.identity.rebuild import Preview, preview, refresh
from pipelines.identity.reporting import IdentityReport
from pipelines.store.bulk import append
from schemas.errors import SafeError
from schemas.tables import crm

Verdict = Literal["same", "different", "not_identifying"]


class DecisionError(SafeError, ValueError):
    """A decision is incomplete or names a record that is not there; the message says which part."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Two records are the same customer or not, or a key identifies nobody.

    `left` and `right` are (source, id at the source); `key` is (email, phone or domain; its value).
    """

    verdict: Verdict
    left: tuple[str, str] | None = None
    right: tuple[str, str] | None = None
    key: tuple[str, str] | None = None
    decided_by: str | None = None
    reason: str | None = None

    def row(self) -> dict[str, str | None]:
        """A row of crm.match_decision. Raises DecisionError for an incomplete decision."""
        pair, key = (self.left, self.right), self.key
        if self.verdict == "not_identifying":
            if key is None or any(pair):
                raise DecisionError("not_identifying is about a key (email, phone or domain) and no record")
        elif key is not None or not all(pair):
            raise DecisionError(f"{self.verdict} is about two records and no key")
        left, right = (record or (None, None) for record in pair)
        kind, value = key or (None, None)
        return {
            "decision": self.verdict,
            "left_source": left[0],
            "left_source_id": left[1],
            "right_source": right[0],
            "right_source_id": right[1],
            "key_kind": kind,
            "key_value": value,
            "decided_by": self.decided_by,
            "reason": self.reason,
        }


def consider(engine: sa.Engine, decisions: Sequence[Decision], withdrawn: Sequence[int] = ()) -> Preview:
    """What the decisions, and the withdrawal of earlier ones by number, would do. Changes nothing.

    Raises DecisionError, also for a number that no decision has, and ContradictionError when they contradict
    each other or earlier ones.
    """
    _check_numbers(engine, withdrawn)
    return preview(engine, _frame(engine, decisions), withdrawn=list(withdrawn))


def decide(
    engine: sa.Engine, decisions: Sequence[Decision], run_id: str, withdrawn: Sequence[int] = ()
) -> IdentityReport:
    """Write the decisions, withdraw earlier ones by number, and make the cards they touch anew.

    Raises as `consider`; nothing is written then.
    """
    _check_numbers(engine, withdrawn)
    frame = _frame(engine, decisions)
    preview(engine, frame, withdrawn=list(withdrawn))
    with engine.begin() as connection:
        append(connection, crm.match_decision, frame)
        connection.execute(
            sa.delete(crm.match_decision).where(crm.match_decision.c.decision_id.in_(list(withdrawn)))
        )
    return refresh(engine, run_id)


def _check_numbers(engine: sa.Engine, numbers: Sequence[int]) -> None:
    """Raises DecisionError for a number that no decision has."""
    decision_id = crm.match_decision.c.decision_id
    with engine.connect() as connection:
        known = set(connection.scalars(sa.select(decision_id).where(decision_id.in_(list(numbers)))))
    for number in numbers:
        if number not in known:
            raise DecisionError(f"there is no decision {number}; `make decide ARGS=list` shows them")


def _frame(engine: sa.Engine, decisions: Sequence[Decision]) -> pd.DataFrame:
    rows = [decision.row() for decision in decisions]
    records = {record for one in decisions for record in (one.left, one.right) if record is not None}
    with engine.connect() as connection:
        link = crm.source_link
        known = set(
            connection.execute(
                sa.select(link.c.source, link.c.source_id).where(
                    sa.tuple_(link.c.source, link.c.source_id).in_(sorted(records))
                )
            ).all()
        )
    if any(not source or not key for source, key in records):
        raise DecisionError("name both records by their source entity and number, e.g. course_signup and 9")
    missing = sorted(records - {(source, key) for source, key in known})
    if missing:
        raise DecisionError(f"there is no record {missing[0][0]}:{missing[0][1]} in crm.source_link")
    columns = [
        column.name
        for column in crm.match_decision.columns
        if column.name not in ("decision_id", "decided_at")
    ]
    return pd.DataFrame(rows, columns=columns, dtype=object)
