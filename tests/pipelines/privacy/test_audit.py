"""The nightly audit finds what is planted, wherever it is planted, and nothing in a store in order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from pipelines.identity.rebuild import rebuild
from pipelines.privacy.access_log import create_partitions
from pipelines.privacy.audit import Answer, Audit, PlatformSide, audit, platform_grants
from pipelines.privacy.unproved import CHANGES, WHOLE
from pipelines.store.engines import make_engine
from pipelines.store.roles import PIPELINE_ROLE, RETENTION_ROLE
from schemas.policy import POLICY_FILE, Policy, load_policy
from schemas.tables import crm
from schemas.tables.landing import TABLES
from schemas.tables.platform import PlatformNames
from schemas.tables.privacy import audit_log, request_log

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
AUDITOR = "kundekort_test_auditor"
NUMBER = "310000004"


@pytest.fixture
def store(crm_engine: sa.Engine, sources: Any) -> sa.Engine:
    """A store with cards of every source, made the way a night makes them."""
    sources.put("brreg_unit", NUMBER, status="active", name="FJELLBRIS AS", organization_form="AS",
                vat_registered=True, employees=12, address="Strandgata 4", city="ÅLESUND")  # fmt: skip
    sources.put("tripletex_customer", 10, name="Fjellbris AS", organization_number="310 000 004",
                is_private_individual=False, is_customer=True, phone="21 99 90 01",
                invoice_email="faktura@fjellbris.example.no; regnskap@fjellbris.example.no")  # fmt: skip
    sources.put("tripletex_contact", 20, first_name="Tuva", last_name="Lien", customer_id=10,
                email="Tuva.Lien@fjellbris.example.no", mobile="+47 21 99 90 02")  # fmt: skip
    sources.put("helpscout_customer", 30, first_name="Lien", last_name="Tuva", source_changed_at=NOW,
                emails=["tuva.lien@fjellbris.example.no"], phones=["21999002"])  # fmt: skip
    sources.put("helpscout_conversation", 40, customer_id=30, status="closed", closed_at=NOW)
    sources.put("course_signup", 50, activity_id=7, first_name="JÃ¸rgen", last_name="Moe", first_seen_at=NOW,
                email="jorgen@moe.example.no", phone="21999003", company_name="Moe Bygg AS")  # fmt: skip
    sources.put("tripletex_invoice", 60, customer_id=10, invoice_date=date(2026, 10, 1), amount=100)
    rebuild(crm_engine, "run")
    return crm_engine


@pytest.fixture
def platform(platform_engine: sa.Engine, platform_url: sa.URL) -> Iterator[PlatformSide]:
    """The platform database as the audit sees it, with one submission in it."""
    create_partitions(platform_engine, PlatformNames(), NOW - timedelta(days=1), days_ahead=2)
    with platform_engine.begin() as connection:
        connection.exec_driver_sql(
            f"DO $$ BEGIN CREATE ROLE {AUDITOR} NOLOGIN;"
            " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        )
        connection.exec_driver_sql(f"GRANT {AUDITOR} TO CURRENT_USER")
        connection.exec_driver_sql(f"GRANT CONNECT ON DATABASE {platform_url.database} TO {AUDITOR}")
        connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA platform TO {AUDITOR}")
        connection.exec_driver_sql(f"GRANT SELECT (answers) ON platform.participant_submission TO {AUDITOR}")
        connection.exec_driver_sql(
            "INSERT INTO platform.participant_submission VALUES (1, '310000012', 900, now(),"
            """ '{"name": "Iben Vik", "contact": {"email": "Iben.Vik@deltaker.example.no","""
            """ "phone": 4721999777}, "diet": ["nøtter"]}')"""
        )
    retention = make_engine(platform_url, role=RETENTION_ROLE)
    auditor = make_engine(platform_url, role=AUDITOR)
    yield PlatformSide(retention, auditor, PlatformNames())
    retention.dispose()
    auditor.dispose()


