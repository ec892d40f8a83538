"""The nightly forwarding audit: seven questions to the real store, answered in numbers.

Each question is a plain function; `audit` asks them all. Findings hold names of tables, fields, activities
and recipients, never a value.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from pipelines.laps import Laps
from pipelines.privacy import access_log, retention, unproved
from pipelines.privacy.grants import may_become, reachable_tables
from pipelines.privacy.holds import load_holds
from pipelines.privacy.origins import CARDS, Proof, prove_origins
from pipelines.privacy.platform import configured_table, may_read
from pipelines.privacy.structure import asked_activities, unknown_requests, unknown_structure
from pipelines.store.roles import RETENTION_ROLE
from schemas.policy import Policy
from schemas.tables import landing
from schemas.tables.platform import PlatformNames

_MINIMUM_LENGTH = 6
"""Shorter texts (`Oslo`, `AS`) occur everywhere and prove nothing."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question."""

    question: str
    clause: str
    violations: int
    findings: tuple[str, ...] = ()
    """What and where, in names and numbers; the first few."""
    not_asked: str | None = None
    """Why the question could not be asked; such an answer does not pass."""
    by_clause: Mapping[str, int] = field(default_factory=dict)
    """Violations by clause, where the question is about several."""

    @property
    def passed(self) -> bool:
        """Asked, and nothing found."""
        return self.not_asked is None and self.violations == 0


@dataclass(frozen=True, slots=True)
class Audit:
    """All answers of one night."""

    at: datetime
    answers: tuple[Answer, ...]

    @property
    def passed(self) -> bool:
        """Every question was asked and nothing was found."""
        return all(answer.passed for answer in self.answers)

    @property
    def violations(self) -> int:
        """Findings of all questions together."""
        return sum(answer.violations for answer in self.answers)


@dataclass(frozen=True, slots=True)
class PlatformSide:
    """The registration system's database, as the audit may look at it."""

    retention: sa.Engine
    """Under the retention role: expiry of IP addresses, and the catalog."""
    auditor: sa.Engine | None
    """Under a role of its own that reads answers and gives out keyed hashes only; None: there is none."""
    names: PlatformNames


def audit(
    crm: sa.Engine,
    platform: PlatformSide | None,
    policy: Policy,
    *,
    now: datetime,
    role: str,
    activities: Collection[int],
) -> Audit:
    """Ask all seven questions. `role` is the one the pipeline works under, `activities` the configured ones.

    `platform` is None where no platform database is configured: there is then nothing of its to ask about.
    What has an origin is proved of what is new since the last proof, and once a week of everything.
    """
    laps = Laps("audit")
    with crm.connect() as connection:
        proof = _proved(connection, policy, now)
        laps.lap("origins")
        answers = [
            origins_answer(proof),
            activities_answer(connection, policy, activities),
            structure_answer(connection, policy),
            recipients_answer(connection, policy),
        ]
        holds = load_holds(connection, policy, now)
        overdue = retention.overdue(connection, policy, now)
        reachable = reachable_tables(connection, role, policy.tables_of_class("processor"))
    laps.lap("structure, recipients, periods and grants")
    if platform is None:
        return Audit(now, (*answers, _grants(reachable), _expired(overdue, policy)))
    with platform.retention.connect() as connection:
        reachable |= platform_grants(connection, role, platform.names)
        rule = policy.retention_of(access_log.DATA).id
        overdue[rule] = access_log.overdue(connection, policy, platform.names, now, holds)
    answers += [
        _grants(reachable),
        _expired(overdue, policy),
        submissions_answer(proof, platform.auditor, platform.names),
    ]
    laps.lap("submissions")
    return Audit(now, tuple(answers))


def _proved(connection: sa.Connection, policy: Policy, now: datetime) -> Proof:
    """Prove the origins, and note it where nothing lacks one: the next proof goes on from there."""
    until = unproved.transaction_of(connection)
    new = unproved.stage(connection, policy, CARDS, now)
    proof = prove_origins(connection, policy, new)
    if not proof.violations:
        unproved.note(connection, policy, now, until, everything=new is None)
    connection.commit()
    return proof


def origins_answer(proof: Proof) -> Answer:
    """Every value on a card has an origin in a declared source and a live record that really holds it."""
    kinds = {
        "without origin": proof.without_origin,
        "from an undeclared source": proof.undeclared_source,
        "without a live record": proof.no_live_record,
        "not in their record": proof.not_in_record,
    }
    findings = [
        f"{place}: {count} {kind}"
        for kind, counts in kinds.items()
        for place, count in sorted(counts.items())
    ]
    answer = _answer("every value on a card has its origin", "S6", proof.violations, findings)
    return _about(answer, "S1", "S2", "S4", "S6")


def activities_answer(connection: sa.Connection, policy: Policy, activities: Collection[int]) -> Answer:
    """No activity but the configured ones is in landing, or was ever asked for."""
    configured = {int(activity) for activity in activities}
    findings = []
    for source in ("course_signup", "order_form"):
        table = landing.TABLES[source]
        present = set(connection.scalars(sa.select(table.c.activity_id).distinct()))
        findings += [f"landing.{source}: activity {one}" for one in sorted(present - configured)]
    asked = asked_activities(connection, policy) - configured
    findings += [f"asked for activity {one}" for one in sorted(asked)]
    answer = _answer("no other customer's activity was read or asked for", "S5", len(findings), findings)
    return _about(answer, "S4", "S5")


