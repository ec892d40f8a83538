"""Prints one line per finished step while a run goes on, from the run's own events."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import sqlalchemy as sa
from rich.console import Console

from pipelines.steps import step_name

_INTERVAL_SECONDS = 0.2


@contextmanager
def progress(console: Console, instance: dg.DagsterInstance, run_id: str, steps: int) -> Iterator[None]:
    """Report the steps of a run that goes on inside the block; `steps` is how many there will be."""
    done = threading.Event()
    printer = threading.Thread(target=_follow, args=(console, instance, run_id, steps, done), daemon=True)
    printer.start()
    try:
        yield
    finally:
        done.set()
        printer.join()


def _follow(
    console: Console, instance: dg.DagsterInstance, run_id: str, steps: int, done: threading.Event
) -> None:
    cursor, finished, last_look = None, 0, False
    while True:
        try:
            records = instance.get_records_for_run(run_id, cursor=cursor)
        except sa.exc.DBAPIError:
            # The run writes to the same records, and says what is wrong with them.
            return
        cursor = records.cursor
        for record in records.records:
            event = record.event_log_entry.dagster_event
            if event is None or not (event.is_step_success or event.is_step_failure or event.is_step_skipped):
                continue
            finished += 1
            mark = "[green]✓[/]" if event.is_step_success else "[red]✗[/]" if event.is_step_failure else "–"
            console.print(f"  {mark} [dim]{finished:>2}/{steps}[/] {step_name(event.step_key)}{_told(event)}")
        if last_look:
            return
        last_look = done.wait(_INTERVAL_SECONDS)


def _told(event: dg.DagsterEvent) -> str:
    if event.is_step_failure:
        return "  [red]failed[/]"
    if event.is_step_success:
        return f"  [dim]{event.step_success_data.duration_ms / 1000:.1f} s[/]"
    return "  [dim]skipped[/]"