def run(store: sa.Engine, platform: PlatformSide | None, activities: tuple[int, ...] = (7,)) -> Audit:
    return audit(store, platform, load_policy(), now=NOW, role=PIPELINE_ROLE, activities=activities)


def failing(audit: Audit) -> Answer:
    (answer,) = [answer for answer in audit.answers if not answer.passed]
    return answer


def change(engine: sa.Engine, statement: sa.Executable | str) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text(statement) if isinstance(statement, str) else statement)


def test_a_store_in_order_passes(store: sa.Engine, platform: PlatformSide) -> None:
    """Names swapped, spelled in capitals or read in the wrong encoding still have their record."""
    found = run(store, platform)
    assert [answer.findings for answer in found.answers if answer.findings] == []
    assert found.passed
    assert len(found.answers) == 7


@pytest.mark.parametrize("proved_before", [False, True], ids=["everything", "what is new"])
class TestOrigins:
    """Every value on a card has an origin that really holds it; so has one that came since the last proof."""

    @pytest.fixture(autouse=True)
    def _proved(self, store: sa.Engine, platform: PlatformSide, proved_before: bool) -> None:
        if proved_before:
            assert run(store, platform).passed

    @pytest.mark.parametrize("column", ["first_name", "email", "phone"])
    def test_a_value_that_its_record_does_not_hold(
        self, store: sa.Engine, platform: PlatformSide, column: str
    ) -> None:
        chosen = sa.select(sa.func.min(sa.cast(crm.person.c.person_id, sa.Text))).where(
            crm.person.c[column].is_not(None)
        )
        change(
            store,
            sa.update(crm.person)
            .where(sa.cast(crm.person.c.person_id, sa.Text) == chosen.scalar_subquery())
            .values({column: "planted"}),
        )
        assert failing(run(store, platform)).findings == (f"person.{column}: 1 not in their record",)

    def test_a_value_without_an_origin(self, store: sa.Engine, platform: PlatformSide) -> None:
        change(
            store, sa.update(crm.organization).where(crm.organization.c.website.is_(None)).values(website="x")
        )
        answer = failing(run(store, platform))
        assert answer.findings == (f"organization.website: {answer.violations} without origin",)

    def test_a_value_from_a_source_that_nobody_declared(
        self, store: sa.Engine, platform: PlatformSide
    ) -> None:
        change(
            store, sa.update(crm.field_origin).where(crm.field_origin.c.field == "country").values(source="x")
        )
        change(
            store,
            sa.update(crm.field_origin)
            .where(crm.field_origin.c.field == "industry_code")
            .values(source="participant_submission"),
        )
        change(store, sa.update(crm.person_email).values(source="participant_submission"))
        assert "from an undeclared source" in failing(run(store, platform)).findings[0]

    def test_a_value_whose_record_is_gone(self, store: sa.Engine, platform: PlatformSide) -> None:
        change(store, sa.update(TABLES["course_signup"]).values(deleted_at_source=NOW))
        findings = " ".join(failing(run(store, platform)).findings)
        assert "person.email: 1 without a live record" in findings
        assert "course_signup: 1 not in their record" in findings

    def test_a_value_in_the_lists_and_one_in_a_fact(self, store: sa.Engine, platform: PlatformSide) -> None:
        change(
            store,
            "INSERT INTO crm.person_email SELECT person_id, 'planted@example.no', false, false, source,"
            " source_id FROM crm.person_email LIMIT 1",
        )
        change(store, sa.update(crm.invoice).values(amount=999))
        assert set(failing(run(store, platform)).findings) == {
            "person_email.email: 1 not in their record",
            "invoice: 1 not in their record",
        }

    def test_a_value_whose_record_left_the_store(self, store: sa.Engine, platform: PlatformSide) -> None:
        change(store, sa.delete(TABLES["course_signup"]))
        assert "person.email: 1 without a live record" in " ".join(failing(run(store, platform)).findings)

    def test_what_is_wrong_is_told_every_night_until_it_is_mended(
        self, store: sa.Engine, platform: PlatformSide
    ) -> None:
        change(store, sa.update(crm.invoice).values(amount=999))
        for _ in range(3):
            assert not run(store, platform).passed
        change(store, sa.update(crm.invoice).values(amount=100))
        assert run(store, platform).passed

    def test_an_amount_in_whole_cents_is_its_record_s(self, store: sa.Engine, platform: PlatformSide) -> None:
        """Tripletex tells amounts with any number of decimals."""
        change(store, sa.update(TABLES["tripletex_invoice"]).values(amount=Decimal("99.9951234567890123456")))
        assert run(store, platform).passed

    def test_a_card_that_a_fact_hangs_on(self, store: sa.Engine, platform: PlatformSide) -> None:
        """The fact itself and its landing row are as they were."""
        change(
            store,
            sa.update(crm.source_link)
            .where(crm.source_link.c.source == "tripletex_customer")
            .values(organization_id=None),
        )
        assert failing(run(store, platform)).findings == ("invoice: 1 not in their record",)

    def test_a_mailbox_with_another_name(
        self, store: sa.Engine, platform: PlatformSide, sources: Any
    ) -> None:
        sources.put("helpscout_mailbox", 1, name="Kurs")
        change(store, sa.update(TABLES["helpscout_conversation"]).values(mailbox_id=1))
        assert failing(run(store, platform)).findings == ("inquiry: 1 not in their record",)


