"""Judges what retention left behind."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.findings import Finding


def nothing_overdue(rows: Mapping[str, int]) -> Finding:
    """No row is past its period and held by nothing."""
    late = {rule: number for rule, number in rows.items() if number}
    numbers = {"overdue": sum(late.values())}
    if not late:
        return Finding(True, "nothing is past its period", numbers)
    named = ", ".join(f"{number:,} by {rule}" for rule, number in late.items())
    return Finding(False, f"{named}: run the retention job, which deletes them", numbers)
