"""`make privacy ARGS="…"`: duties to keep, customers' instructions, restrictions; --apply does what is shown.

hold set --data landing.tripletex_invoice --value 17 [--column customer_id]   rows of a table, by a number
hold set --rule invoices                     everything that a retention rule would delete
hold set --card person:ID                    a card: its records and what hangs on them
         --basis "bokføringsloven § 13" --reason "bokettersyn 2026" [--until 2031-12-31]
hold list                                    those that stand, and those that have ended
hold lift NUMBER --reason "saken er avsluttet"
instruction record delete|return --customer 310000004 [--activity 17] --before DAY --document PLACE
instruction list
instruction withdraw NUMBER --document PLACE
instruction handed-over NUMBER --document PLACE
restriction list
restriction lift REQUEST --person-was-told DAY     the person is told first (GDPR art. 18(3))
disclosures --card person:ID                 who was told what about a card, and when
key                                          the public key that receipts are verified with

Nothing it asks for or shows says who anybody is: numbers, ids, dates. Texts with an address or a long number
are refused. Days are Norwegian; --until is the last day, --before a day whose submissions are not meant.
"""

from __future__ import annotations

import argparse
import getpass
from contextlib import closing
from datetime import UTC, datetime

import sqlalchemy as sa
from rich.console import Console

from pipelines.cli.boundary import end
from pipelines.cli.startup import NOT_STARTED, day, refuse, terminal
from pipelines.privacy import holds_legal, instructions, submissions
from pipelines.privacy.disclosures import disclosures_about
from pipelines.privacy.holds import EVERY, last_day
from pipelines.privacy.holds_cards import CARDS, is_card, records_of_card
from pipelines.privacy.holds_legal import HoldError, Wanted
from pipelines.privacy.instructions import InstructionError
from pipelines.privacy.periods import midnight
from pipelines.privacy.platform import PlatformError
from pipelines.privacy.subjects import rights
from pipelines.privacy.subjects.access_duties import told_of_basis
from pipelines.privacy.subjects.receipts import public_key
from pipelines.settings import Settings, load_settings
from pipelines.store.database import Store
from pipelines.workbench import keep_ledger_copy, make_platform, open_current_store
from schemas.policy import NAMED_BY_ID, is_card_id, load_policy
from schemas.zone import OSLO

_SHOWN_ONLY = "Nothing was changed; add --apply to do it."


def main(arguments: list[str]) -> int:
    """Handle one command; returns the exit code (2: nothing was done)."""
    given = _parser().parse_args(arguments)
    console, now = terminal(), datetime.now(UTC)
    try:
        settings = load_settings()
        with closing(open_current_store(settings)) as store:
            _handle(console, settings, store, given, now)
            if getattr(given, "apply", False):
                keep_ledger_copy(settings, store)
    except (*NOT_STARTED, HoldError, InstructionError, PlatformError, rights.RestrictionError) as error:
        return refuse(console, "Nothing was done.", error)
    return 0


def _handle(
    console: Console, settings: Settings, store: Store, given: argparse.Namespace, now: datetime
) -> None:
    match given.subject, getattr(given, "act", None):
        case "hold", "set":
            _set_hold(console, settings, store, given, now)
        case "hold", "list":
            _list_holds(console, store.crm, now)
        case "hold", "lift":
            with store.crm.begin() as connection:
                holds_legal.lift_legal_hold(
                    connection, given.number, because=given.reason, lifted_by=getpass.getuser(), now=now
                )
                _finish(console, connection, given, "Lifted; its rows go when their period is over.")
        case "instruction", "record":
            _record(console, settings, store, given, now)
        case "instruction", "list":
            _list_instructions(console, settings, store)
        case "instruction", "withdraw":
            with store.crm.begin() as connection:
                instructions.withdraw(connection, given.number, given.document, now)
                _finish(console, connection, given, "Withdrawn; what was deleted stays deleted.")
        case "instruction", "handed-over":
            with store.crm.begin() as connection:
                instructions.note_handed_over(connection, given.number, given.document, now)
                _finish(console, connection, given, "Noted; the next run deletes what was listed.")
        case "restriction", "list":
            _list_restrictions(console, store.crm)
        case "restriction", "lift":
            with store.crm.begin() as connection:
                lifted = rights.lift_restriction(
                    connection, given.request, now, told_on=given.told, lifted_by=getpass.getuser()
                )
                _finish(console, connection, given, f"{lifted:,} records are in use again from the next run.")
        case "disclosures", _:
            _list_disclosures(console, store.crm, given.card)
        case _:
            _line(console, public_key(settings.secret).hex())


