"""The operator's page has an answer for every check, and for no check that there is not."""

from __future__ import annotations

import re
from pathlib import Path

import dagster as dg

PAGE = Path(__file__).parents[3] / "OPERATIONS.md"


def rows(heading: str) -> dict[str, list[str]]:
    """The table under a heading: its first cell, and the others."""
    section = PAGE.read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    cells = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]
    return {first.strip(" `"): [cell.strip() for cell in others] for first, *others in cells}


def test_every_check_has_its_row_and_every_row_its_check(definitions: dg.Definitions) -> None:
    checks = {check.name for check in definitions.resolve_asset_graph().asset_check_keys}
    assert rows("When a check is red").keys() == checks


def test_the_page_says_which_checks_block(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    blocking = {check.name for check in graph.asset_check_keys if graph.get(check).blocking}
    told = {name for name, (_, blocks, _) in rows("When a check is red").items() if blocks == "yes"}
    assert told == blocking


def test_every_job_that_a_schedule_starts_is_on_the_page(definitions: dg.Definitions) -> None:
    jobs = {str(schedule.job_name) for schedule in definitions.get_repository_def().schedule_defs}
    told = re.findall(r"^\| `(\w+)`", PAGE.read_text().split("## When a check")[0], re.MULTILINE)
    assert jobs == set(told)


def test_the_contents_name_every_section_and_lead_there() -> None:
    page = PAGE.read_text()
    contents = re.findall(r"\[([^\]]+)\]\(#([^)]+)\)", page.split("\n## ")[0])
    assert [name for name, _ in contents] == re.findall(r"^## (.+)$", page, re.MULTILINE)
    # GitHub's way to name the place of a heading.
    assert all(link == re.sub(r"[^\w -]", "", name.lower()).replace(" ", "-") for name, link in contents)
