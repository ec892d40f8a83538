"""`make decide ARGS="…"`: what people know about pairs and keys. Shows what it would do; --apply does it.

same LEFT RIGHT            two records are one customer, e.g. helpscout_customer:17 course_signup:9
different LEFT RIGHT       they are not
not-identifying email post@example.no
withdraw NUMBER            take a decision back (numbers: crm.match_decision)
preview                    what the next run would do: with new records, or after a rule was changed
list [--number 10]         decisions in force, and the pairs that wait for one, side by side

`list` shows what the records say of people: it is for who decides, and is kept nowhere.
"""

from __future__ import annotations

import argparse
import getpass
from collections.abc import Sequence
from contextlib import closing

import sqlalchemy as sa
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipelines.cli.boundary import end
from pipelines.cli.startup import NOT_STARTED, refuse, terminal
from pipelines.identity.comparing import Pair, waiting
from pipelines.identity.deciding import Decision, DecisionError, consider, decide
from pipelines.identity.decisions import ContradictionError
from pipelines.identity.rebuild import Preview
from pipelines.identity.reporting import IdentityReport
from pipelines.settings import load_settings
from pipelines.workbench import open_current_store
from schemas.tables import crm

_EVENTS_SHOWN = 20


def main(arguments: list[str]) -> int:
    """Handle one command; returns the exit code (2: nothing was done)."""
    given = _parser().parse_args(arguments)
    console = terminal()
    try:
        with closing(open_current_store(load_settings())) as store:
            if given.command == "list":
                _list(console, store.crm, given.number)
            else:
                _decide(console, store.crm, given)
    except (*NOT_STARTED, DecisionError, ContradictionError) as error:
        return refuse(console, "Nothing was done.", error)
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
    commands.add_parser("preview")
    commands.add_parser("list").add_argument("--number", type=int, default=10, help="how many pairs")
    for name in ("same", "different", "not-identifying", "withdraw"):
        commands.choices[name].add_argument("--reason")
        commands.choices[name].add_argument("--apply", action="store_true")
    return parser


def _decide(console: Console, engine: sa.Engine, given: argparse.Namespace) -> None:
    withdrawn = [given.number] if given.command == "withdraw" else []
    decisions = [] if withdrawn or given.command == "preview" else [_decision(given)]
    show_outcome(console, consider(engine, decisions, withdrawn))
    if given.command == "preview":
        console.print("Nothing was changed; the next run does it.")
    elif given.apply:
        _report(console, decide(engine, decisions, "decision", withdrawn))
    else:
        console.print("Nothing was changed; add --apply to do it.")


def show_outcome(console: Console, outcome: Preview) -> None:
    """Print what would happen to which cards, in words where it is much."""
    events = outcome.events[outcome.events["event"] != "CREATED"]
    for event in events.head(_EVENTS_SHOWN).to_dict("records"):
        other = f" ← {event['other_entity_id']}" if event["other_entity_id"] else ""
        console.print(f"  {event['event']} {event['entity']} {event['entity_id']}{other}")
    if len(events) > _EVENTS_SHOWN:
        console.print(f"  … and {len(events) - _EVENTS_SHOWN:,} more")
    if events.empty:
        console.print("  no card would be merged or split")
    report = outcome.report
    console.print(
        f"  {report.created:,} created, {report.merged:,} merged, {report.split:,} split, "
        f"{report.changed:,} rows changed, {report.reviews:,} pairs waiting"
    )


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


def _list(console: Console, engine: sa.Engine, number: int) -> None:
    decision = crm.match_decision
    with engine.connect() as connection:
        for row in connection.execute(sa.select(decision).order_by(decision.c.decision_id)):
            about = (
                row.key_kind
                or f"{row.left_source}:{row.left_source_id} {row.right_source}:{row.right_source_id}"
            )
            console.print(f"{row.decision_id:>6}  {row.decision:<16}{about}")
        pairs = waiting(connection, number)
        in_all = connection.scalar(sa.select(sa.func.count()).select_from(crm.match_review)) or 0
    show_pairs(console, pairs)
    console.print(f"Waiting: {in_all:,}. Shown: {len(pairs):,}.")


def show_pairs(console: Console, pairs: Sequence[Pair]) -> None:
    """Print each pair as a table of two columns; what agrees is bold."""
    for pair in pairs:
        console.print(_table(pair))


def _table(pair: Pair) -> Table:
    """The two records beside each other. Their text is printed as it is: no markup, no escape sequence."""
    table = Table(
        title=Text(f"{pair.entity}: {pair.reason}"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
    )
    for heading in ("", ":".join(pair.left), ":".join(pair.right)):
        table.add_column(Text(heading), overflow="fold")
    for field, left, right in pair.fields:
        agree = "bold" if left == right else ""
        table.add_row(field, *(Text(_printable(value), style=agree) for value in (left, right)))
    return table


def _printable(value: str) -> str:
    """Without control characters: text from outside must not steer the terminal."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in value)


if __name__ == "__main__":
    end(main)