def _finish(console: Console, connection: sa.Connection, given: argparse.Namespace, done: str) -> None:
    """Keep what was done, or take it back where it was only to be shown: it is checked all the same."""
    if given.apply:
        console.print(f"Done. {done}")
        return
    connection.rollback()
    console.print(f"Would be done. {done}")
    console.print(_SHOWN_ONLY)


def _set_hold(
    console: Console, settings: Settings, store: Store, given: argparse.Namespace, now: datetime
) -> None:
    policy = load_policy()
    wanted = _wanted(given)
    with store.crm.begin() as connection:
        number = holds_legal.set_legal_hold(
            connection,
            policy,
            wanted,
            set_by=getpass.getuser(),
            now=now,
            platform=make_platform(settings, store),
        )
        kept = holds_legal.rows_meant(connection, wanted)
        for data, rows in kept.items():
            console.print(f"  {rows:>8,}  rows of {data}")
        _line(console, f"  {told_of_basis(policy, wanted.basis)}.")
        end = f"until {wanted.until} is over" if wanted.until else "until it is lifted"
        _finish(
            console, connection, given, f"{f'Hold {number} keeps' if given.apply else 'It keeps'} them {end}."
        )


def _wanted(given: argparse.Namespace) -> Wanted:
    texts = {"basis": given.basis, "reason": given.reason, "until": given.until}
    if given.card:
        data, card = given.card
        return Wanted(data, f"{CARDS[data]}_id", card, **texts)
    if given.rule:
        return Wanted(holds_legal.data_of_rule(load_policy(), given.rule), **texts)
    if given.value is None:
        raise HoldError("--data needs --value; to keep all its rows give --rule")
    return Wanted(given.data, given.column or holds_legal.key_of(given.data), given.value, **texts)


def _list_holds(console: Console, engine: sa.Engine, now: datetime) -> None:
    with engine.connect() as connection:
        stored = holds_legal.legal_holds(connection)
    for hold in load_policy().holds:
        rows = f"{hold.column} {hold.value} until {hold.until}" if hold.column else f"all, {hold.at_least}"
        _line(console, f"policy.yaml  {hold.data} {rows}: {hold.reason.en}")
    for one in stored:
        rows = "all" if one.column == EVERY else f"{one.column} {one.value}"
        end = f"until {last_day(one.until)}" if one.until else "until it is lifted"
        _line(console, f"{one.hold_id:>6}  {one.data} {rows} {end}: {_state(one, now)}")
        by = f"{_day(one.created_at)} by {one.set_by}" if one.set_by else _day(one.created_at)
        _line(console, f"        {one.basis or 'no basis'}; {one.reason} (set {by})")
    stand = sum(_state(one, now) == "stands" for one in stored)
    _line(console, f"{stand:,} legal holds stand, and {len(load_policy().holds):,} in policy.yaml.")


def _state(one: holds_legal.LegalHold, now: datetime) -> str:
    if one.lifted_at is not None:
        return f"lifted {_day(one.lifted_at)} by {one.lifted_by}: {one.lifted_because}"
    return "over" if one.until is not None and one.until <= now else "stands"


def _record(
    console: Console, settings: Settings, store: Store, given: argparse.Namespace, now: datetime
) -> None:
    with store.crm.begin() as connection:
        number = instructions.record_instruction(
            connection,
            customer_org=given.customer,
            activity_id=given.activity,
            submitted_before=midnight(given.before),
            document=given.document,
            received_at=midnight(given.received) if given.received else now,
            kind=given.kind,
            recorded_by=getpass.getuser(),
        )
        one = instructions.read_instruction(connection, number)
        if (platform := make_platform(settings, store)) is not None:
            submissions.check_named(platform, one)
        console.print(f"  {_covered(settings, store, one)} submissions are meant now")
        what = "deletes them" if given.kind == "delete" else "lists them, to be handed over"
        _finish(console, connection, given, f"The next run of `retention` {what}.")


def _covered(settings: Settings, store: Store, one: instructions.Instruction) -> str:
    platform = make_platform(settings, store)
    return f"{submissions.preview(platform, one):,}" if platform else "an unknown number of"


def _list_instructions(console: Console, settings: Settings, store: Store) -> None:
    with store.crm.connect() as connection:
        waiting = instructions.open_instructions(connection)
        past = instructions.ended_instructions(connection)
    for done in past:
        _line(
            console,
            f"{_about(done.instruction)}: {done.ended} {_day(done.at)}, {done.rows_removed:,} deleted",
        )
    for one in waiting:
        listed = _covered(settings, store, one) if one.listed_rows is None else f"{one.listed_rows:,}"
        _line(
            console,
            f"{_about(one)}: {one.state}, {listed} submissions",
        )
    _line(console, f"{len(waiting):,} instructions are open.")


