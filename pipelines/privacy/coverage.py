"""Whether the policy covers everything that is read and stored: every table, column and payload field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import sqlalchemy as sa

from schemas.categories import Category
from schemas.payloads.base import Payload
from schemas.policy import Policy, PolicyError, RetentionRule
from schemas.tables import all_tables, qualified
from schemas.tables.landing import PAYLOADS


def uncovered(
    policy: Policy, tables: Iterable[sa.Table] | None = None, payloads: Iterable[type[Payload]] = PAYLOADS
) -> tuple[str, ...]:
    """What the policy does not cover, in words; () when every column and field has a category and a clause.

    Also what it says of tables that do not exist, or of clocks that could leave a row without an end.
    """
    known = {qualified(table): table for table in (all_tables() if tables is None else tables)}
    return (
        *_tables(policy, known),
        *_fields(policy, payloads),
        *(problem for rule in policy.retention for problem in _rule(rule, known)),
        *_holds(policy, known),
    )


def refuse_uncovered(policy: Policy) -> None:
    """Raise PolicyError naming the first gap, so that nothing is read that the policy does not cover."""
    gaps = uncovered(policy)
    if gaps:
        more = f" (and {len(gaps) - 1} more)" if len(gaps) > 1 else ""
        raise PolicyError(f"policy.yaml: {gaps[0]}{more}")


def _tables(policy: Policy, known: dict[str, sa.Table]) -> Iterator[str]:
    for name, table in known.items():
        if name not in policy.data:
            yield f"table {name} is not listed under data"
        for column in table.columns:
            category = column.info.get("category")
            if category not in policy.categories:
                yield f"column {name}.{column.name} has the category {category}, which is not listed"
    for name in policy.data:
        if name not in known:
            yield f"data lists {name}, which does not exist"


def _fields(policy: Policy, payloads: Iterable[type[Payload]]) -> Iterator[str]:
    for payload in payloads:
        if f"landing.{payload.source}" not in policy.data:
            yield f"payload {payload.__name__} is read for no table under data"
        for name, field in payload.model_fields.items():
            marks = [mark.key for mark in field.metadata if isinstance(mark, Category)]
            if len(marks) != 1 or marks[0] not in policy.categories:
                yield f"field {payload.__name__}.{name} needs one category of the policy"


def _rule(rule: RetentionRule, known: dict[str, sa.Table]) -> Iterator[str]:
    table = known.get(rule.data)
    if table is None or rule.expires_after is None:
        return
    missing = [name for name in rule.clock_columns if name not in table.c]
    if missing:
        yield f"retention rule {rule.id} counts from {', '.join(missing)}, which {rule.data} does not have"
    elif rule.data.startswith("landing.") and rule.period and table.c[rule.clock_columns[-1]].nullable:
        yield f"retention rule {rule.id}: the last clock may be empty, and a row without one would never go"


def _holds(policy: Policy, known: dict[str, sa.Table]) -> Iterator[str]:
    for hold in policy.holds:
        if hold.column and hold.data in known and hold.column not in known[hold.data].c:
            yield f"hold {hold.id} names column {hold.column}, which {hold.data} does not have"
