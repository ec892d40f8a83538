"""A duty to keep stands before the period: on rows, a card, all that a rule is about; lifted by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from pipelines.identity.rebuild import rebuild
from pipelines.privacy import access_log, audit_log, retention
from pipelines.privacy.expiry import expired_on_arrival, expiries
from pipelines.privacy.holds import EVERY, RowHold, load_holds, rulings, set_hold
from pipelines.privacy.holds_legal import (
    HoldError,
    Wanted,
    check_access_log,
    data_of_rule,
    key_of,
    legal_holds,
    lift_legal_hold,
    rows_kept,
    set_legal_hold,
)
from pipelines.privacy.ledger_copy import copy_ledger
from pipelines.privacy.platform import PlatformError
from pipelines.privacy.restore import reapply
from pipelines.privacy.subjects.finding import Hints
from pipelines.privacy.subjects.handling import Office, handle_erasure, receive
from pipelines.privacy.suppression import Suppression
from schemas.payloads.tripletex import TripletexInvoice
from schemas.policy import Policy, load_policy
from schemas.tables import crm, landing
from schemas.tables.platform import PlatformNames
from schemas.tables.privacy import hold

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
OLD = NOW - timedelta(days=2500)
LONG_AGO = date(2019, 1, 31)
SECRET = b"a secret that is long enough"
POLICY = load_policy()
INVOICE = Wanted(
    "landing.tripletex_invoice", "id", "71", "bokføringsloven § 13", "bokettersyn 2026", date(2031, 12, 31)
)


def put_by(engine: sa.Engine, wanted: Wanted, now: datetime = NOW) -> int:
    with engine.begin() as connection:
        return set_legal_hold(connection, POLICY, wanted, set_by="kari", now=now)


def lift(engine: sa.Engine, number: int, now: datetime = NOW) -> None:
    with engine.begin() as connection:
        lift_legal_hold(connection, number, because="saken er avsluttet", lifted_by="ola", now=now)


def expire(engine: sa.Engine, policy: Policy = POLICY, now: datetime = NOW) -> dict[str, tuple[int, int]]:
    """(removed, held) by table, after preview, deletion and check have agreed."""
    with engine.connect() as connection:
        planned = {plan.data: (plan.rows, plan.held) for plan in retention.preview(connection, policy, now)}
    done = retention.apply(
        engine, policy, now, run_id="run", suppression=Suppression(SECRET, clock=lambda: now)
    )
    with engine.connect() as connection:
        assert set(retention.overdue(connection, policy, now).values()) == {0}
    removed = {one.data: (one.rows, one.held) for one in done}
    assert removed == planned
    return removed


def left(engine: sa.Engine, source: str) -> set[int]:
    with engine.connect() as connection:
        return set(connection.scalars(sa.select(landing.TABLES[source].c.id)))


def card_of(engine: sa.Engine, source: str, source_id: str, entity: str = "person") -> str:
    link = crm.source_link.c
    with engine.connect() as connection:
        found = sa.select(link[f"{entity}_id"]).where(link.source == source, link.source_id == source_id)
        return str(connection.scalar(found))


def declared(until: date, **rows: str) -> Policy:
    """The policy with a hold on an invoice, or on other rows."""
    document = POLICY.model_dump(by_alias=True)
    reason = {"nb": "En tvist", "en": "A dispute"}
    named = {"data": "landing.tripletex_invoice", "column": "id", "value": "71", **rows}
    document["holds"] = [{"id": "dispute", "reason": reason, "until": until, **named}]
    return Policy.model_validate(document)


@pytest.fixture
def store(crm_engine: sa.Engine, sources: Any) -> sa.Engine:
    """Two support contacts with an inquiry each, and two invoices: all long past their periods."""
    for number, name in ((1, "Sol"), (2, "Iben")):
        sources.put(
            "helpscout_customer", number, first_name=name, last_name="Vik",
            emails=[f"{name.lower()}@example.no"], source_changed_at=OLD, first_seen_at=OLD,
        )  # fmt: skip
        sources.put("helpscout_conversation", 10 + number, customer_id=number, closed_at=OLD)
        sources.put(
            "tripletex_customer", 60 + number, name=f"{name} Vik", email=f"{name.lower()}@example.no",
            is_private_individual=True,
        )  # fmt: skip
        sources.put("tripletex_invoice", 70 + number, customer_id=60 + number, invoice_date=LONG_AGO)
    rebuild(crm_engine, "run")
    return crm_engine


class TestKeeping:
    """What is held is kept in the preview, in the deletion and in the check, and nothing else is."""

    def test_a_row_is_kept_until_the_end_of_the_last_day_in_norway(self, store: sa.Engine) -> None:
        put_by(store, INVOICE)
        assert expire(store)["landing.tripletex_invoice"] == (1, 1)
        assert expire(store, now=datetime(2031, 12, 31, 22, 59, tzinfo=UTC))["landing.tripletex_invoice"] == (
            0,
            1,
        )
        expire(store, now=datetime(2031, 12, 31, 23, 0, 1, tzinfo=UTC))
        assert left(store, "tripletex_invoice") == set()

    def test_rows_can_be_named_by_what_they_belong_to(self, store: sa.Engine) -> None:
        put_by(store, replace(INVOICE, column="customer_id", value="62"))
        expire(store)
        assert left(store, "tripletex_invoice") == {72}

    def test_a_card_keeps_its_records_and_what_hangs_on_them(self, store: sa.Engine) -> None:
        card = card_of(store, "helpscout_customer", "1")
        put_by(store, replace(INVOICE, data="crm.person", column="person_id", value=card))
        expire(store)
        assert left(store, "helpscout_customer") == {1}
        assert left(store, "helpscout_conversation") == {11}
        assert left(store, "tripletex_invoice") == {71}

    def test_records_that_leave_a_held_card_stay_held(self, store: sa.Engine) -> None:
        """A split, right or wrong, does not end a duty."""
        card = card_of(store, "helpscout_customer", "1")
        put_by(store, replace(INVOICE, data="crm.person", column="person_id", value=card))
        with store.begin() as connection:
            connection.execute(sa.delete(crm.source_link))
        expire(store)
        assert left(store, "helpscout_customer") == {1}
        assert left(store, "tripletex_invoice") == {71}

    def test_a_held_card_that_became_part_of_another_holds_that_one(self, store: sa.Engine) -> None:
        lost, kept = (card_of(store, "helpscout_customer", number) for number in ("1", "2"))
        put_by(store, replace(INVOICE, data="crm.person", column="person_id", value=lost))
        with store.begin() as connection:
            alias = {"entity": "person", "alias_id": lost, "current_id": kept}
            connection.execute(sa.insert(crm.identity_alias).values(alias))
        expire(store)
        assert left(store, "helpscout_customer") == {1, 2}

    def test_all_that_a_rule_is_about_can_be_kept(self, store: sa.Engine) -> None:
        put_by(store, replace(INVOICE, data=data_of_rule(POLICY, "invoices"), column=EVERY, value=EVERY))
        assert expire(store)["landing.tripletex_invoice"] == (0, 2)
        assert left(store, "helpscout_customer") == set()

    @pytest.mark.parametrize(
        ("column", "value", "expired"),
        [("id", "71", {72}), ("customer_id", "62", {71}), (EVERY, EVERY, set())],
    )
    def test_what_is_held_may_arrive_again(
        self, store: sa.Engine, column: str, value: str, expired: set[int]
    ) -> None:
        put_by(store, replace(INVOICE, column=column, value=value))
        arriving = [
            TripletexInvoice(id=number, customer_id=number - 10, invoice_date=LONG_AGO) for number in (71, 72)
        ]
        with store.connect() as connection:
            holds = load_holds(connection, POLICY, NOW)
            (rule,) = expiries(POLICY, NOW, holds, ["landing.tripletex_invoice"])
            assert expired_on_arrival(connection, rule, TripletexInvoice, arriving) == expired

    def test_all_ip_addresses_can_be_kept_and_no_partition_goes(self, platform_engine: sa.Engine) -> None:
        names, event = PlatformNames(), NOW - timedelta(days=40)
        access_log.create_partitions(platform_engine, names, event, days_ahead=0)
        with platform_engine.begin() as connection:
            connection.execute(
                sa.text(
                    "INSERT INTO platform.access_log (id, user_id, ip_address, occurred_at)"
                    " VALUES (1, 7, '192.0.2.1', :event)"
                ),
                {"event": event},
            )
        holds = (RowHold("hold 1", "platform.access_log", EVERY, EVERY, None, "etterforskning"),)
        assert access_log.expire(platform_engine, POLICY, names, NOW, holds).held == 1
        with platform_engine.connect() as connection:
            assert access_log.overdue(connection, POLICY, names, NOW, holds) == 0
        assert access_log.expire(platform_engine, POLICY, names, NOW).partitions == 1


class TestContradictions:
    """Of several holds on the same rows the longest counts, wherever it stands, and the report says why."""

    @pytest.mark.parametrize(
        ("in_policy", "wins", "why"),
        [
            (
                date(2029, 6, 30),
                "hold 1",
                "hold 1 keeps it until 2031-12-31: bokettersyn 2026 (the longest of several; dispute ends no"
                " later)",
            ),
            (
                date(2035, 6, 30),
                "dispute",
                "dispute keeps it until 2035-06-30: A dispute (the longest of several; hold 1 ends no later)",
            ),
        ],
    )
    def test_one_in_the_policy_and_one_in_the_table(
        self, store: sa.Engine, in_policy: date, wins: str, why: str
    ) -> None:
        policy = declared(in_policy)
        put_by(store, INVOICE)
        with store.connect() as connection:
            plans = retention.preview(connection, policy, NOW, ["landing.tripletex_invoice"])
            (ruling,) = plans[0].rulings
        assert (ruling.wins.name, ruling.why) == (wins, why)
        last = max(in_policy, date(2031, 12, 31))
        expire(store, policy, datetime(last.year, last.month, last.day, 12, tzinfo=UTC))
        assert left(store, "tripletex_invoice") == {71}
        expire(store, policy, datetime(last.year + 1, 1, 2, tzinfo=UTC))
        assert left(store, "tripletex_invoice") == set()

    def test_one_on_all_rows_is_about_each_of_them(self, store: sa.Engine) -> None:
        put_by(store, replace(INVOICE, until=date(2028, 1, 1)))
        put_by(store, replace(INVOICE, column=EVERY, value=EVERY, until=None, reason="rettssak"))
        with store.connect() as connection:
            found = {one.value: one for one in rulings(load_holds(connection, POLICY, NOW))}
        assert found["71"].why == (
            "hold 2 keeps it until it is lifted: rettssak (the longest of several; hold 1 ends no later)"
        )

    def test_a_card_can_be_held_by_the_policy_too(self, store: sa.Engine) -> None:
        card = card_of(store, "helpscout_customer", "2")
        policy = declared(date(2031, 1, 1), data="crm.person", column="person_id", value=card)
        expire(store, policy)
        assert left(store, "helpscout_customer") == {2}
        assert left(store, "tripletex_invoice") == {72}


def test_a_source_that_tells_of_the_year_9999_does_not_stop_retention(store: sa.Engine, sources: Any) -> None:
    """When the next row expires is told of the earliest, and that may be as far away."""
    expire(store)
    sources.put("tripletex_invoice", 73, customer_id=61, invoice_date=date(9999, 12, 30))
    with store.connect() as connection:
        (plan,) = retention.preview(connection, POLICY, NOW, ["landing.tripletex_invoice"])
    assert plan.next_at == datetime.max.replace(tzinfo=UTC)
    assert expire(store)["landing.tripletex_invoice"] == (0, 0)


class TestLifting:
    """A hold ends before its day when somebody says why; that is kept with it."""

    def test_who_lifted_it_when_and_why_stays(self, store: sa.Engine) -> None:
        number = put_by(store, INVOICE)
        lift(store, number, NOW + timedelta(hours=1))
        with store.connect() as connection:
            (one,) = legal_holds(connection)
            assert audit_log.verify(connection).entries == 2
        assert (one.basis, one.set_by, one.created_at) == ("bokføringsloven § 13", "kari", NOW)
        assert (one.lifted_by, one.lifted_because) == ("ola", "saken er avsluttet")
        assert one.lifted_at == NOW + timedelta(hours=1)

    def test_then_its_rows_go(self, store: sa.Engine) -> None:
        lift(store, put_by(store, INVOICE))
        expire(store)
        assert left(store, "tripletex_invoice") == set()

    def test_another_hold_on_the_same_rows_stands(self, store: sa.Engine) -> None:
        put_by(store, replace(INVOICE, until=None, reason="rettssak"))
        lift(store, put_by(store, INVOICE))
        expire(store)
        assert left(store, "tripletex_invoice") == {71}

    @pytest.mark.parametrize("twice", ["lifted", "over", "none"])
    def test_what_does_not_stand_cannot_be_lifted(self, store: sa.Engine, twice: str) -> None:
        number, later = put_by(store, INVOICE), NOW
        if twice == "lifted":
            lift(store, number)
        elif twice == "over":
            later = datetime(2032, 1, 1, tzinfo=UTC)
        else:
            number += 1
        with pytest.raises(HoldError, match=f"no legal hold {number} that stands"):
            lift(store, number, later)

    def test_a_persons_restriction_is_not_lifted_so(self, store: sa.Engine) -> None:
        with store.begin() as connection:
            number = set_hold(
                connection, "landing.helpscout_customer", "id", "1",
                kind="restriction", reason="request 7", now=NOW,
            )  # fmt: skip
        with pytest.raises(HoldError, match="by the number of the request"):
            lift(store, number)

    def test_without_a_reason_it_stands(self, store: sa.Engine) -> None:
        number = put_by(store, INVOICE)
        with store.begin() as connection, pytest.raises(HoldError, match="a reason is needed"):
            lift_legal_hold(connection, number, because=" ", lifted_by="ola", now=NOW)
        expire(store)
        assert left(store, "tripletex_invoice") == {71}


REFUSED: Mapping[str, tuple[Wanted, str]] = {
    "an unknown table": (replace(INVOICE, data="landing.nothing"), "no such table"),
    "a table without a period": (replace(INVOICE, data="crm.invoice"), r"no period of their own \(cards\)"),
    "what is the customer's": (
        replace(INVOICE, data="platform.participant_submission"),
        "on the customer's instruction alone",
    ),
    "a column that says who": (
        replace(INVOICE, data="landing.tripletex_contact", column="email", value="sol.vik"),
        "named by one of customer_id, id",
    ),
    "a column that is not there": (replace(INVOICE, column="colour"), "named by one of"),
    "a column that another program counts in": (
        replace(INVOICE, column="content_hash"),
        "named by one of",
    ),
    "a value that is an address": (replace(INVOICE, value="sol@example.no"), "needs the number"),
    "no value": (replace(INVOICE, value=" "), "needs the number"),
    "a column without a value": (replace(INVOICE, value=EVERY), "neither for all rows"),
    "no basis": (replace(INVOICE, basis=" "), "a basis is needed"),
    "no reason": (replace(INVOICE, reason=""), "a reason is needed"),
    "an address in the reason": (replace(INVOICE, reason="sak mot sol@example.no"), "may hold no address"),
    "a number of a person in it": (replace(INVOICE, reason="sak mot 310175 00011"), "no long number"),
    "a number that begins like a day": (
        replace(INVOICE, reason="sak mot 2001-01-75 00011"),
        "no long number",
    ),
    "a phone number in the basis": (replace(INVOICE, basis="ring 21 99 90 01"), "no long number"),
    "a day that is over": (replace(INVOICE, until=date(2026, 11, 24)), "2026-11-24 is over"),
    "a day that no period can be counted from": (
        replace(INVOICE, until=date.max),
        "ends when it is lifted: give no day",
    ),
    "a card by another column": (replace(INVOICE, data="crm.person"), "named by its person_id"),
    "a card by a name": (
        replace(INVOICE, data="crm.person", column="person_id", value="Sol Vik"),
        "named by its id",
    ),
    "a card that is not there": (
        replace(INVOICE, data="crm.person", column="person_id", value="00000000-0000-4000-8000-000000000000"),
        "no such card of person",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_hold_that_would_keep_nothing_or_says_who_somebody_is_is_refused(
    store: sa.Engine, what: str
) -> None:
    wanted, problem = REFUSED[what]
    with pytest.raises(HoldError, match=problem) as refused:
        put_by(store, wanted)
    assert "sol" not in str(refused.value).lower()
    with store.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(hold)) == 0
        assert audit_log.verify(connection).entries == 0


@pytest.mark.parametrize("basis", ["LOV-2004-11-19-73 § 13", "lov 2004-11-19 nr. 73", "kjennelse 2026-01-17"])
def test_a_law_may_be_cited_by_its_day(store: sa.Engine, basis: str) -> None:
    put_by(store, replace(INVOICE, basis=basis))
    with store.connect() as connection:
        assert [one.basis for one in legal_holds(connection)] == [basis]


def test_a_hold_of_the_policy_may_last_as_long_as_the_calendar(store: sa.Engine) -> None:
    expire(store, declared(date.max))
    assert left(store, "tripletex_invoice") == {71}
    with store.connect() as connection:
        (ruling,) = rulings(load_holds(connection, declared(date.max), NOW))
    assert "keeps it until 9999-12-30" in ruling.why


def test_a_rule_that_is_not_there_is_refused() -> None:
    with pytest.raises(HoldError, match="no such retention rule"):
        data_of_rule(POLICY, "nothing")


def test_rows_are_named_by_their_key_where_nothing_else_is_said() -> None:
    assert (key_of("landing.brreg_unit"), key_of("platform.access_log")) == ("number", "id")
    with pytest.raises(HoldError, match="no such table"):
        key_of("landing.nothing")


def test_how_much_a_hold_would_keep_is_told_in_numbers(store: sa.Engine) -> None:
    card = card_of(store, "helpscout_customer", "1")
    with store.connect() as connection:
        assert rows_kept(connection, INVOICE) == {"landing.tripletex_invoice": 1}
        assert rows_kept(connection, replace(INVOICE, value="9")) == {}
        assert rows_kept(connection, replace(INVOICE, data="platform.access_log")) == {}
        everything = replace(INVOICE, data="crm.person", column="person_id", value=card)
        assert rows_kept(connection, everything) == {
            "landing.helpscout_customer": 1,
            "landing.helpscout_conversation": 1,
            "landing.tripletex_customer": 1,
            "landing.tripletex_invoice": 1,
        }


def test_a_hold_by_a_column_that_the_registration_system_lacks_is_refused(platform_engine: sa.Engine) -> None:
    """Expiry would stop at it, and every other address would stay."""
    names, wanted = PlatformNames(), replace(INVOICE, data="platform.access_log", column="user_id")
    check_access_log(platform_engine, names, wanted)
    with platform_engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE platform.access_log RENAME COLUMN user_id TO who")
    with pytest.raises(PlatformError, match="user_id"):
        check_access_log(platform_engine, names, wanted)


class TestErasure:
    """An erasure leaves what a duty keeps, and says so."""

    @pytest.fixture
    def office(self, store: sa.Engine) -> Office:
        suppression = Suppression(SECRET, clock=lambda: NOW)
        return Office(store, POLICY, SECRET, suppression, lambda: rebuild(store, "run"))

    def test_an_invoice_that_is_held_outlasts_its_customer(self, office: Office) -> None:
        put_by(office.engine, INVOICE)
        request = receive(office, "erasure", NOW, NOW)
        plan, receipt = handle_erasure(office, request, Hints(emails=("sol@example.no",)), NOW)
        assert left(office.engine, "tripletex_invoice") == {71, 72}
        assert left(office.engine, "tripletex_customer") == {62}
        assert left(office.engine, "helpscout_conversation") == {12}
        assert receipt.statement["outcome"] == "partly"
        assert plan.counts()["held"] == 1
        assert plan.counts()["hanging_on_them"] == 1, "the inquiry"
        assert [ruling.wins.name for ruling in plan.rulings] == ["hold 1"]

    def test_also_after_a_restored_backup(self, office: Office) -> None:
        put_by(office.engine, INVOICE)
        handle_erasure(office, receive(office, "erasure", NOW, NOW), Hints(emails=("sol@example.no",)), NOW)
        with office.engine.connect() as connection:
            copy = list(copy_ledger(connection, SECRET))
        reapply(office.engine, office.suppression, copy, now=NOW)
        assert left(office.engine, "tripletex_invoice") == {71, 72}
