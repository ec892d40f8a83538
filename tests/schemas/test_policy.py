"""A policy that contradicts itself is refused, with the line to mend; the real one covers everything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.privacy.coverage import uncovered
from schemas.policy import POLICY_FILE, Policy, PolicyError, load_policy

Edit = Callable[[str, str], Policy]


@pytest.fixture
def edited(tmp_path: Path) -> Edit:
    """Loads the real policy with one piece of text replaced by another."""

    def load(old: str, new: str) -> Policy:
        text = POLICY_FILE.read_text(encoding="utf-8")
        assert old in text, "the test's edit no longer fits the policy"
        path = tmp_path / "policy.yaml"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return load_policy(path)

    return load


def line_of(text: str) -> int:
    lines = POLICY_FILE.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def test_the_real_policy_covers_every_table_column_and_field() -> None:
    assert uncovered(load_policy()) == ()


def test_every_clause_of_the_statement_is_there_in_both_languages() -> None:
    clauses = load_policy().clauses
    assert list(clauses) == ["S1", "S2", "S3", "S4", "S5", "S6"]
    assert all(clause.promise.nb != clause.promise.en for clause in clauses.values())


def test_users_ip_addresses_live_for_fourteen_days_after_the_event() -> None:
    rule = load_policy().retention_of("platform.access_log")
    assert (rule.clock, rule.period, rule.clause) == (("occurred_at",), "P14D", "S3")


def test_participants_data_are_sent_to_nobody_and_deleted_on_instruction_only() -> None:
    policy = load_policy()
    assert policy.tables_of_class("processor") == {"platform.participant_submission"}
    assert policy.retention_of("platform.participant_submission").instruction_only
    assert all("processing_for_customers" not in one.purposes for one in policy.recipients.values())


@pytest.mark.parametrize(
    ("old", "new", "problem", "place"),
    [
        ("purposes: [support]}", "purposes: [suport]}", "unknown purpose suport", "purposes: [support]}"),
        ("  support:\n    clauses: [S1]", "  support:\n    clauses: [S9]", "unknown clause S9", "  support:"),
        (
            "    data: landing.order_form\n",
            "    data: landing.course_signup\n",
            "landing.course_signup has two periods, here and in course-sign-ups",
            "- id: order-forms",
        ),
        ("- id: sync-log\n", "- id: invoices\n", "the id invoices is given twice", "- id: sync-log"),
        (
            "  landing.load: {class: system, clauses: [S6], purposes: [accountability]}\n",
            "",
            "landing.load is not listed under data",
            None,
        ),
        (
            "    instruction_only: true\n",
            "    clock: submitted_at\n    period: P30D\n",
            "instruction_only is for",
            "- id: participant-submissions",
        ),
        ("    period: P14D\n", "    period: 14 days\n", "String should match pattern", "    period: P14D"),
        ("    period: P14D\n", "    period: P0D\n", "String should match pattern", "    period: P14D"),
        (
            "clauses: [S3], purposes: [security]}",
            "clauses: [S3], purposes: [billing]}",
            "purpose billing is covered by none of its clauses",
            "  platform.access_log:",
        ),
        (
            "clauses: [S5], purposes: [processing_for_customers]}",
            "clauses: [S5], purposes: [processing_for_customers, accountability]}",
            "participants' data may not serve accountability",
            "  platform.participant_submission:",
        ),
        (
            'role: own_system\n    country: "NO"\n    purposes: [own_courses, customer_relationship]',
            'role: own_system\n    country: "NO"\n    purposes: [processing_for_customers]',
            "clause S5 forbids sending participants' data",
            "  pindena:",
        ),
        (
            "    transfer: Standard contractual clauses in the data processing agreement\n",
            "",
            "a recipient outside the EEA needs `transfer`",
            "  helpscout:",
        ),
        (
            "data: landing.cursor\n    follows: landing\n",
            "data: landing.cursor\n    follows: nowhere\n",
            "follows nowhere, which is not listed",
            "- id: cursors",
        ),
        (
            "    clause: S3\n    rewrite: P7D",
            "    clause: S1\n    rewrite: P7D",
            "clause S1 is not among the clauses of platform.access_log",
            "- id: user-ip-addresses",
        ),
        ("- id: sync-log\n", "- id: sync-log\n    colour: red\n", "Extra inputs are not permitted", None),
    ],
)
def test_a_policy_that_contradicts_itself_is_refused_with_the_line(
    edited: Edit, old: str, new: str, problem: str, place: str | None
) -> None:
    with pytest.raises(PolicyError) as refused:
        edited(old, new)
    assert problem in str(refused.value)
    assert "\n" not in str(refused.value)
    if place is not None:
        assert f"line {line_of(place)} " in str(refused.value)


def test_a_table_without_a_period_is_refused(edited: Edit) -> None:
    extra = "  privacy.extra: {class: system, clauses: [S6], purposes: [accountability]}\n"
    with pytest.raises(PolicyError, match=r"\(data\.privacy\.extra\): privacy\.extra has no retention rule"):
        edited("  privacy.hold: {", f"{extra}  privacy.hold: {{")


def test_a_key_that_stands_twice_is_refused_rather_than_overwritten(edited: Edit) -> None:
    with pytest.raises(PolicyError, match=r"line \d+: S3 is given twice"):
        edited("  S4:\n", "  S3:\n")


class TestHolds:
    """A duty to keep and a period to delete may not contradict each other."""

    REASON = "    reason: {nb: Bokføringsloven, en: Bookkeeping Act}\n"

    def hold(self, lines: str) -> tuple[str, str]:
        return "holds: []\n", f"holds:\n  - id: bookkeeping\n{self.REASON}{lines}"

    def test_a_period_shorter_than_a_hold_is_refused_at_the_period(self, edited: Edit) -> None:
        with pytest.raises(PolicyError, match="P60M contradicts hold bookkeeping") as refused:
            edited(*self.hold("    data: landing.tripletex_invoice\n    at_least: P72M\n"))
        assert f"line {line_of('- id: invoices') + 3} " in str(refused.value)

    @pytest.mark.parametrize("period", ["P60M", "P24M", "P1000D"])
    def test_a_period_at_least_as_long_is_accepted(self, edited: Edit, period: str) -> None:
        assert edited(*self.hold(f"    data: landing.tripletex_invoice\n    at_least: {period}\n")).holds

    def test_days_and_months_are_compared_at_their_worst(self, edited: Edit) -> None:
        """60 months can be as short as 1 680 days when every month is taken at its shortest."""
        with pytest.raises(PolicyError, match="contradicts hold"):
            edited(*self.hold("    data: landing.tripletex_invoice\n    at_least: P1800D\n"))

    def test_what_lives_as_long_as_other_data_cannot_be_promised_a_time(self, edited: Edit) -> None:
        with pytest.raises(PolicyError, match="cannot be promised"):
            edited(*self.hold("    data: landing.cursor\n    at_least: P1M\n"))

    @pytest.mark.parametrize(
        "lines", ["    column: id\n    value: '1'\n", "", "    at_least: P1M\n    column: id\n"]
    )
    def test_a_hold_is_of_some_rows_or_of_all(self, edited: Edit, lines: str) -> None:
        with pytest.raises(PolicyError, match="give either column, value and until, or at_least"):
            edited(*self.hold(f"    data: landing.tripletex_invoice\n{lines}"))

    def test_a_hold_on_a_column_that_is_not_there_is_a_gap(self, edited: Edit) -> None:
        policy = edited(
            *self.hold(
                "    data: landing.tripletex_invoice\n    column: colour\n    value: red\n"
                "    until: 2030-01-01\n"
            )
        )
        assert uncovered(policy) == (
            "hold bookkeeping names column colour, which landing.tripletex_invoice does not have",
        )


class TestCoverage:
    """What is read or stored without a word in the policy is found."""

    def test_a_category_that_is_not_listed(self, edited: Edit) -> None:
        policy = edited("  user.device.ip_address:", "  user.device.ip:")
        assert uncovered(policy)[0] == (
            "column platform.access_log.ip_address has the category user.device.ip_address,"
            " which is not listed"
        )

    def test_a_clock_that_the_table_does_not_have(self, edited: Edit) -> None:
        policy = edited("    clock: occurred_at\n    period: P14D", "    clock: at\n    period: P14D")
        assert "counts from at, which platform.access_log does not have" in uncovered(policy)[0]

    def test_a_clock_that_may_never_start(self, edited: Edit) -> None:
        policy = edited("clock: [invoice_date, first_seen_at]", "clock: invoice_date")
        assert uncovered(policy) == (
            "retention rule invoices: the last clock may be empty, and a row without one would never go",
        )


@pytest.mark.parametrize(
    ("content", "problem"),
    [("a: [1", "line 1: "), ("", "line 1 "), ("- a", "line 1 ")],
)
def test_a_file_that_is_no_policy_is_refused_in_one_line(tmp_path: Path, content: str, problem: str) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(PolicyError, match=f"policy.yaml {problem}"):
        load_policy(path)


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot be read"):
        load_policy(tmp_path / "policy.yaml")