class TestWhatIsProved:
    """Everything once a week; in between what is new since the last proof."""

    def proofs(self, store: sa.Engine) -> list[str]:
        log = audit_log.c
        wanted = sa.select(log.action).where(log.action.like("%origins_proved")).order_by(log.entry_no)
        with store.connect() as connection:
            return list(connection.scalars(wanted))

    def audited(self, store: sa.Engine, days: float, policy: Policy | None = None) -> Audit:
        now = NOW + timedelta(days=days)
        return audit(store, None, policy or load_policy(), now=now, role=PIPELINE_ROLE, activities=(7,))

    def test_everything_once_a_week(self, store: sa.Engine) -> None:
        for day in range(9):
            self.audited(store, day)
        assert self.proofs(store) == [WHOLE, *[CHANGES] * 6, WHOLE, CHANGES]

    def test_everything_under_another_policy(self, store: sa.Engine) -> None:
        self.audited(store, 0)
        self.audited(store, 1, load_policy().model_copy(update={"version": 10_000}))
        assert self.proofs(store) == [WHOLE, WHOLE]

    def test_a_value_that_was_proved_is_not_asked_for_again(self, store: sa.Engine) -> None:
        """An origin that is taken away leaves no new row: the weekly proof finds it."""
        self.audited(store, 0)
        change(store, sa.delete(crm.field_origin))
        assert self.audited(store, 1).answers[0].passed
        assert not self.audited(store, 7).answers[0].passed

    def test_nothing_is_noted_while_something_is_wrong(self, store: sa.Engine) -> None:
        change(store, sa.update(crm.invoice).values(amount=999))
        self.audited(store, 0)
        assert self.proofs(store) == []


class TestActivities:
    """Participants of other customers' events are never read, nor asked for."""

    def test_a_sign_up_of_another_activity(self, store: sa.Engine, platform: PlatformSide) -> None:
        assert failing(run(store, platform, activities=(8,))).findings == (
            "landing.course_signup: activity 7",
        )

    def test_a_request_for_another_activity(self, store: sa.Engine, platform: PlatformSide) -> None:
        ask(store, "pindena", "/api/v1/activities/7/participants")
        assert run(store, platform).passed
        ask(store, "pindena", "/api/v1/activities/900/participants")
        assert failing(run(store, platform)).findings == ("asked for activity 900",)


def at(text: str, *keys: str) -> str:
    """A finding with the line of policy.yaml under which it would have to be declared."""
    lines, line = POLICY_FILE.read_text(encoding="utf-8").splitlines(), 0
    for depth, key in enumerate(keys):
        start = f"{'  ' * depth}{key}:"
        line = next(number for number, one in enumerate(lines) if number >= line and one.startswith(start))
    return f"policy.yaml line {line + 1} ({'.'.join(keys)}): {text}"