def _about(one: instructions.Instruction) -> str:
    events = "all events" if one.activity_id is None else f"activity {one.activity_id}"
    day = _day(one.submitted_before)
    return f"{one.instruction_id:>6}  {one.kind} {one.customer_org}, {events}, submitted before {day}"


def _list_restrictions(console: Console, engine: sa.Engine) -> None:
    with engine.connect() as connection:
        found = rights.standing_restrictions(connection)
    for one in found:
        _line(console, f"{one.request_id}  {one.records:,} records since {_day(one.since)}")
    _line(console, f"{len(found):,} restrictions stand.")


def _list_disclosures(console: Console, engine: sa.Engine, card: tuple[str, str]) -> None:
    data, card_id = card
    with engine.connect() as connection:
        if not is_card(connection, data, card_id):
            raise HoldError(f"there is no such card of {CARDS[data]}")
        records = [record.partition(":") for record in records_of_card(connection, data, card_id)]
        told = disclosures_about(connection, [(source, number) for source, _, number in records])
    for one in told:
        times = f", {one.times} times" if one.times > 1 else ""
        _line(
            console,
            f"{_day(one.last_at or one.occurred_at)}  {one.recipient} by {one.request or 'a file'} for"
            f" {one.purpose}, about {one.source}:{one.source_id}: {', '.join(one.categories)}{times}",
        )
    _line(console, f"{len(told):,} disclosures about {len(records):,} records.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make privacy", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    subjects = parser.add_subparsers(dest="subject", required=True)
    holds = subjects.add_parser("hold").add_subparsers(dest="act", required=True)
    setting, lifting = holds.add_parser("set"), holds.add_parser("lift")
    holds.add_parser("list")
    what = setting.add_mutually_exclusive_group(required=True)
    what.add_argument("--data", metavar="TABLE")
    what.add_argument("--rule", metavar="RULE")
    what.add_argument("--card", type=_card, metavar="person:ID")
    setting.add_argument("--column", help="default: the table's key")
    setting.add_argument("--value", metavar="NUMBER")
    setting.add_argument("--basis", required=True)
    setting.add_argument("--until", type=day, metavar="DAY", help="default: until lifted")
    orders = subjects.add_parser("instruction").add_subparsers(dest="act", required=True)
    recording = orders.add_parser("record")
    recording.add_argument("kind", choices=("delete", "return"))
    recording.add_argument("--customer", required=True, help="as the registration system names it")
    recording.add_argument("--activity", type=_number, help="default: all of the customer's events")
    recording.add_argument("--before", type=day, required=True, metavar="DAY")
    recording.add_argument("--received", type=day, metavar="DAY", help="default: now")
    orders.add_parser("list")
    withdrawing, handing = orders.add_parser("withdraw"), orders.add_parser("handed-over")
    restrictions = subjects.add_parser("restriction").add_subparsers(dest="act", required=True)
    restrictions.add_parser("list")
    ending = restrictions.add_parser("lift")
    ending.add_argument("request", help="number of the request that it came from")
    ending.add_argument(
        "--person-was-told",
        dest="told",
        type=day,
        required=True,
        metavar="DAY",
        help="the person was told on that day that it will be lifted",
    )
    asking = subjects.add_parser("disclosures")
    asking.add_argument("--card", type=_card, required=True, metavar="person:ID")
    subjects.add_parser("key")
    for command in (lifting, withdrawing, handing):
        command.add_argument("number", type=_number)
    for command in (setting, lifting):
        command.add_argument("--reason", required=True)
    for command in (recording, withdrawing, handing):
        command.add_argument("--document", required=True, metavar="PLACE", help="where it is kept")
    for command in (setting, lifting, recording, withdrawing, handing, ending):
        command.add_argument("--apply", action="store_true")
    return parser


def _card(text: str) -> tuple[str, str]:
    """`person:ID` as the table of cards and the id."""
    entity, _, card_id = text.partition(":")
    data = next((data for data, kind in CARDS.items() if kind == entity), None)
    if data is None or not card_id:
        raise argparse.ArgumentTypeError("a card is written person:ID or organization:ID")
    if not is_card_id(card_id):
        raise argparse.ArgumentTypeError(NAMED_BY_ID)
    return data, card_id


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 1 << 63:
        raise argparse.ArgumentTypeError("a number is needed; `list` shows them")
    return int(text)


def _day(moment: datetime) -> str:
    return moment.astimezone(OSLO).date().isoformat()


def _line(console: Console, text: str) -> None:
    """A line as it is: what people typed is no markup."""
    console.print(text, markup=False)


if __name__ == "__main__":
    end(main)
