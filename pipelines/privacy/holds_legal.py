"""Legal holds that come up from day to day: set, listed and lifted by a person, each with its reason.

Those that are known beforehand stand in policy.yaml. A hold names rows by a number, never by who somebody is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from pipelines.privacy import access_log, audit_log
from pipelines.privacy.holds import EVERY, end_of, lift_hold, set_hold, standing
from pipelines.privacy.holds_cards import CARDS, is_card, records_of_card, rows_of_card
from pipelines.privacy.platform import configured_table
from pipelines.privacy.submissions import Platform
from schemas.categories import ID, OPERATIONS, PUBLIC
from schemas.errors import SafeError
from schemas.policy import NAMED_BY_ID, Policy, is_card_id
from schemas.tables import all_tables, metadata, qualified
from schemas.tables.platform import PlatformNames
from schemas.tables.privacy import hold

# What a text may not hold, since it is shown in reports: addresses, and numbers of persons and phones.
_PERSONAL = re.compile(r"@|\d(?:[ .-]?\d){7,}")
# A day, as laws are cited by (LOV-2004-11-19-73), is none of them.
_DAY = re.compile(r"(?<!\d)(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?:-\d{1,4})?(?![ .-]?\d)")
_YEARS = 100
_LONGEST = 300
# Categories of columns that name rows without saying who anybody is.
_NAMING = frozenset({ID, PUBLIC, OPERATIONS})
_NUMBER = re.compile(r"[\w./:-]{1,100}")


class HoldError(SafeError, ValueError):
    """A hold cannot be set or lifted as it was asked for; the message says why. Nothing was written."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A hold that somebody wants to set.

    `data` is a table, or that of a card: `crm.person`, `crm.organization`. Without a column and a value all
    its rows are meant. `until` is the last day in Norway; None: until it is lifted.
    """

    data: str
    column: str = EVERY
    value: str = EVERY
    basis: str = ""
    """The duty: a paragraph of a law, a court's order, a contract."""
    reason: str = ""
    """The case, without personal data."""
    until: date | None = None


@dataclass(frozen=True, slots=True)
class LegalHold:
    """A hold as privacy.hold has it."""

    hold_id: int
    data: str
    column: str
    value: str
    basis: str | None
    reason: str
    until: datetime | None
    created_at: datetime
    set_by: str | None
    lifted_at: datetime | None = None
    lifted_by: str | None = None
    lifted_because: str | None = None


def data_of_rule(policy: Policy, rule_id: str) -> str:
    """The table that a retention rule is about. Raises HoldError where there is no such rule."""
    rule = next((rule for rule in policy.retention if rule.id == rule_id), None)
    if rule is None:
        raise HoldError("there is no such retention rule; policy.yaml lists them")
    return rule.data


def key_of(data: str) -> str:
    """The column by which a hold names rows of a table where none is given. Raises HoldError."""
    table = next((table for table in all_tables() if qualified(table) == data), None)
    if table is None:
        raise HoldError("there is no such table; landing.tripletex_invoice is one")
    # A partitioned table may have no primary key.
    return next((column.name for column in table.primary_key.columns), "id")


def set_legal_hold(
    connection: sa.Connection,
    policy: Policy,
    wanted: Wanted,
    *,
    set_by: str,
    now: datetime,
    platform: Platform | None = None,
) -> int:
    """Keep rows past their period because of a duty to keep; return the hold's number.

    Raises HoldError for a hold that would keep nothing, has ended, or says who somebody is, and PlatformError
    where the `platform` has no such column.
    """
    _check(connection, policy, wanted, now)
    if platform is not None:
        check_access_log(platform.engine, platform.names, wanted)
    records = None
    if wanted.data in CARDS:
        records = list(records_of_card(connection, wanted.data, wanted.value))
    number = set_hold(
        connection,
        wanted.data,
        wanted.column,
        wanted.value,
        kind="legal",
        reason=wanted.reason.strip(),
        until=end_of(wanted.until) if wanted.until else None,
        now=now,
        basis=wanted.basis.strip(),
        set_by=set_by,
        records=records,
    )
    audit_log.append(connection, "hold_set", now, hold=number, data=wanted.data)
    return number


def _check(connection: sa.Connection, policy: Policy, wanted: Wanted, now: datetime) -> None:
    """Raise HoldError for a hold that would keep nothing, has ended, or says who somebody is."""
    if wanted.data not in policy.data:
        raise HoldError("there is no such table; landing.tripletex_invoice is one")
    if wanted.data in CARDS:
        _check_card(connection, wanted)
    else:
        _check_rows(policy, wanted)
    for name, text, example in (
        ("a basis", wanted.basis, "the duty, e.g. bokføringsloven § 13"),
        ("a reason", wanted.reason, "the case, e.g. bokettersyn 2026"),
    ):
        _check_text(name, text, example)
    if wanted.until is not None and end_of(wanted.until) <= now:
        raise HoldError(f"{wanted.until} is over")
    if wanted.until is not None and wanted.until.year > now.year + _YEARS:
        raise HoldError("a hold as long as that ends when it is lifted: give no day")


def _check_text(name: str, text: str, example: str) -> None:
    """Raise HoldError where a text is missing, or could say who somebody is."""
    if not text.strip():
        raise HoldError(f"{name} is needed: {example}")
    if _PERSONAL.search(_DAY.sub("", text)) or len(text) > _LONGEST or not text.strip().isprintable():
        raise HoldError(
            f"{name} may hold no address and no long number, and no more than {_LONGEST} signs: {example}"
        )


