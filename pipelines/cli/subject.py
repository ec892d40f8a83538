"""`make subject ARGS="…"`: requests of data subjects (GDPR art. 15 to 21), from receipt to receipt.

  open erasure --email kari@example.no [--phone …] [--name …] [--record helpscout_customer:17]
  list                       open requests and their deadlines
  show NUMBER                what would be done; changes nothing
  apply NUMBER [--tell]      do it; --tell also deletes, blanks or corrects at the sources
                             both take --name as well, where records of several people bear what was given

What can be opened: access; disclosures (who was told what, art. 15(1)(c)); rectification, with --correct;
restriction; objection to marketing, and withdrawal of one; erasure, and release
(who was erased wants to be a customer again: the named addresses, numbers and records are not held back).

Files for the person are written to DAGSTER_HOME/subject_requests/NUMBER and removed after 30 days.
"""

from __future__ import annotations

import argparse
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import get_args

from rich.console import Console

from pipelines.cli.boundary import end
from pipelines.cli.startup import NOT_STARTED, configured, day, refuse, terminal
from pipelines.privacy.periods import midnight
from pipelines.privacy.subjects.drawer import Drawer, DrawerError
from pipelines.privacy.subjects.finding import HintError, Hints
from pipelines.privacy.subjects.requests import Kind, unanswered
from pipelines.privacy.subjects.rights import CorrectionError
from pipelines.privacy.subjects.service import Report, add_name, carry_out, open_case, show
from pipelines.settings import Settings
from pipelines.store.database import open_store
from pipelines.workbench import SUBJECT_FILES, make_office, told_sources

_KINDS: tuple[Kind, ...] = get_args(Kind)


def main(arguments: list[str]) -> int:
    """Handle one command; returns the exit code (2: nothing was done)."""
    given = _parser().parse_args(arguments)
    console = terminal()
    try:
        with configured(console) as (settings, _):
            return _handle(console, settings, given)
    except (*NOT_STARTED, HintError, DrawerError, CorrectionError, KeyError) as error:
        return refuse(console, "Nothing was done.", error)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make subject", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    opening = commands.add_parser("open")
    opening.add_argument("kind", choices=_KINDS)
    opening.add_argument("--email", action="append", default=[])
    opening.add_argument("--phone", action="append", default=[])
    opening.add_argument("--name")
    opening.add_argument("--record", action="append", default=[], metavar="SOURCE:ID")
    opening.add_argument("--include", action="append", default=[], metavar="SOURCE:ID")
    opening.add_argument("--exclude", action="append", default=[], metavar="SOURCE:ID")
    opening.add_argument("--received", type=day, metavar="DAY", help="default: today")
    opening.add_argument("--correct", action="append", default=[], metavar="SOURCE:ID:FIELD=VALUE")
    commands.add_parser("list")
    showing = commands.add_parser("show")
    showing.add_argument("number", type=_number)
    applying = commands.add_parser("apply")
    applying.add_argument("number", type=_number)
    for command in (showing, applying):
        command.add_argument("--name", help="who is asking, where that was not said when it was opened")
    applying.add_argument("--tell", action="store_true", help="also delete, blank or correct at the sources")
    return parser


def _handle(console: Console, settings: Settings, given: argparse.Namespace) -> int:
    store, now = open_store(settings), datetime.now(UTC)
    office, drawer = make_office(settings, store, now), Drawer(settings.dagster_home / SUBJECT_FILES)
    try:
        if given.command in ("show", "apply") and given.name:
            add_name(drawer, given.number, given.name)
        match given.command:
            case "open":
                received = midnight(given.received) if given.received else now
                request = open_case(
                    office, drawer, given.kind, _hints(given), received, now, _corrections(given.correct)
                )
                console.print(f"Request [bold]{request.request_id}[/], to be answered by {request.due_on}.")
                _print(console, show(office, drawer, request.request_id, now))
            case "list":
                with store.crm.connect() as connection:
                    waiting = unanswered(connection)
                for request in waiting:
                    console.print(
                        f"{request.request_id}  {request.kind:<14}received {request.received_on}"
                        f"  due {request.due_on}"
                    )
                if not waiting:
                    console.print("No request waits for an answer.")
            case "show":
                _print(console, show(office, drawer, given.number, now))
            case "apply":
                with told_sources(settings, store, given.number, tell=given.tell) as sources:
                    report = carry_out(office, drawer, given.number, now, sources=sources)
                _print(console, report)
                return 1 if any(done.result == "failed" for done in report.told) else 0
    finally:
        store.close()
    return 0


def _print(console: Console, report: Report) -> None:
    console.print(f"{report.request.kind}: {'done' if report.applied else 'would be done'}")
    for name, number in report.numbers.items():
        console.print(f"  {number:>6,}  {name.replace('_', ' ')}")
    for done in report.told:
        problem = f": {done.problem}" if done.problem else ""
        fields = f" ({', '.join(done.fields)})" if done.fields else ""
        console.print(f"  at the source {done.source}: {done.action}, {done.result}{fields}{problem}")
    for path in report.files:
        console.print(f"  written: {path}")


def _number(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise argparse.ArgumentTypeError("that is no number of a request; `list` shows them") from None


def _hints(given: argparse.Namespace) -> Hints:
    return Hints(
        emails=tuple(given.email),
        phones=tuple(given.phone),
        name=given.name,
        records=tuple(map(_record, given.record)),
        include=frozenset(map(_record, given.include)),
        exclude=frozenset(map(_record, given.exclude)),
    )


def _record(text: str) -> tuple[str, str]:
    source, colon, key = text.partition(":")
    if not (source and colon and key):
        raise HintError("a record is written SOURCE:ID, e.g. helpscout_customer:17")
    return source, key


def _corrections(texts: list[str]) -> Mapping[tuple[str, str], Mapping[str, str | None]]:
    """`helpscout_customer:17:first_name=Kari` → {("helpscout_customer", "17"): {"first_name": "Kari"}}."""
    corrections: dict[tuple[str, str], dict[str, str | None]] = {}
    for text in texts:
        place, equals, value = text.partition("=")
        record, colon, name = place.rpartition(":")
        if not (equals and colon):
            raise HintError("a correction is written SOURCE:ID:FIELD=VALUE")
        corrections.setdefault(_record(record), {})[name] = value or None
    return corrections


if __name__ == "__main__":
    end(main)
