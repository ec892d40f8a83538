"""The steps of a run by the names that people know."""

from __future__ import annotations


def step_name(step_key: str | None) -> str:
    """The last part of a key of Dagster's (`helpscout__helpscout_customers`): it carries the meaning."""
    return (step_key or "").rsplit("__", 1)[-1]