def check_access_log(platform: sa.Engine, names: PlatformNames, wanted: Wanted) -> None:
    """Raise PlatformError where the registration system's log has no such column.

    Expiry would stop at such a hold, and what nobody holds would stay.
    """
    if wanted.data != access_log.DATA or wanted.column == EVERY:
        return
    with platform.connect() as connection:
        configured_table(connection, names.access_log, (wanted.column,), access_log.SETTING)


def rows_kept(connection: sa.Connection, wanted: Wanted) -> dict[str, int]:
    """How many rows a hold would be about now, by table; {} for the registration system's tables."""
    if wanted.data in CARDS:
        rows = rows_of_card(connection, wanted.data, wanted.value, ())
    else:
        rows = ((wanted.data, wanted.column, wanted.value),)
    found: dict[str, int] = {}
    for data, column, value in rows:
        table = metadata.tables.get(data)
        if table is None:
            continue
        counted = sa.select(sa.func.count()).select_from(table)
        if column != EVERY:
            counted = counted.where(sa.cast(table.c[column], sa.Text) == value)
        if number := connection.execute(counted).scalar_one():
            found[data] = found.get(data, 0) + number
    return found


def rows_meant(connection: sa.Connection, wanted: Wanted) -> dict[str, int]:
    """As `rows_kept`, for a hold that somebody is about to set. Raises HoldError where it names no row.

    What comes later has its whole period before it, so a number that names nothing yet is a wrong one.
    """
    kept = rows_kept(connection, wanted)
    if not kept and wanted.data in metadata.tables and wanted.column != EVERY:
        raise HoldError(f"no row of {wanted.data} has that {wanted.column}: is the number right?")
    return kept


def lift_legal_hold(
    connection: sa.Connection, hold_id: int, *, because: str, lifted_by: str, now: datetime
) -> None:
    """End a legal hold before its day; who did it and why is kept with it.

    Raises HoldError where there is none that stands, and without a reason. A restriction is not lifted so:
    the person has to be told first (`subjects.rights.lift_restriction`).
    """
    _check_text("a reason", because, "why the duty has ended, e.g. saken er avsluttet")
    kind = connection.scalar(sa.select(hold.c.kind).where(hold.c.hold_id == hold_id, standing(now)))
    if kind == "restriction":
        raise HoldError(f"hold {hold_id} is a person's restriction: lift it by the number of the request")
    if kind is None or not lift_hold(
        connection, hold_id, now, lifted_by=lifted_by, lifted_because=because.strip()
    ):
        raise HoldError(f"there is no legal hold {hold_id} that stands")
    audit_log.append(connection, "hold_lifted", now, hold=hold_id)


def legal_holds(connection: sa.Connection) -> tuple[LegalHold, ...]:
    """All that are kept, those that have ended too, in the order in which they were set."""
    rows = connection.execute(sa.select(hold).where(hold.c.kind == "legal").order_by(hold.c.hold_id))
    return tuple(
        LegalHold(
            row.hold_id,
            row.data,
            row.column_name,
            row.value,
            row.basis,
            row.reason,
            row.until,
            row.created_at,
            row.set_by,
            row.lifted_at,
            row.lifted_by,
            row.lifted_because,
        )
        for row in rows
    )


def _check_card(connection: sa.Connection, wanted: Wanted) -> None:
    if wanted.column != f"{CARDS[wanted.data]}_id":
        raise HoldError(f"a card is named by its {CARDS[wanted.data]}_id")
    if not is_card_id(wanted.value):
        raise HoldError(NAMED_BY_ID)
    if not is_card(connection, wanted.data, wanted.value):
        raise HoldError(f"there is no such card of {CARDS[wanted.data]}")


def _check_rows(policy: Policy, wanted: Wanted) -> None:
    rule = policy.retention_of(wanted.data)
    if rule.instruction_only:
        raise HoldError(f"rows of {wanted.data} go on the customer's instruction alone, and never by time")
    if rule.expires_after is None:
        raise HoldError(
            f"rows of {wanted.data} have no period of their own ({rule.id}): hold the card, or the rows of "
            "landing that they are made from"
        )
    if (wanted.column == EVERY) != (wanted.value == EVERY):
        raise HoldError("give a column and a value, or neither for all rows")
    names = naming_columns(next(table for table in all_tables() if qualified(table) == wanted.data))
    if wanted.column not in (EVERY, *names):
        known = (
            f"one of {', '.join(sorted(names))}" if names else "nothing that a hold may hold: hold them all"
        )
        raise HoldError(f"rows of {wanted.data} are named by {known}")
    if not _NUMBER.fullmatch(wanted.value) and wanted.value != EVERY:
        raise HoldError("a hold needs the number or id that names its rows")


def naming_columns(table: sa.Table) -> frozenset[str]:
    """The columns whose value names rows of a table and nobody: its key, and ids of what they belong to."""
    keys = table.primary_key.columns
    return frozenset(
        column.name
        for column in table.columns
        if column.info["category"] in _NAMING
        and (
            (len(keys) == 1 and column.primary_key)
            or column.name == "id"
            or column.name.endswith("_id")
            or (column.name.endswith("number") and column.info["category"] != OPERATIONS)
        )
    )
