"""`make decide ARGS="…"`: what people know about pairs and keys. Shows what it would do; --apply does it.

same LEFT RIGHT            two records are one customer, e.g. helpscout_customer:17 course_signup:9
different LEFT RIGHT       they are not
not-identifying email post@example.no
withdraw NUMBER            take a decision back (numbers: crm.match_decision)
list                       decisions that stand, and pairs that wait for one
"""

from __future__ import annotations

import argparse
import getpass
import sys
from typing import Any

import sqlalchemy as sa
from rich.console import Console

from pipelines.cli.startup import NOT_STARTED, terminal
from pipelines.identity.deciding import Decision, DecisionError, consider, decide
from pipelines.identity.decisions import ContradictionError
from pipelines.identity.reporting import IdentityReport
from pipelines.settings import load_settings
from pipelines.store.database import open_store
from schemas.tables import crm


def main(arguments: list[str]) -> int:
    """Handle one command; returns the exit code (2: nothing was done)."""
    given = _parser().parse_args(arguments)
    console = terminal()
    try:
        store = open_store(load_settings())
        if given.command == "list":
            _list(console, store.crm)
        else:
            _decide(console, store.crm, given)
        store.close()
    except (*NOT_STARTED, DecisionError, ContradictionError) as error:
        console.print(f"[red]Nothing was done.[/] {error}")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make decide", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for verdict in ("same", "different"):
        pair = commands.add_parser(verdict)
        pair.add_argument("left", metavar="SOURCE:ID")
        pair.add_argument("right", metavar="SOURCE:ID")
    key = commands.add_parser("not-identifying")
    key.add_argument("kind", choices=("email", "phone", "domain"))
    key.add_argument("value")
    commands.add_parser("withdraw").add_argument("number", type=int)
    commands.add_parser("list")
    for name in ("same", "different", "not-identifying", "withdraw"):
        commands.choices[name].add_argument("--reason")
        commands.choices[name].add_argument("--apply", action="store_true")
    return parser


def _decide(console: Console, engine: sa.Engine, given: argparse.Namespace) -> None:
    withdrawn = [given.number] if given.command == "withdraw" else []
    decisions = [] if withdrawn else [_decision(given)]
    outcome = consider(engine, decisions, withdrawn)
    for event in outcome.events.to_dict("records"):
        other = f" ← {event['other_entity_id']}" if event["other_entity_id"] else ""
        console.print(f"  {event['event']} {event['entity']} {event['entity_id']}{other}")
    if outcome.events.empty:
        console.print("  no card would be merged or split")
    if given.apply:
        _report(console, decide(engine, decisions, "decision", withdrawn))
    else:
        console.print("Nothing was changed; add --apply to do it.")


def _report(console: Console, report: IdentityReport) -> None:
    console.print(f"Done: {report.merged} merged, {report.split} split, {report.changed} rows changed.")


def _decision(given: argparse.Namespace) -> Decision:
    who = getpass.getuser()
    match given.command:
        case "same":
            return Decision("same", _record(given.left), _record(given.right), None, who, given.reason)
        case "different":
            return Decision("different", _record(given.left), _record(given.right), None, who, given.reason)
        case _:
            return Decision("not_identifying", None, None, (given.kind, given.value), who, given.reason)


def _record(text: str) -> tuple[str, str]:
    source, colon, key = text.partition(":")
    if not (source and colon and key):
        raise DecisionError("a record is written SOURCE:ID, e.g. helpscout_customer:17")
    return source, key


def _list(console: Console, engine: sa.Engine) -> None:
    decision, review = crm.match_decision, crm.match_review
    with engine.connect() as connection:
        for row in connection.execute(sa.select(decision).order_by(decision.c.decision_id)):
            about = (
                row.key_kind
                or f"{row.left_source}:{row.left_source_id} {row.right_source}:{row.right_source_id}"
            )
            console.print(f"{row.decision_id:>6}  {row.decision:<16}{about}")
        for row in connection.execute(sa.select(review).order_by(sa.desc(review.c.score))):
            console.print(f"  waits  {_pair(row)}  {row.reason}")


def _pair(row: sa.Row[Any]) -> str:
    return f"{row.left_source}:{row.left_source_id} {row.right_source}:{row.right_source_id}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
