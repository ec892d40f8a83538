"""Short hand for the records of matching tests."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any

import pandas as pd

from pipelines.identity.match import Matching, match

DECISION_COLUMNS = [
    "decision",
    "left_source",
    "left_source_id",
    "right_source",
    "right_source_id",
    "key_kind",
    "key_value",
]
COLUMNS = [
    "source",
    "source_id",
    "first_name",
    "last_name",
    "full_name",
    "emails",
    "phones",
    "company_name",
    "organization_number",
    "company_ref",
    "is_private",
    "is_inactive",
    "address",
    "postal_code",
    "city",
    "website",
    "changed_at",
    "created_at",
    "organization_form",
    "unit_status",
    "parent_number",
    "former_names",
]
_NUMBERS = count(1)


def record(
    source: str,
    *,
    name: str | None = None,
    company: str | None = None,
    year: int | None = None,
    **values: object,
) -> dict[str, object]:
    """A record; `name` is split at the last space, `company` is the bearer's name for customers and units."""
    row: dict[str, object] = dict.fromkeys(COLUMNS)
    row |= {
        "source": source,
        "source_id": f"r{next(_NUMBERS):06d}",
        "emails": [],
        "phones": [],
        "former_names": [],
    }
    if name is not None:
        row["first_name"], _, row["last_name"] = name.rpartition(" ") if " " in name else (name, "", "")
    if company is not None:
        row["full_name" if source in ("tripletex_customer", "brreg_unit") else "company_name"] = company
    if year is not None:
        row["created_at"] = row["changed_at"] = datetime(year, 6, 1, tzinfo=UTC)
    return row | values


def unit(number: str, name: str, **values: object) -> dict[str, object]:
    """A unit of the register."""
    told: dict[str, Any] = {"organization_form": "AS", "unit_status": "active", "source_id": number, **values}
    return record("brreg_unit", company=name, organization_number=number, **told)


def frame(*records: dict[str, object]) -> pd.DataFrame:
    """The records frame."""
    columns = {name: pd.Series([row[name] for row in records], dtype=object) for name in COLUMNS}
    return pd.DataFrame(columns)


def decisions(*rows: tuple[object, ...]) -> pd.DataFrame:
    """Rows of decisions: ("same", one, other), ("different", …), ("not_identifying", kind, value)."""
    listed: list[dict[str, object]] = []
    for kind, one, other in rows:
        line: dict[str, object] = dict.fromkeys(DECISION_COLUMNS) | {"decision": kind}
        if isinstance(one, dict) and isinstance(other, dict):
            line |= {
                "left_source": one["source"],
                "left_source_id": one["source_id"],
                "right_source": other["source"],
                "right_source_id": other["source_id"],
            }
        else:
            line |= {"key_kind": one, "key_value": other}
        listed.append(line)
    return pd.DataFrame(listed, columns=DECISION_COLUMNS)


def matched(*records: dict[str, object], decided: pd.DataFrame | None = None) -> Matching:
    """The outcome for these records."""
    return match(frame(*records), decisions() if decided is None else decided)


def linked(*records: dict[str, object]) -> list[int | None]:
    """For every record after the units, the position of the unit it belongs to."""
    outcome = matched(*records)
    units = {
        int(outcome.organization[at]): at for at, row in enumerate(records) if row["source"] == "brreg_unit"
    }
    return [
        units.get(int(outcome.organization[at]))
        for at, row in enumerate(records)
        if row["source"] != "brreg_unit"
    ]


def namesakes() -> list[dict[str, object]]:
    """Two living units of one name in different towns."""
    return [
        unit("300000002", "LYSNE AS", city="BERGEN", postal_code="5003"),
        unit("300000010", "LYSNE AS", city="BODØ", postal_code="8006"),
    ]