def structure_answer(connection: sa.Connection, policy: Policy) -> Answer:
    """Every table and column in the database is known to the policy."""
    unknown = unknown_structure(connection, policy)
    findings = [policy.at(one.place, f"{one.kind} {one.name}") for one in unknown]
    answer = _answer("every table and column is known to the policy", "S6", len(findings), findings)
    return _about(answer, *policy.clauses)


def recipients_answer(connection: sa.Connection, policy: Policy) -> Answer:
    """Every host that was asked is a declared recipient, and every request a declared one."""
    unknown = unknown_requests(connection, policy)
    findings = [policy.at(one.place, f"{one.kind} {one.name}") for one in unknown]
    answer = _answer("every host asked is a declared recipient", "S6", len(findings), findings)
    return _about(answer, *policy.clauses)


def platform_grants(connection: sa.Connection, role: str, names: PlatformNames) -> dict[str, str]:
    """What the pipeline's role could reach in the platform database, and how: {} is right."""
    tables = frozenset({names.participant_submission, names.access_log})
    found = reachable_tables(connection, role, tables)
    if may_become(connection, role, RETENTION_ROLE):
        found[f"role {RETENTION_ROLE}"] = "membership"
    return found


def submissions_answer(proof: Proof, auditor: sa.Engine | None, names: PlatformNames) -> Answer:
    """No value without a proved origin occurs among what participants submitted (clause S5).

    Compared by hashes under a key made for this one comparison: no value leaves either database. One person
    may rightly be customer and participant; such a person's values have an origin and are not compared.
    """
    question = "no participant's submission is on a card"
    if not proof.values:
        return Answer(question, "S5", 0)
    if auditor is None:
        return Answer(question, "S5", 0, not_asked="there is no role that may compare submissions")
    with auditor.connect() as connection:
        if not may_read(connection, _answers(connection, names)):
            return Answer(question, "S5", 0, not_asked="the login may not compare submissions")
    found = shared_values(auditor, names, proof.values)
    return _answer(
        question, "S5", found, [f"{found} values without an origin occur in submissions"] * bool(found)
    )


def shared_values(auditor: sa.Engine, names: PlatformNames, values: Iterable[str]) -> int:
    """How many of some values occur in participants' answers, by keyed hash; 0 for none without a look."""
    forms = sorted({form for value in values for form in _forms(value)})
    if not forms:
        return 0
    key = secrets.token_bytes(32)
    with auditor.begin() as connection:
        hashes = [_keyed(key, form) for form in forms]
        table = _answers(connection, names)
        quote = connection.dialect.identifier_preparer.quote
        statement = _OCCURRING.format(
            answers=quote(names.answers), table=f"{quote(str(table.schema))}.{quote(table.name)}"
        )
        occurring = set(
            connection.scalars(
                sa.text(statement).bindparams(
                    sa.bindparam("hashes", hashes, pg.ARRAY(sa.LargeBinary())),
                    sa.bindparam("key", key, sa.LargeBinary()),
                )
            )
        )
    return len(occurring)


def _answers(connection: sa.Connection, names: PlatformNames) -> sa.Table:
    return configured_table(
        connection, names.participant_submission, (names.answers,), "PLATFORM_PARTICIPANT_SUBMISSION"
    )


# Every text in an answer in its two forms: as words in lower case, and its last eight digits. Hashed where
# it lies; only hashes that were asked for come back.
_OCCURRING = """
WITH texts AS (
    SELECT lower(btrim(found #>> '{{}}')) AS text
    FROM {table}, LATERAL jsonb_path_query({answers}, 'strict $.** ? (@.type() == "string"
        || @.type() == "number")', silent => true) AS found
), forms AS (
    SELECT 'text:' || text AS form FROM texts
    UNION SELECT 'digits:' || right(regexp_replace(text, '\\D', '', 'g'), 8) FROM texts
        WHERE length(regexp_replace(text, '\\D', '', 'g')) >= 8
), hashed AS (
    SELECT sha256(:key || convert_to(form, 'UTF8')) AS hash FROM forms
)
SELECT DISTINCT hash FROM hashed WHERE hash = ANY(:hashes)
"""


def _forms(value: str) -> list[str]:
    """A value as the comparison knows it; see `_OCCURRING`."""
    text = value.strip().lower()
    digits = "".join(letter for letter in text if letter in "0123456789")
    forms = [f"text:{text}"] if len(text) >= _MINIMUM_LENGTH else []
    return [*forms, f"digits:{digits[-8:]}"] if len(digits) >= 8 else forms


def _keyed(key: bytes, form: str) -> bytes:
    """SHA-256 over a secret key of fixed length and the form, as the database makes it."""
    return hashlib.sha256(key + form.encode()).digest()


def _grants(reachable: dict[str, str]) -> Answer:
    findings = [f"{name}: {how}" for name, how in sorted(reachable.items())]
    return _answer("the CRM role has no grant on processor data", "S5", len(findings), findings)


def _expired(overdue: dict[str, int], policy: Policy) -> Answer:
    findings = [f"{rule}: {count}" for rule, count in sorted(overdue.items()) if count]
    answer = _answer("nothing is past its period", "S3", sum(overdue.values()), findings)
    by_clause: dict[str, int] = {}
    for rule in policy.retention:
        if rule.id in overdue:
            by_clause[rule.clause] = by_clause.get(rule.clause, 0) + overdue[rule.id]
    return replace(answer, by_clause=by_clause)


def _answer(question: str, clause: str, violations: int, findings: Collection[str]) -> Answer:
    return Answer(question, clause, violations, tuple(findings)[:20])


def _about(answer: Answer, *clauses: str) -> Answer:
    """The same answer, which speaks of several clauses at once."""
    return replace(answer, by_clause=dict.fromkeys(clauses, answer.violations))
