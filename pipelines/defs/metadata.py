"""What runs have done, as Dagster's metadata: numbers, and Markdown tables of numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from pipelines.identity.overview import Overview
from pipelines.identity.reporting import IdentityReport
from pipelines.privacy.retention import Plan, Removal
from pipelines.store.tally import Tally

OWNERS = ["team:data"]
_HOLDS_SHOWN = 5
_RULES_SHOWN = 10
_NOTHING = dg.MarkdownMetadataValue("nothing")
SINGLETON_SHARE = {"person": "people_of_one_record", "organization": "organizations_of_one_record"}
"""By kind of card: the metadata that holds the share of cards with one source record, 0 to 1."""


def reconciliation(tally: Tally, rows: int, seconds: float) -> dict[str, Any]:
    """The numbers of one read, the same keys every time so that Dagster plots them, and as a table."""
    more = {"distinct": tally.distinct, "difference": tally.difference, "dropped": tally.dropped}
    counts = tally.counts() | more
    return {
        "configured": True,
        "dagster/row_count": rows,
        "seconds": round(seconds, 2),
        **counts,
        "reconciliation": markdown_table("", "records", counts),
    }


def identity_numbers(report: IdentityReport) -> dict[str, Any]:
    """What the matching found and did, in numbers."""
    names = "records recomputed people organizations reviews guards created merged split erased".split()
    return {
        **{name: getattr(report, name) for name in names},
        "rows_changed": report.changed,
        "matches_by_rule": markdown_table("rule", "merges", report.links),
        "affiliations_by_rule": markdown_table("rule", "people", report.affiliations),
    }


def cards_by_size(now: Overview) -> dict[str, Any]:
    """The cards with the most source records, by id, and the share of those with one record."""
    lines = [
        f"| {entity} | {card} | {records:,} |"
        for entity, sizes in now.sizes.items()
        for card, records in sizes.largest
    ]
    return {
        **{f"largest_{entity}": sizes.most for entity, sizes in now.sizes.items()},
        **{SINGLETON_SHARE[entity]: round(sizes.singleton_share, 4) for entity, sizes in now.sizes.items()},
        "largest_cards": dg.MarkdownMetadataValue(
            "\n".join(["| card | id | records |", "|---|---|---:|", *lines])
        ),
    }


def newest_events(now: Overview) -> dg.MarkdownMetadataValue:
    """The newest merges and splits: the card, the one that became part of it or left it, and the rule."""
    lines = [
        f"| {one.occurred_at:%m-%d %H:%M} | {one.event} | {one.entity_id} | {one.other_entity_id} "
        f"| {one.rule or '–'} |"
        for one in now.newest
    ]
    return dg.MarkdownMetadataValue(
        "\n".join(["| UTC | event | card | other | rule |", "|---|---|---|---|---|", *lines])
    )


def markdown_table(name: str, value: str, rows: Mapping[str, int]) -> dg.MarkdownMetadataValue:
    """Numbers by name as a Markdown table of two columns."""
    lines = [f"| {key} | {number:,} |" for key, number in rows.items()]
    return dg.MarkdownMetadataValue("\n".join([f"| {name} | {value} |", "|---|---:|", *lines]))


def retention_plan(plans: Sequence[Plan]) -> dict[str, dg.MarkdownMetadataValue]:
    """What would be deleted now: the rules with the most rows, what is due next, and each rule in full.

    The first two are short enough for Dagster to show them at once.
    """
    now = sorted((plan for plan in plans if plan.rows or plan.held), key=lambda plan: -plan.rows)
    due = [f"| {plan.rule} | {plan.cutoff:%Y-%m-%d} | {plan.rows:,} | {plan.held:,} |" for plan in now]
    if len(due) > _RULES_SHOWN:
        rest = now[_RULES_SHOWN:]
        rows, held = sum(plan.rows for plan in rest), sum(plan.held for plan in rest)
        due[_RULES_SHOWN:] = [f"| {len(rest)} others | | {rows:,} | {held:,} |"]
    later = sorted((plan.next_at, plan.rule) for plan in plans if plan.next_at)
    coming = [f"| {moment:%Y-%m-%d} | {rule} |" for moment, rule in later[:_RULES_SHOWN]]
    return {
        "due_now": _table(["| rule | older than | rows | held |", "|---|---|---:|---:|"], due),
        "due_next": _table(["| day (UTC) | rule |", "|---|---|"], coming),
        "plan": plan_in_full(plans),
    }


def plan_in_full(plans: Sequence[Plan]) -> dg.MarkdownMetadataValue:
    """What each rule would delete now, what a hold keeps, and when the next row expires."""
    lines = [
        f"| {plan.rule} | {plan.data} | {plan.cutoff:%Y-%m-%d %H:%M} | {plan.rows:,} | {plan.held:,} | "
        f"{f'{plan.next_at:%Y-%m-%d}' if plan.next_at else '–'} |"
        for plan in plans
    ]
    return _table(
        ["| rule | data | older than (UTC) | rows | held | next |", "|---|---|---|---:|---:|---|"], lines
    )


def holds_that_count(plans: Sequence[Plan]) -> dict[str, Any]:
    """Which holds stand in the way, and of several on the same rows why one counts; the first few."""
    held = list(dict.fromkeys((plan.data, ruling.why) for plan in plans for ruling in plan.rulings))
    lines = [f"| {data} | {why} |" for data, why in held[:_HOLDS_SHOWN]]
    return {"holds": len(held), "held_because": _table(["| data | because |", "|---|---|"], lines)}


def removals(done: Sequence[Removal]) -> dg.MarkdownMetadataValue:
    """What each rule deleted that deleted anything."""
    rows = {removal.rule: removal.rows for removal in done if removal.rows}
    return markdown_table("rule", "rows removed", rows) if rows else _NOTHING


def _table(head: Sequence[str], lines: Sequence[str]) -> dg.MarkdownMetadataValue:
    """A Markdown table; without lines, a word."""
    return dg.MarkdownMetadataValue("\n".join([*head, *lines])) if lines else _NOTHING
