"""What a run did, for a person: sources, cards, privacy, checks, where to look, what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import dagster as dg
from rich.console import Console

from pipelines.cli.run_events import Checks, cause, checks_of, evaluations
from pipelines.cli.run_facts import Facts, read_facts
from pipelines.cli.startup import left_out
from pipelines.settings import Settings
from pipelines.steps import step_name
from pipelines.store.database import open_store
from schemas.payloads.base import Payload, System
from schemas.tables.landing import PAYLOADS

_LABELS: Mapping[System, str] = {
    "helpscout": "Help Scout (S1)",
    "tripletex": "Tripletex (S2, S6)",
    "brreg": "Brønnøysund register (S2)",
    "pindena": "Registration system (S2, S4)",
}
_ENTITIES = {"person": "person", "organization": "organisation"}
_SHOWN = "told received stored unchanged suppressed rejected requests".split()


def summarize(
    console: Console,
    settings: Settings,
    events: Sequence[dg.DagsterEvent],
    *,
    run_id: str,
    succeeded: bool,
    seconds: float,
    is_sandbox: bool,
) -> int:
    """Print the summary of a run; returns the exit code."""
    store = open_store(settings)
    with store.crm.connect() as connection:
        facts = read_facts(connection, run_id)
    store.close()
    checks = checks_of(events)
    _sources(console, settings, facts)
    _cards(console, facts)
    _privacy(console, facts, events)
    _checks(console, checks)
    _where(console, settings, seconds, run_id)
    return _verdict(console, facts, events, checks, succeeded=succeeded, is_sandbox=is_sandbox)


def _sources(console: Console, settings: Settings, facts: Facts) -> None:
    missing = left_out(settings)
    console.print()
    console.print(f"[bold]{'Sources':<16}[/]" + "".join(f"{name:>{_width(name)}}" for name in _SHOWN))
    for system, label in _LABELS.items():
        note = "  [yellow]not configured[/]" if system in missing else ""
        console.print(f"[bold]{label}[/]{note}")
        for payload in PAYLOADS if system not in missing else ():
            if payload.system == system:
                console.print(_line(payload, facts.loads.get(payload.source)))


def _line(payload: type[Payload], numbers: dict[str, int] | None) -> str:
    """One source entity and its numbers under their headings."""
    name = f"  {payload.source.split('_', maxsplit=1)[1]:<14}"
    if numbers is None:
        return f"{name}[dim]not read[/]"
    cells = "".join(f"{numbers[column]:>{_width(column)},}" for column in _SHOWN)
    return name + cells + (f"  {numbers['deleted']:,} gone" if numbers["deleted"] else "")


def _width(column: str) -> int:
    """Characters of a column: all of them and the names fit into 80."""
    return max(8, len(column) + 1)


def _cards(console: Console, facts: Facts) -> None:
    changes = ", ".join(f"{number:,} {event.lower()}" for event, number in sorted(facts.events.items()))
    console.print()
    console.print(
        f"[bold]Cards[/]  {facts.organizations:,} organisations, {facts.people:,} people"
        f"  [dim]({changes or 'no card made, merged or split'})[/]"
    )
    for entity, rule, number in facts.rules:
        console.print(f"  {number:>7,}  {_ENTITIES[entity]} records joined by {rule.replace('_', ' ')}")
    console.print(f"  {facts.reviews:>7,}  pairs wait for a person's decision (crm.match_review)")


def _privacy(console: Console, facts: Facts, events: Sequence[dg.DagsterEvent]) -> None:
    console.print()
    console.print("[bold]Privacy[/]")
    removed = [entry for entry in facts.retention if entry[1] or entry[2]]
    for rule, rows, partitions in removed:
        days = f", {partitions:,} whole days dropped" if partitions else ""
        console.print(f"  retention {rule}: {rows:,} rows removed{days}")
    if not removed:
        told = f"{len(facts.retention)} rules applied" if facts.retention else "not reached in this run"
        console.print(f"  retention: {told}" + (", nothing was past its period" if facts.retention else ""))
    for check in evaluations(events):
        if check.asset_key.path[0] == "privacy" and check.description:
            mark = "[green]✓[/]" if check.passed else "[red]✗[/]"
            console.print(
                f"  {mark} {check.check_name.replace('_', ' ')}: {check.description}", soft_wrap=True
            )


def _checks(console: Console, checks: Checks) -> None:
    more = f", {len(checks.warnings)} to look at" if checks.warnings else ""
    console.print()
    console.print(f"[bold]Checks[/]  {checks.passed} passed{more}")
    for colour, failed in (("red", checks.failures), ("yellow", checks.warnings)):
        for name, description in failed:
            console.print(f"  [{colour}]{name}[/]: {description}")


def _where(console: Console, settings: Settings, seconds: float, run_id: str) -> None:
    place = (
        f"the embedded PostgreSQL in {settings.dagster_home.name}/postgres"
        if settings.crm_database_url is None
        else "the database of CRM_DATABASE_URL"
    )
    console.print()
    console.print(f"[bold]Store[/]  {place}, schema crm. Look into it with `make psql`, for example:")
    console.print("  SELECT name, organization_number, status FROM crm.organization ORDER BY name LIMIT 10;")
    console.print(f"[dim]Run {run_id[:8]} took {seconds:.0f} s; `make ui` shows it in Dagster.[/]")


def _verdict(
    console: Console,
    facts: Facts,
    events: Sequence[dg.DagsterEvent],
    checks: Checks,
    *,
    succeeded: bool,
    is_sandbox: bool,
) -> int:
    console.print()
    failed_steps = [event for event in events if event.is_step_failure]
    for event in failed_steps:
        console.print(f"[red]{step_name(event.step_key)} failed:[/] {cause(event)}")
    if failed_steps or not succeeded:
        console.print("[red]The sync failed.[/] Mend what the line above names, then run `make sync` again.")
        return 1
    if checks.failures:
        console.print(
            f"[red]{len(checks.failures)} checks failed.[/] Mend what they name, then run `make sync` again."
        )
        return 1
    changed = sum(load["stored"] + load["deleted"] for load in facts.loads.values()) + sum(
        facts.events.values()
    )
    news = "Synced." if changed else "Synced: nothing changed."
    advice = (
        "`make sandbox-day` lets a day pass there; `make ui` opens Dagster."
        if is_sandbox
        else "`make ui` opens Dagster."
    )
    console.print(f"[green]{news}[/] Next: {advice}")
    return 0