class TestRecipients:
    """Nobody is asked anything that the policy does not declare."""

    def test_a_recipient_that_nobody_declared(self, store: sa.Engine, platform: PlatformSide) -> None:
        ask(store, "newsletter", "/v1/send")
        assert failing(run(store, platform)).findings == (at("recipient newsletter", "recipients"),)

    def test_a_path_that_nobody_declared(self, store: sa.Engine, platform: PlatformSide) -> None:
        ask(store, "brreg", "/enheter/{number}")
        assert run(store, platform).passed
        ask(store, "brreg", "/enheter/{number}/roller")
        assert failing(run(store, platform)).findings == (
            at("request brreg GET /enheter/{number}/roller", "recipients", "brreg", "requests"),
        )


class TestStructure:
    """Nothing exists that the policy does not know."""

    def test_a_table_that_nobody_declared(self, store: sa.Engine, platform: PlatformSide) -> None:
        change(store, "CREATE TABLE landing.scratch (email text)")
        assert failing(run(store, platform)).findings == (at("table landing.scratch", "data"),)

    def test_a_schema_of_somebody_else_is_not_ours_to_judge(
        self, store: sa.Engine, platform: PlatformSide
    ) -> None:
        """Dagster may keep its own storage in the same database."""
        change(store, "CREATE TABLE public.runs (id bigint)")
        assert run(store, platform).passed

    def test_a_view_counts_as_a_table(self, store: sa.Engine, platform: PlatformSide) -> None:
        change(store, "CREATE VIEW crm.everyone AS SELECT * FROM crm.person")
        assert failing(run(store, platform)).findings == (at("table crm.everyone", "data"),)

    def test_a_column_that_nobody_declared(self, store: sa.Engine, platform: PlatformSide) -> None:
        change(store, "ALTER TABLE crm.person ADD COLUMN birthday date")
        assert failing(run(store, platform)).findings == (
            at("column crm.person.birthday", "data", "crm.person"),
        )


class TestGrants:
    """The pipeline's role cannot see processor data in either database, by whichever way."""

    def test_a_copy_of_submissions_in_the_crm_database(
        self, store: sa.Engine, platform: PlatformSide
    ) -> None:
        change(store, "CREATE SCHEMA platform")
        change(store, "CREATE TABLE platform.participant_submission (answers jsonb)")
        assert run(store, platform).answers[4].passed
        change(store, f"GRANT SELECT (answers) ON platform.participant_submission TO {PIPELINE_ROLE}")
        assert run(store, platform).answers[4].findings == ("platform.participant_submission: column",)

    def test_a_grant_is_found_by_a_login_that_may_not_enter_the_schema_itself(
        self, platform: PlatformSide, platform_engine: sa.Engine
    ) -> None:
        change(platform_engine, f"REVOKE ALL ON SCHEMA platform FROM {RETENTION_ROLE}")
        with platform.retention.connect() as connection:
            assert platform_grants(connection, PIPELINE_ROLE, platform.names) == {}
        change(platform_engine, f"GRANT SELECT ON platform.participant_submission TO {PIPELINE_ROLE}")
        with platform.retention.connect() as connection:
            found = platform_grants(connection, PIPELINE_ROLE, platform.names)
        assert found == {"platform.participant_submission": "table"}

    @pytest.mark.parametrize(
        ("grant", "finding"),
        [
            (
                "GRANT SELECT ON platform.participant_submission TO PUBLIC",
                "platform.participant_submission: table",
            ),
            (f"GRANT INSERT ON platform.access_log TO {PIPELINE_ROLE}", "platform.access_log: table"),
        ],
    )
    def test_a_grant_in_the_platform_database(
        self, store: sa.Engine, platform: PlatformSide, platform_engine: sa.Engine, grant: str, finding: str
    ) -> None:
        change(platform_engine, grant)
        assert failing(run(store, platform)).findings == (finding,)

    def test_a_role_that_could_be_taken(self, platform_engine: sa.Engine) -> None:
        """Roles belong to the whole server, so this one is given and taken back in one transaction."""
        with platform_engine.connect() as connection, connection.begin() as transaction:
            assert platform_grants(connection, PIPELINE_ROLE, PlatformNames()) == {}
            connection.exec_driver_sql(f"GRANT {RETENTION_ROLE} TO {PIPELINE_ROLE}")
            found = platform_grants(connection, PIPELINE_ROLE, PlatformNames())
            transaction.rollback()
        assert found[f"role {RETENTION_ROLE}"] == "membership"


