"""One predicate per rule: what preview shows is what is deleted, what the check counts, what expires next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.privacy import retention
from pipelines.privacy.expiry import Expiry, expired_on_arrival, expiries
from pipelines.privacy.holds import lift_hold, load_holds, rulings, set_hold
from pipelines.privacy.suppression import Suppression
from schemas.payloads.helpscout import HelpScoutCustomer
from schemas.payloads.pindena import CourseSignup
from schemas.policy import Policy, load_policy
from schemas.tables import landing
from schemas.tables.privacy import request_log, retention_log, suppression
from schemas.zone import OSLO

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
SUPPRESSION = Suppression(b"a secret that is long enough", clock=lambda: NOW)

customers = landing.TABLES["helpscout_customer"]
conversations = landing.TABLES["helpscout_conversation"]
signups = landing.TABLES["course_signup"]
invoices = landing.TABLES["tripletex_invoice"]
contacts = landing.TABLES["tripletex_contact"]


@pytest.fixture
def engine(crm_engine: sa.Engine) -> sa.Engine:
    return crm_engine


def add(engine: sa.Engine, table: sa.Table, *rows: Mapping[str, object]) -> None:
    lists: dict[str, list[object]] = {
        column.name: []
        for column in table.columns
        if isinstance(column.type, sa.ARRAY) and not column.nullable
    }
    needed = {"content_hash": b"", "activity_id": 1} if table is signups else {"content_hash": b""}
    with engine.begin() as connection:
        for row in rows:
            connection.execute(sa.insert(table).values({**lists, **needed, **row}))


def ids(engine: sa.Engine, table: sa.Table) -> set[int]:
    with engine.connect() as connection:
        return set(connection.scalars(sa.select(table.c.id)))


def run(engine: sa.Engine, now: datetime = NOW, **options: object) -> dict[str, retention.Removal]:
    removals = retention.apply(
        engine,
        load_policy(),
        now,
        run_id="run",
        suppression=SUPPRESSION,
        **options,  # type: ignore[arg-type]  # any option
    )
    return {removal.rule: removal for removal in removals}


def test_a_contact_goes_three_calendar_years_after_the_last_contact_to_the_second(engine: sa.Engine) -> None:
    end = datetime(2023, 11, 25, 4, 0, tzinfo=OSLO)
    add(
        engine,
        customers,
        {"id": 1, "source_changed_at": end - timedelta(seconds=1)},
        {"id": 2, "source_changed_at": end},
        {"id": 3, "source_changed_at": end + timedelta(seconds=1)},
    )
    assert run(engine)["support-contacts"].rows == 1
    assert ids(engine, customers) == {2, 3}


def test_of_several_clocks_the_first_with_a_value_counts(engine: sa.Engine) -> None:
    old, new = NOW - timedelta(days=2000), NOW - timedelta(days=10)
    add(
        engine,
        conversations,
        {"id": 1, "closed_at": old, "source_changed_at": new, "first_seen_at": new},
        {"id": 2, "closed_at": new, "source_changed_at": old, "first_seen_at": old},
        {"id": 3, "closed_at": None, "source_changed_at": old, "first_seen_at": new},
        {"id": 4, "closed_at": None, "source_changed_at": None, "created_at": None, "first_seen_at": new},
    )
    run(engine)
    assert ids(engine, conversations) == {2, 4}


def test_a_date_counts_until_its_end_in_norway(engine: sa.Engine) -> None:
    add(
        engine,
        invoices,
        {"id": 1, "invoice_date": date(2021, 11, 24)},
        {"id": 2, "invoice_date": date(2021, 11, 25)},
    )
    run(engine, datetime(2026, 11, 24, 22, 59, tzinfo=UTC))
    assert ids(engine, invoices) == {1, 2}
    run(engine, datetime(2026, 11, 24, 23, 1, tzinfo=UTC))
    assert ids(engine, invoices) == {2}


def test_what_is_at_its_source_stays_and_goes_a_period_after_it_left(engine: sa.Engine) -> None:
    add(
        engine,
        contacts,
        {"id": 1, "deleted_at_source": None},
        {"id": 2, "deleted_at_source": NOW - timedelta(days=30, seconds=1)},
        {"id": 3, "deleted_at_source": NOW - timedelta(days=30) + timedelta(seconds=1)},
    )
    run(engine)
    assert ids(engine, contacts) == {1, 3}


def test_preview_changes_nothing_and_tells_what_apply_then_does(engine: sa.Engine) -> None:
    add(
        engine,
        signups,
        {"id": 1, "first_seen_at": NOW - timedelta(days=800)},
        {"id": 2, "first_seen_at": datetime(2026, 1, 31, 12, tzinfo=OSLO)},
    )
    with engine.connect() as connection:
        (plan,) = retention.preview(connection, load_policy(), NOW, ["landing.course_signup"])
    assert (plan.rows, plan.held) == (1, 0)
    assert plan.next_at == datetime(2028, 1, 31, 12, tzinfo=OSLO)
    assert ids(engine, signups) == {1, 2}
    assert run(engine)["course-sign-ups"].rows == plan.rows


def test_a_second_run_finds_nothing(engine: sa.Engine) -> None:
    add(engine, signups, {"id": 1, "first_seen_at": NOW - timedelta(days=800)})
    run(engine)
    assert all(removal.rows == 0 for removal in run(engine).values())
    with engine.connect() as connection:
        assert set(retention.overdue(connection, load_policy(), NOW).values()) == {0}


def test_rows_are_deleted_over_many_small_transactions(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO privacy.request_log"
                " SELECT DATE '2020-01-01' + n, 'run', 'brreg', 'GET', '/', 200, 1"
                " FROM generate_series(1, 5000) AS n"
            )
        )
    transactions = 0

    def count(_: object) -> None:
        nonlocal transactions
        transactions += 1

    sa.event.listen(engine, "commit", count)
    removed = run(engine, only=["privacy.request_log"], blocks=4)["request-log"].rows
    assert transactions > 5
    with engine.connect() as connection:
        oldest, left = connection.execute(
            sa.select(sa.func.min(request_log.c.day), sa.func.count()).select_from(request_log)
        ).one()
    assert oldest == date(2023, 11, 25)
    assert removed + left == 5000


def test_a_sign_up_that_expired_does_not_begin_anew_with_the_next_read(engine: sa.Engine) -> None:
    """Its period counts from the first read, so reading it again would give it two more years."""
    add(engine, signups, {"id": 1, "first_seen_at": NOW - timedelta(days=800)})
    run(engine)
    with engine.begin() as connection:
        record = CourseSignup(id=1, activity_id=1)
        assert SUPPRESSION.held_back(connection, "course_signup", [record]) == {1}


def test_a_contact_that_expired_may_write_again(engine: sa.Engine) -> None:
    add(engine, customers, {"id": 1, "source_changed_at": NOW - timedelta(days=2000)})
    run(engine)
    with engine.begin() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(suppression)) == 0
        again = HelpScoutCustomer(id=1, source_changed_at=NOW)
        assert not SUPPRESSION.held_back(connection, "helpscout_customer", [again])


class TestHolds:
    """A hold keeps its rows, and only them."""

    def test_a_hold_keeps_a_row_past_its_period(self, engine: sa.Engine) -> None:
        old = NOW - timedelta(days=2000)
        add(engine, customers, *({"id": n, "source_changed_at": old} for n in (1, 2)))
        with engine.begin() as connection:
            hold = set_hold(
                connection, "landing.helpscout_customer", "id", "1", kind="legal", reason="claim", now=NOW
            )
        removal = run(engine)["support-contacts"]
        assert (removal.rows, removal.held) == (1, 1)
        assert ids(engine, customers) == {1}
        with engine.begin() as connection:
            assert set(retention.overdue(connection, load_policy(), NOW).values()) == {0}
            assert lift_hold(connection, hold, NOW)
        run(engine)
        assert ids(engine, customers) == set()

    def test_a_hold_ends_by_itself(self, engine: sa.Engine) -> None:
        add(engine, customers, {"id": 1, "source_changed_at": NOW - timedelta(days=2000)})
        with engine.begin() as connection:
            set_hold(
                connection, "landing.helpscout_customer", "id", "1",
                kind="legal", reason="claim", now=NOW, until=NOW + timedelta(days=1),
            )  # fmt: skip
        run(engine)
        assert ids(engine, customers) == {1}
        run(engine, NOW + timedelta(days=1, seconds=1))
        assert ids(engine, customers) == set()

    def test_the_longest_of_several_holds_wins_and_the_report_says_why(self, engine: sa.Engine) -> None:
        with engine.begin() as connection:
            for days, reason in ((10, "audit"), (90, "claim")):
                set_hold(
                    connection, "landing.helpscout_customer", "id", "1",
                    kind="legal", reason=reason, now=NOW, until=NOW + timedelta(days=days),
                )  # fmt: skip
            (ruling,) = rulings(load_holds(connection, load_policy(), NOW))
        assert ruling.wins.reason == "claim"
        assert "claim (the longest of several; hold 1 ends no later)" in ruling.why

    def test_a_hold_of_the_policy_ends_with_its_last_day_in_norway(self, engine: sa.Engine) -> None:
        policy = with_hold({"until": date(2026, 11, 25), "column": "id", "value": "1"})
        with engine.connect() as connection:
            assert load_holds(connection, policy, datetime(2026, 11, 25, 22, 59, tzinfo=UTC))
            assert not load_holds(connection, policy, datetime(2026, 11, 25, 23, 1, tzinfo=UTC))


class TestUnusual:
    """A plan far above what a rule ever removed stops and asks."""

    @pytest.fixture
    def planned(self, engine: sa.Engine) -> Callable[[int], sa.Engine]:
        def prepare(usual: int) -> sa.Engine:
            with engine.begin() as connection:
                connection.execute(
                    sa.text(
                        "INSERT INTO landing.course_signup (id, activity_id, content_hash, first_seen_at)"
                        " SELECT n, 1, '', TIMESTAMPTZ '2020-01-01' FROM generate_series(1, 2000) AS n"
                    )
                )
                connection.execute(
                    sa.insert(retention_log).values(
                        run_id="before", rule="course-sign-ups", cutoff=NOW, rows_removed=usual,
                        rows_held=0, partitions_dropped=0, finished_at=NOW - timedelta(days=1),
                    )
                )  # fmt: skip
            return engine

        return prepare

    def test_far_more_than_ever_is_refused_before_anything_is_deleted(
        self, planned: Callable[[int], sa.Engine]
    ) -> None:
        engine = planned(3)
        with pytest.raises(retention.UnusualDeletionError, match="course-sign-ups would delete 2000 rows"):
            run(engine)
        assert len(ids(engine, signups)) == 2000

    def test_confirmed_it_is_carried_out(self, planned: Callable[[int], sa.Engine]) -> None:
        assert run(planned(3), confirmed=True)["course-sign-ups"].rows == 2000

    def test_as_much_as_usual_is_carried_out(self, planned: Callable[[int], sa.Engine]) -> None:
        assert run(planned(1500))["course-sign-ups"].rows == 2000


class TestArrival:
    """A record that the rule would delete at once is not stored."""

    def expiry(self, engine: sa.Engine, table: str) -> Expiry:
        with engine.connect() as connection:
            holds = load_holds(connection, load_policy(), NOW)
        (expiry,) = expiries(load_policy(), NOW, holds, [table])
        return expiry

    def test_the_same_predicate_judges_arriving_records(self, engine: sa.Engine) -> None:
        end = datetime(2023, 11, 25, 4, 0, tzinfo=OSLO)
        records = [
            HelpScoutCustomer(id=1, source_changed_at=end - timedelta(seconds=1)),
            HelpScoutCustomer(id=2, source_changed_at=end),
            HelpScoutCustomer(id=3),
        ]
        expiry = self.expiry(engine, "landing.helpscout_customer")
        with engine.connect() as connection:
            assert expired_on_arrival(connection, expiry, HelpScoutCustomer, records) == {1}

    def test_a_held_record_may_arrive(self, engine: sa.Engine) -> None:
        with engine.begin() as connection:
            set_hold(
                connection, "landing.helpscout_customer", "id", "1", kind="legal", reason="claim", now=NOW
            )
        expiry = self.expiry(engine, "landing.helpscout_customer")
        old = NOW - timedelta(days=2000)
        records = [HelpScoutCustomer(id=n, source_changed_at=old) for n in (1, 2)]
        with engine.connect() as connection:
            assert expired_on_arrival(connection, expiry, HelpScoutCustomer, records) == {2}

    def test_a_clock_that_starts_with_the_first_read_never_expires_on_arrival(
        self, engine: sa.Engine
    ) -> None:
        expiry = self.expiry(engine, "landing.course_signup")
        with engine.connect() as connection:
            assert not expired_on_arrival(
                connection, expiry, CourseSignup, [CourseSignup(id=1, activity_id=1)]
            )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ages=st.lists(
        st.tuples(st.integers(1_094, 1_098), st.integers(-7_200, 7_200), st.booleans()),
        min_size=1,
        max_size=12,
    )
)
def test_preview_apply_arrival_and_check_never_disagree(
    crm_engine: sa.Engine, ages: list[tuple[int, int, bool]]
) -> None:
    """The law of the engine: planned = deleted = refused on arrival, and nothing is overdue afterwards."""
    with crm_engine.begin() as connection:
        connection.execute(sa.delete(customers))
    stamps = [NOW - timedelta(days=days, seconds=seconds) for days, seconds, _ in ages]
    add(crm_engine, customers, *({"id": n, "source_changed_at": at} for n, at in enumerate(stamps)))
    policy = load_policy()
    with crm_engine.connect() as connection:
        (plan,) = retention.preview(connection, policy, NOW, ["landing.helpscout_customer"])
        (expiry,) = expiries(policy, NOW, only=["landing.helpscout_customer"])
        records = [HelpScoutCustomer(id=n, source_changed_at=at) for n, at in enumerate(stamps)]
        refused = expired_on_arrival(connection, expiry, HelpScoutCustomer, records)
    removal = run(crm_engine, only=["landing.helpscout_customer"], confirmed=True)["support-contacts"]
    left = ids(crm_engine, customers)
    assert plan.rows == removal.rows == len(refused)
    assert left == set(range(len(ages))) - refused
    assert left == {n for n, at in enumerate(stamps) if expiry.ends(at) >= NOW}
    with crm_engine.connect() as connection:
        assert retention.overdue(connection, policy, NOW)["support-contacts"] == 0


def with_hold(hold: dict[str, object]) -> Policy:
    document = load_policy().model_dump(by_alias=True)
    document["holds"] = [
        {
            "id": "dispute",
            "data": "landing.helpscout_customer",
            "reason": {"nb": "Tvist", "en": "A dispute"},
            **hold,
        }
    ]
    return Policy.model_validate(document)
