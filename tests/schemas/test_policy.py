"""A policy that contradicts itself is refused, with the line to mend; the real one covers everything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.privacy.coverage import refuse_uncovered, uncovered
from schemas.payloads.base import Payload
from schemas.policy import POLICY_FILE, Policy, PolicyError, load_policy
from schemas.tables import all_tables

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


CATEGORIES = line_of("  user.name: {") - 1


def refusal(tmp_path: Path, text: str) -> str:
    """Why a policy of this text is refused."""
    path = tmp_path / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError) as refused:
        refuse_uncovered(load_policy.__wrapped__(path))
    return str(refused.value)


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
        (
            "  support:\n    clauses: [S1]",
            "  support:\n    clauses: [S9]",
            "unknown clause S9",
            "clauses: [S1]",
        ),
        (
            "    data: landing.order_form\n",
            "    data: landing.course_signup\n",
            "landing.course_signup has two periods, here and in course-sign-ups",
            "    data: landing.order_form",
        ),
        ("- id: sync-log\n", "- id: invoices\n", "the id invoices is given twice", "- id: sync-log"),
        (
            "- id: dagster-files\n",
            "- id: dagster-runs\n",
            "the id dagster-runs is given twice",
            "- id: dagster-files",
        ),
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
        ("    period: P14D\n", "    period: 14 days\n", "written P14D for 14 days", "    period: P14D"),
        ("    period: P14D\n", "    period: P0D\n", "written P14D for 14 days", "    period: P14D"),
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
            "    purposes: [own_courses, customer_relationship]",
        ),
        (
            "    transfer: {",
            "    # {",
            "a recipient outside the EEA needs `transfer`",
            "  helpscout:",
        ),
        (
            "data: landing.cursor\n    follows: landing\n",
            "data: landing.cursor\n    follows: nowhere\n",
            "follows nowhere, which is not listed",
            None,
        ),
        (
            "    clause: S3\n    rewrite: P7D",
            "    clause: S1\n    rewrite: P7D",
            "clause S1 is not among the clauses of platform.access_log",
            "    clause: S3",
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
            f"policy.yaml line {line_of('holds: []') + 4} (holds.0.column): hold bookkeeping names column"
            " colour, which landing.tripletex_invoice does not have",
        )

    def test_rows_cannot_be_named_by_what_their_source_does_not_tell(self, edited: Edit) -> None:
        """Such a hold could not be seen when the record arrives again."""
        policy = edited(
            *self.hold(
                "    data: landing.tripletex_invoice\n    column: first_seen_at\n    value: '2026-01-01'\n"
                "    until: 2030-01-01\n"
            )
        )
        assert "which their source does not tell" in uncovered(policy)[0]

    @pytest.mark.parametrize(
        ("data", "column", "value", "problem"),
        [
            ("crm.invoice", "invoice_id", "17", "rows of crm.invoice have no period of their own"),
            ("crm.person", "full_name", "17", "a card is named by its id, and not by full_name"),
            ("crm.person", "person_id", "17", "a card is named by its id, as crm.source_link has it"),
        ],
    )
    def test_a_hold_that_would_keep_nothing_is_refused(
        self, edited: Edit, data: str, column: str, value: str, problem: str
    ) -> None:
        lines = f"    data: {data}\n    column: {column}\n    value: '{value}'\n    until: 2030-01-01\n"
        with pytest.raises(PolicyError, match=problem):
            edited(*self.hold(lines))

    def test_a_card_is_held_by_its_id(self, edited: Edit) -> None:
        value = "5f0c9c1e-0000-4000-8000-000000000001"
        lines = f"    data: crm.person\n    column: person_id\n    value: {value}\n    until: 2030-01-01\n"
        assert edited(*self.hold(lines)).holds[0].until == date(2030, 1, 1)


class TestCoverage:
    """What is read or stored without a word in the policy is found."""

    def test_a_category_that_is_not_listed(self, edited: Edit) -> None:
        policy = edited("  user.device.ip_address:", "  user.device.ip:")
        assert uncovered(policy)[0] == (
            f"policy.yaml line {CATEGORIES} (categories): column platform.access_log.ip_address has the"
            " category user.device.ip_address, which is not listed"
        )

    def test_a_clock_that_the_table_does_not_have(self, edited: Edit) -> None:
        policy = edited("    clock: occurred_at\n    period: P14D", "    clock: at\n    period: P14D")
        assert "counts from at, which platform.access_log does not have" in uncovered(policy)[0]

    def test_a_clock_that_may_never_start(self, edited: Edit) -> None:
        policy = edited("clock: [invoice_date, first_seen_at]", "clock: invoice_date")
        assert uncovered(policy) == (
            f"policy.yaml line {line_of('clock: [invoice_date, first_seen_at]')} (retention.7.clock):"
            " retention rule invoices: the last clock may be empty, and such a row would never go",
        )

    def test_a_table_and_a_field_that_nobody_declared(self) -> None:
        extra = sa.Table("extra", sa.MetaData(), sa.Column("id", sa.Text()), schema="crm")

        class Extra(Payload):
            source = "extra"
            name: str

        policy = load_policy()
        gaps = uncovered(policy, [*all_tables(), extra], [Extra])
        data = line_of("  landing.helpscout_customer: {") - 1
        assert gaps == (
            f"policy.yaml line {data} (data): table crm.extra is not listed under data",
            f"policy.yaml line {CATEGORIES} (categories): column crm.extra.id has the category None, which is"
            " not listed",
            f"policy.yaml line {data} (data): payload Extra is read for no table under data",
            f"policy.yaml line {CATEGORIES} (categories): field Extra.name needs one category of the policy",
        )


BROKEN: Mapping[str, tuple[str, str, str, str]] = {
    "an overlap": (
        "    data: landing.order_form\n",
        "    data: landing.course_signup # here\n",
        "landing.course_signup has two periods",
        "# here",
    ),
    "a gap": (
        "  privacy.hold: {",
        "  privacy.gap: {class: system, clauses: [S6], purposes: [accountability]}\n  privacy.hold: {",
        "privacy.gap has no retention rule",
        "  privacy.gap:",
    ),
    "a table that nobody declared": (
        "  landing.webhook_mark: {",
        "  landing.other_mark: {",
        "landing.webhook_mark is not listed",
        "    data: landing.webhook_mark",
    ),
    "a table that is not there": (
        "  privacy.hold: {",
        "  crm.ghost: {class: system, clauses: [S6], purposes: [accountability]}\n  privacy.hold: {",
        "data lists crm.ghost, which does not exist",
        "  crm.ghost:",
    ),
    "a column without a category": (
        "  user.device.ip_address:",
        "  user.device.ip:",
        "has the category user.device.ip_address, which is not listed",
        "\ncategories:",
    ),
    "a period that contradicts a hold": (
        "holds: []\n",
        "holds:\n  - id: bookkeeping\n    reason: {nb: Loven, en: The law}\n"
        "    data: landing.tripletex_invoice\n    at_least: P72M\n",
        "P60M contradicts hold bookkeeping",
        "    period: P60M",
    ),
    "a hold of which rows": (
        "holds: []\n",
        "holds:\n  - id: dispute\n    reason: {nb: Tvist, en: A dispute}\n"
        "    data: landing.tripletex_invoice\n    column: colour\n    value: red\n    until: 2031-01-01\n",
        "names column colour",
        "    column: colour",
    ),
    "a hold for a duty that there is none of": (
        "holds: []\n",
        "holds:\n  - id: dispute\n    reason: {nb: Tvist, en: A dispute}\n    duty: revenge\n"
        "    data: landing.tripletex_invoice\n    column: id\n    value: '1'\n    until: 2031-01-01\n",
        "revenge is not listed under duties",
        "    duty: revenge",
    ),
    "a duty without a citation": (
        "    cites: [bokføringsloven § 13, Bookkeeping Act § 13]\n", "    cites: []\n",
        "at least 1 item", "    cites: []",
    ),
    "a day that is none": (
        "holds: []\n",
        "holds:\n  - id: dispute\n    reason: {nb: Tvist, en: A dispute}\n"
        "    data: landing.tripletex_invoice\n    column: id\n    value: '1'\n    until: 2031-02-30\n",
        "valid date",
        "    until: 2031-02-30",
    ),
    "a legal basis that there is none of": (
        "    legal_basis: gdpr-28\n", "    legal_basis: gdpr-29\n",
        "unknown legal basis gdpr-29", "    legal_basis: gdpr-29",
    ),
    "people whom nobody named": (
        "    people: {nb: Brukere av", "    # {nb: Brukere av", "Field required", "  security:",
    ),
    "a key that stands twice": ("  S4:\n", "  S3:\n", "S3 is given twice", "  S3:\n    title: {nb: Kurs"),
    "an id that stands twice": (
        "  - id: backups\n", "  - id: write-ahead-log # here\n", "write-ahead-log is given twice", "# here",
    ),
    "a request that stands twice": (
        "      - {method: GET, path: /v3/customers, query: [cursor, modifiedSince, createdSince]}\n",
        "      - {method: GET, path: /v3/customers}\n      - {method: GET, path: /v3/customers} # here\n",
        "GET /v3/customers is listed twice",
        "# here",
    ),
    "a clause that nothing is listed under": (
        "  S6:\n", "  S7:\n    title: {nb: To, en: Two}\n    promise: {nb: To, en: Two}\n  S6:\n",
        "no data are listed under clause S7", "  S7:",
    ),
    "a recipient outside the EEA": (
        "    transfer: {", "    # {", "needs `transfer`", "  helpscout:",
    ),
    "a country that YAML takes for no": (
        '    country: "NO"\n', "    country: NO # here\n", "valid string", "# here",
    ),
    "a clock that is not there": (
        "    clock: occurred_at\n    period: P14D",
        "    clock: at\n    period: P14D",
        "counts from at, which platform.access_log does not have",
        "    clock: at",
    ),
    "a tab": ("  S4:\n", "\tS4:\n", "found a tab character", "\tS4:"),
    "a sign that no text has": (
        "Courses", "Cour\x07ses", "control characters are not allowed", "Cour\x07ses",
    ),
    "an unknown word": ("    rewrite: P7D\n", "    rewritten: P7D\n", "Extra inputs", "    rewritten: P7D"),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
@given(lines=st.integers(0, 30))
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_fault_is_told_with_its_line_wherever_it_stands(tmp_path: Path, what: str, lines: int) -> None:
    old, new, problem, marker = BROKEN[what]
    text = POLICY_FILE.read_text(encoding="utf-8")
    assert old in text, "the test's edit no longer fits the policy"
    broken = "# a word to the reader\n" * lines + text.replace(old, new, 1)
    told = refusal(tmp_path, broken)
    place = broken[: broken.index(marker) + len(marker)].count("\n") - marker.strip("\n").count("\n") + 1
    assert problem in told
    assert told.startswith(f"policy.yaml line {place}")
    assert "\n" not in told


def references() -> list[tuple[str, int, int]]:
    """Every name in the policy that stands for something declared elsewhere: where it is, and its marks."""
    lists = {"clauses", "purposes", "receives", "clause", "follows"}
    found: list[tuple[str, int, int]] = []

    def walk(node: yaml.Node, path: tuple[str, ...]) -> None:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                walk(value, (*path, str(key.value)))
        elif isinstance(node, yaml.SequenceNode):
            for at, item in enumerate(node.value):
                walk(item, (*path, str(at)))
        elif len(path) > 2 and (lists & set(path[2:]) or (path[0] == "retention" and path[2] == "data")):
            found.append((".".join(path), node.start_mark.index, node.end_mark.index))

    tree = yaml.compose(POLICY_FILE.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    assert tree is not None
    walk(tree, ())
    return found


REFERENCES = references()


def test_the_references_of_the_policy_are_found() -> None:
    assert len(REFERENCES) > 300


@given(st.sampled_from(REFERENCES))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_name_of_something_that_is_not_there_is_told_with_its_line(
    tmp_path: Path, reference: tuple[str, int, int]
) -> None:
    place, start, end = reference
    text = POLICY_FILE.read_text(encoding="utf-8")
    name = "landing.nothing" if place.endswith("data") else "nothing"
    told = refusal(tmp_path, f"{text[:start]}{name}{text[end:]}")
    assert told.startswith(f"policy.yaml line {text[:start].count(chr(10)) + 1} ({place.rpartition('.')[0]}")
    assert "nothing" in told


@pytest.mark.parametrize(
    ("content", "problem"),
    [("a: [1", "line 1: "), ("", "line 1 "), ("- a", "line 1 "), ("a: 1\n? [b]\n: 2", "line 2: ")],
)
def test_a_file_that_is_no_policy_is_refused_in_one_line(tmp_path: Path, content: str, problem: str) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(PolicyError, match=f"policy.yaml {problem}"):
        load_policy(path)


def test_a_file_in_another_encoding_is_refused_with_the_line(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_bytes("version: 1\n# Påmelding\n".encode("latin-1"))
    with pytest.raises(PolicyError, match="line 2: is not UTF-8"):
        load_policy(path)


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot be read"):
        load_policy(tmp_path / "policy.yaml")


@pytest.mark.parametrize(
    ("basis", "duty"),
    [
        ("bokføringsloven § 13", "accounting-records"),
        ("Bokføringsloven  §13", "accounting-records"),
        ("bokføringsloven § 13 annet ledd, jf. § 3", "accounting-records"),
        ("bokføringsloven § 13, regnskapsåret 2026", "accounting-records"),
        ("bokføringsloven § 13.", "accounting-records"),
        ("bokføringsloven § 130", None),
        ("bokføringsloven § 13-2", None),
        ("bokføringsloven § 13 b", None),
        ("jf. bokføringsloven § 13", None),
        ("straffeprosessloven § 215 a", "investigation"),
        ("straffeprosessloven § 215", None),
        ("", None),
        (None, None),
    ],
)
def test_a_duty_is_known_by_how_a_basis_begins(basis: str | None, duty: str | None) -> None:
    """What is told to a person hangs on it, so another paragraph is another duty."""
    found = load_policy().duty_of(basis)
    assert (found.id if found else None) == duty