def test_an_address_that_is_too_old(
    store: sa.Engine, platform: PlatformSide, platform_engine: sa.Engine
) -> None:
    change(
        platform_engine,
        "CREATE TABLE platform.old PARTITION OF platform.access_log"
        " FOR VALUES FROM (MINVALUE) TO ('2026-11-20')",
    )
    change(
        platform_engine,
        sa.text(
            "INSERT INTO platform.access_log (id, ip_address, occurred_at) VALUES (1, '192.0.2.1', :at)"
        ).bindparams(at=NOW - timedelta(days=14, seconds=1)),
    )
    assert failing(run(store, platform)).findings == ("user-ip-addresses: 1",)


class TestSubmissions:
    """What participants submit is on no card, unless the person is a customer by another way."""

    @pytest.mark.parametrize("planted", ["iben.vik@deltaker.example.no", "IBEN VIK", "+47 219 99 777"])
    def test_a_submitted_value_without_an_origin(
        self, store: sa.Engine, platform: PlatformSide, planted: str
    ) -> None:
        change(store, sa.update(crm.organization).values(website=planted))
        questions = {answer.question for answer in run(store, platform).answers if not answer.passed}
        assert questions == {
            "every value on a card has its origin",
            "no participant's submission is on a card",
        }

    def test_a_submitted_value_with_a_false_origin(self, store: sa.Engine, platform: PlatformSide) -> None:
        change(store, sa.update(crm.person).values(phone="+4721999777"))
        assert not run(store, platform).answers[-1].passed

    def test_one_person_may_rightly_be_both(
        self, store: sa.Engine, platform: PlatformSide, sources: Any
    ) -> None:
        sources.put("course_signup", 51, activity_id=7, first_name="Iben", last_name="Vik", first_seen_at=NOW,
                    email="iben.vik@deltaker.example.no", phone="21999777")  # fmt: skip
        rebuild(store, "again")
        assert run(store, platform).passed

    def test_without_a_role_that_may_compare_a_suspicion_is_not_passed_over(
        self, store: sa.Engine, platform: PlatformSide
    ) -> None:
        change(store, sa.update(crm.organization).values(website="planted.example.no"))
        alone = PlatformSide(platform.retention, None, platform.names)
        assert run(store, alone).answers[-1].not_asked

    def test_a_login_that_may_not_compare_is_said_and_does_not_break_the_audit(
        self, store: sa.Engine, platform: PlatformSide
    ) -> None:
        change(store, sa.update(crm.organization).values(website="planted.example.no"))
        without_rights = PlatformSide(platform.retention, platform.retention, platform.names)
        assert run(store, without_rights).answers[-1].not_asked

    def test_no_value_crosses_over_in_the_clear(self, store: sa.Engine, platform: PlatformSide) -> None:
        sent: list[str] = []
        assert platform.auditor is not None

        def keep(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
            sent.append(f"{statement} {parameters}")

        sa.event.listen(platform.auditor, "before_cursor_execute", keep)
        change(store, sa.update(crm.organization).values(website="canary.example.no"))
        run(store, platform)
        assert sent
        assert not [one for one in sent if "canary" in one or "iben" in one.lower()]


def ask(engine: sa.Engine, recipient: str, path: str) -> None:
    change(
        engine,
        sa.insert(request_log).values(
            day=date(2026, 11, 25),
            run_id="run",
            recipient=recipient,
            method="GET",
            path=path,
            status=200,
            requests=1,
        ),
    )
