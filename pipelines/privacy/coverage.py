"""Whether the policy covers everything that is read and stored: every table, column and payload field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import sqlalchemy as sa

from schemas.categories import Category
from schemas.payloads.base import Payload
from schemas.policy import Place, Policy, PolicyError
from schemas.tables import all_tables, qualified
from schemas.tables.landing import BOOKKEEPING, PAYLOADS


def uncovered(
    policy: Policy, tables: Iterable[sa.Table] | None = None, payloads: Iterable[type[Payload]] = PAYLOADS
) -> tuple[str, ...]:
    """What the policy does not cover, in words and with the line of policy.yaml where it has to be mended.

    () when every column and field has a category and a clause. Also what it says of tables that do not exist,
    or of clocks that could leave a row without an end.
    """
    known = {qualified(table): table for table in (all_tables() if tables is None else tables)}
    gaps = (
        *_tables(policy, known),
        *_fields(policy, payloads),
        *_rules(policy, known),
        *_holds(policy, known),
    )
    return tuple(policy.at(place, problem) for place, problem in gaps)


def refuse_uncovered(policy: Policy) -> None:
    """Raise PolicyError naming the first gap, so that nothing is read that the policy does not cover."""
    gaps = uncovered(policy)
    if gaps:
        more = f" (and {len(gaps) - 1} more)" if len(gaps) > 1 else ""
        raise PolicyError(f"{gaps[0]}{more}")


Gaps = Iterator[tuple[Place, str]]


def _tables(policy: Policy, known: dict[str, sa.Table]) -> Gaps:
    for name, table in known.items():
        if name not in policy.data:
            yield ("data",), f"table {name} is not listed under data"
        for column in table.columns:
            category = column.info.get("category")
            if category not in policy.categories:
                yield (
                    ("categories",),
                    f"column {name}.{column.name} has the category {category}, which is not listed",
                )
    for name in policy.data:
        if name not in known:
            yield ("data", name), f"data lists {name}, which does not exist"


def _fields(policy: Policy, payloads: Iterable[type[Payload]]) -> Gaps:
    for payload in payloads:
        if f"landing.{payload.source}" not in policy.data:
            yield ("data",), f"payload {payload.__name__} is read for no table under data"
        for name, field in payload.model_fields.items():
            marks = [mark for mark in field.metadata if isinstance(mark, Category)]
            if len(marks) != 1 or marks[0] not in policy.categories:
                yield ("categories",), f"field {payload.__name__}.{name} needs one category of the policy"


def _rules(policy: Policy, known: dict[str, sa.Table]) -> Gaps:
    for at, rule in enumerate(policy.retention):
        table, place = known.get(rule.data), ("retention", at, "clock" if rule.clock else "at_source")
        if table is None or rule.expires_after is None:
            continue
        missing = [name for name in rule.clock_columns if name not in table.c]
        if missing:
            yield (
                place,
                f"retention rule {rule.id} counts from {', '.join(missing)}, which {rule.data} does not have",
            )
        elif rule.data.startswith("landing.") and rule.period and table.c[rule.clock_columns[-1]].nullable:
            yield (
                place,
                f"retention rule {rule.id}: the last clock may be empty, and such a row would never go",
            )


def _holds(policy: Policy, known: dict[str, sa.Table]) -> Gaps:
    for at, hold in enumerate(policy.holds):
        place = ("holds", at, "column")
        if not hold.column or hold.data not in known:
            continue
        if hold.column not in known[hold.data].c:
            yield place, f"hold {hold.id} names column {hold.column}, which {hold.data} does not have"
        elif hold.data.startswith("landing.") and hold.column in BOOKKEEPING:
            yield place, f"hold {hold.id} names rows by {hold.column}, which their source does not tell"
