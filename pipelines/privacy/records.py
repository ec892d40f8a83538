"""The record of processing activities (GDPR art. 30) and the clause report, made from the policy.

What is written is what is enforced: the same file drives both, and `structure.py` and `audit.py` compare it
with what really exists. In Norwegian (`nb`) and English (`en`), as Markdown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from pipelines.privacy.audit import Audit
from pipelines.privacy.periods import Period
from schemas.policy import LEGAL_BASES, Bilingual, Policy, RetentionRule
from schemas.tables import all_tables, qualified
from schemas.tables.audiences import audience_member
from schemas.tables.privacy import suppression
from schemas.zone import OSLO

Language = Literal["nb", "en"]

_LANGUAGES: tuple[Language, ...] = ("nb", "en")

FOLDER = "records"
"""Folder of DAGSTER_HOME with what is generated here."""


@dataclass(frozen=True, slots=True)
class Activity:
    """One processing activity: a purpose, with everything art. 30(1) asks for."""

    purpose: str
    tables: tuple[str, ...]
    categories: tuple[str, ...]
    recipients: tuple[str, ...]
    rules: tuple[RetentionRule, ...]


def activities(policy: Policy, data_class: Literal["controller", "processor"]) -> tuple[Activity, ...]:
    """The processing activities of one role, in the policy's order of purposes."""
    tables = {qualified(table): table for table in all_tables()}
    found = []
    for purpose in policy.purposes:
        mine = tuple(
            name
            for name, rule in policy.data.items()
            if purpose in rule.purposes and rule.data_class == data_class
        )
        if not mine:
            continue
        rules = {policy.retention_of(name).id: policy.retention_of(name) for name in mine}
        found.append(
            Activity(
                purpose,
                mine,
                categories_of(policy, (tables[name] for name in mine if name in tables)),
                tuple(name for name, one in policy.recipients.items() if purpose in one.purposes),
                tuple(rules.values()),
            )
        )
    return tuple(found)


def controller_record(policy: Policy, language: Language = "nb") -> str:
    """The record as controller (GDPR art. 30(1)): purposes, people, data, recipients, transfers, periods."""
    say = _Speaker(policy, language)
    parts = [say.title("controller_title"), *_who(policy, say)]
    for activity in activities(policy, "controller"):
        purpose = policy.purposes[activity.purpose]
        rows = [
            (say("basis"), say(LEGAL_BASES[purpose.legal_basis])),
            (
                say("clauses"),
                ", ".join(f"{name} {say(policy.clauses[name].title)}" for name in purpose.clauses),
            ),
            *_activity_rows(policy, say, activity),
        ]
        parts += [
            f"## {say(purpose.text)}",
            _table(rows),
            *_listed(say, "periods", say.rules(activity.rules)),
        ]
    parts += [f"## {say('measures_title')}", say("measures"), f"## {say('copies_title')}"]
    parts.append(
        _table([(say(copy.what), f"{say.period(copy.period)}. {say(copy.basis)}") for copy in policy.copies])
    )
    return "\n\n".join(parts) + "\n"


def processor_record(policy: Policy, customers: Iterable[str] | None, language: Language = "nb") -> str:
    """The record as processor (GDPR art. 30(2)); `customers` are the controllers on whose behalf, by name.

    Where there are none yet, or it is not known (None), it says so.
    """
    say = _Speaker(policy, language)
    names = ", ".join(sorted(set(customers or ()))) or say("none" if customers is not None else "not_told")
    parts = [say.title("processor_title"), *_who(policy, say)]
    for activity in activities(policy, "processor"):
        purpose = policy.purposes[activity.purpose]
        rows = [
            (say("on_behalf_of"), names),
            (say("processing"), f"{say(purpose.text)}. {say(LEGAL_BASES[purpose.legal_basis])}"),
            *_activity_rows(policy, say, activity),
        ]
        parts += [_table(rows), *_listed(say, "periods", say.rules(activity.rules))]
    parts += [f"## {say('measures_title')}", say("measures")]
    return "\n\n".join(parts) + "\n"


def _activity_rows(policy: Policy, say: _Speaker, activity: Activity) -> list[tuple[str, str]]:
    """What the records as controller and as processor both ask for."""
    return [
        (say("people"), say(policy.purposes[activity.purpose].people)),
        (say("categories"), ", ".join(say(policy.categories[key]) for key in activity.categories)),
        (say("recipients"), "; ".join(map(say.recipient, activity.recipients)) or say("none")),
        (say("transfers"), "; ".join(_transfers(policy, say, activity.recipients)) or say("none")),
    ]


@dataclass(frozen=True, slots=True)
class Proof:
    """What showed that a clause was kept: a check, when it was last made, and whether it passed."""

    clause: str
    name: str
    passed: bool
    at: datetime
    asked: bool = True
    """Whether it could be asked at all; what was not asked has not passed."""


def proofs(audit: Audit) -> tuple[Proof, ...]:
    """The answers of a night's audit as proofs of the clauses that they speak of."""
    return tuple(
        Proof(clause, one.question, one.not_asked is None and not found, audit.at, one.not_asked is None)
        for one in audit.answers
        for clause, found in (one.by_clause or {one.clause: one.violations}).items()
    )


def clause_report(policy: Policy, shown: Sequence[Proof], language: Language = "nb") -> str:
    """Clause by clause: the promise, what enforces it, and what proved it last night and when.

    A clause without a proof says so: nothing is taken for kept because nobody looked.
    """
    say = _Speaker(policy, language)
    parts = [say.title("clause_title"), *_who(policy, say)]
    for name, clause in policy.clauses.items():
        tables = [table for table, rule in policy.data.items() if name in rule.clauses]
        rules = [rule for rule in policy.retention if rule.clause == name]
        proved = [say.proof(one) for one in shown if one.clause == name]
        parts += [
            f"## {name}: {say(clause.title)}",
            f"> {say(clause.promise)}",
            *_listed(say, "proved_by", proved or [say("not_proved")]),
            *_listed(say, "enforced_by", _enforced_by(policy, name, say)),
            *_listed(say, "periods", say.rules(rules) or [say("none")]),
            f"**{say('data')}:** {', '.join(f'`{table}`' for table in tables)}",
        ]
    return "\n\n".join(parts) + "\n"


def kept(policy: Policy, rule: RetentionRule) -> Bilingual:
    """How long a rule lets data live, for whoever they are about: `36 months: three years after …`."""
    if rule.follows:
        return rule.basis
    texts = {language: _Speaker(policy, language).rules([rule])[0] for language in _LANGUAGES}
    return Bilingual(**texts)


def length(period: str) -> Bilingual:
    """A period in words: `P36M` is 36 months."""
    parsed = Period.parse(period)
    unit = _WORDS[("month" if parsed.is_months else "day") + ("s" if parsed.count > 1 else "")]
    return Bilingual(nb=f"{parsed.count} {unit.nb}", en=f"{parsed.count} {unit.en}")


def role(name: str) -> Bilingual:
    """A recipient's legal role in words."""
    return _WORDS[name]


class _Speaker:
    """The words of one language."""

    def __init__(self, policy: Policy, language: Language) -> None:
        self._policy = policy
        self._language = language

    def __call__(self, text: Bilingual | str) -> str:
        words = _WORDS[text] if isinstance(text, str) else text
        return words.nb if self._language == "nb" else words.en

    def title(self, name: str) -> str:
        return f"# {self(name)}: {self._policy.controller.name}"

    def period(self, text: str) -> str:
        return self(length(text))

    def rules(self, rules: Iterable[RetentionRule]) -> list[str]:
        """`36 months: three years after the last contact`, each once; or the reason first."""
        return list(dict.fromkeys(map(self._rule, rules)))

    def _rule(self, rule: RetentionRule) -> str:
        basis = self(rule.basis)
        if rule.at_source is not None:
            return f"{basis}, {self('at_source')} {self.period(rule.at_source)}"
        if rule.follows is not None:
            return f"{basis} ({self('follows')} `{rule.follows}`)"
        span = self("on_instruction") if rule.period is None else self.period(rule.period)
        return f"{span}: {basis}"

    def recipient(self, name: str) -> str:
        recipient = self._policy.recipients[name]
        return f"{self(recipient.name)} ({self(recipient.role)}, {recipient.country})"

    def proof(self, proof: Proof) -> str:
        """`passed, 2026-11-25 04:00: nothing is past its period`; the time is Norwegian."""
        state = "passed" if proof.passed else "failed" if proof.asked else "not_asked"
        question = self(_QUESTIONS[proof.name]) if proof.name in _QUESTIONS else proof.name
        return f"{self(state)}, {proof.at.astimezone(OSLO):%Y-%m-%d %H:%M}: {question}"


def _who(policy: Policy, say: _Speaker) -> Iterable[str]:
    one = policy.controller
    yield f"{one.name}, {one.organization_number}, {one.contact}. {say('version')} {policy.version}."


def categories_of(policy: Policy, tables: Iterable[sa.Table]) -> tuple[str, ...]:
    """The categories of personal data in some tables, in the policy's order."""
    present = {column.info["category"] for table in tables for column in table.columns}
    return tuple(key for key in policy.categories if key in present and not key.startswith("system."))


def _transfers(policy: Policy, say: _Speaker, names: Iterable[str]) -> Iterable[str]:
    for name in names:
        recipient = policy.recipients[name]
        if recipient.transfer is not None:
            yield f"{say(recipient.name)}, {recipient.country}: {say(recipient.transfer)}"


def _enforced_by(policy: Policy, clause: str, say: _Speaker) -> Iterable[str]:
    """What keeps a clause, by what the policy says of it."""
    tables = {name: rule for name, rule in policy.data.items() if clause in rule.clauses}
    if any(rule.data_class == "processor" for rule in tables.values()):
        yield say("by_gate")
        yield say("by_grants")
        yield say("by_instruction")
    told = [one for one in policy.recipients.values() if _serves(policy, one.purposes, clause)]
    if systems := [say(one.name) for one in told if one.requests]:
        yield f"{say('by_egress')}: {'; '.join(systems)}"
    if people := [say(one.name) for one in told if one.receives]:
        yield f"{say('by_export')}: {'; '.join(people)}"
    if not told:
        yield say("by_nobody")
    if any(rule.clause == clause and rule.expires_after for rule in policy.retention):
        yield say("by_retention")
    if qualified(audience_member) in tables:
        yield say("by_audiences")
    if qualified(suppression) in tables:
        yield say("by_suppression")
    yield say("by_allow_list")


def _serves(policy: Policy, purposes: Iterable[str], clause: str) -> bool:
    """Whether one of some purposes is the clause's own; one that all clauses have says nothing of it."""
    clauses = [set(policy.purposes[purpose].clauses) for purpose in purposes]
    return any(clause in one and one != set(policy.clauses) for one in clauses)


def _listed(say: _Speaker, title: str, lines: Iterable[str]) -> Iterable[str]:
    """A list under its heading, in Markdown."""
    yield f"**{say(title)}:**"
    yield "\n".join(f"- {line}" for line in lines)


def _table(rows: Sequence[tuple[str, str]]) -> str:
    cells: Callable[[str], str] = lambda text: text.replace("|", "\\|").replace("\n", " ")  # noqa: E731
    lines = [f"| {cells(name)} | {cells(value)} |" for name, value in rows]
    return "\n".join(["| | |", "|---|---|", *lines])


_WORDS: Mapping[str, Bilingual] = {
    name: Bilingual(nb=nb, en=en)
    for name, nb, en in (
        (
            "controller_title",
            "Protokoll over behandlingsaktiviteter (GDPR art. 30 nr. 1)",
            "Record of processing activities (GDPR art. 30(1))",
        ),
        (
            "processor_title",
            "Protokoll som databehandler (GDPR art. 30 nr. 2)",
            "Record as processor (GDPR art. 30(2))",
        ),
        ("clause_title", "Løftene i personvernerklæringen", "The promises of the privacy statement"),
        ("version", "Versjon", "Version"),
        ("basis", "Behandlingsgrunnlag", "Legal basis"),
        ("clauses", "Løfter", "Clauses"),
        ("people", "Hvem opplysningene gjelder", "Data subjects"),
        ("categories", "Opplysninger", "Categories of data"),
        ("recipients", "Mottakere", "Recipients"),
        ("transfers", "Overføring ut av EØS", "Transfers out of the EEA"),
        ("periods", "Slettefrister", "Erasure periods"),
        ("none", "Ingen", "None"),
        (
            "not_told",
            "Står i påmeldingssystemet; slettejobben har ikke lesetilgang",
            "Kept in the registration system; the retention login may not read it",
        ),
        ("measures_title", "Sikkerhetstiltak (art. 32)", "Security measures (art. 32)"),
        (
            "measures",
            "Egne databaseroller med minste rettigheter; ingen rett til deltakernes svar; liste over "
            "tillatte forespørsler til hver mottaker; nøklet sperreliste; sletting med omskriving av filene; "
            "kjedet logg; nattlig kontroll.",
            "Database roles of their own with the least rights; none to participants' answers; an "
            "allow-list of requests to each recipient; a keyed suppression ledger; erasure that rewrites "
            "the files; a chained log; a nightly audit.",
        ),
        ("copies_title", "Kopier utenfor tabellene", "Copies beside the tables"),
        ("on_behalf_of", "På vegne av", "On behalf of"),
        ("processing", "Behandling", "Processing"),
        ("month", "måned", "month"),
        ("months", "måneder", "months"),
        ("day", "dag", "day"),
        ("days", "dager", "days"),
        ("at_source", "og deretter i", "and after that for"),
        ("follows", "følger", "follows"),
        ("on_instruction", "Etter instruks", "On instruction"),
        ("processor", "databehandler", "processor"),
        ("own_system", "eget system", "own system"),
        ("own_staff", "egne ansatte", "own staff"),
        ("public_authority", "offentlig register", "public authority"),
        ("controller", "behandlingsansvarlig", "controller"),
        ("data", "Tabeller", "Tables"),
        ("enforced_by", "Håndheves av", "Enforced by"),
        ("proved_by", "Kontrollert på databasen", "Checked on the real store"),
        ("not_proved", "Ikke kontrollert", "Not checked"),
        ("not_asked", "IKKE KONTROLLERT", "NOT CHECKED"),
        ("passed", "i orden", "passed"),
        ("failed", "IKKE i orden", "FAILED"),
        (
            "by_gate",
            "Kjøringene starter ikke hvis deltakernes opplysninger har en vei ut",
            "No run starts if participants' data have a way out",
        ),
        (
            "by_grants",
            "Databaserollen bak CRM har ingen rett til deltakernes svar",
            "The database role behind the CRM has no right to participants' answers",
        ),
        (
            "by_instruction",
            "Sletting og utlevering bare etter kundens dokumenterte instruks",
            "Deletion and return on the customer's documented instruction alone",
        ),
        (
            "by_egress",
            "Bare det som er listet opp, kan sendes, og bare til",
            "Only what is listed can be sent, and only to",
        ),
        (
            "by_export",
            "Lister utleveres, og det noteres hver gang, bare til",
            "Lists are handed out, and it is noted each time, only to",
        ),
        ("by_nobody", "Ingen utenfor kan sendes noe av dette", "Nobody outside can be sent any of this"),
        (
            "by_audiences",
            "Ingen som har reservert seg, og ingen hvis kundeforhold er over, står på en liste",
            "Nobody who has objected, or is no customer any more, is on a list",
        ),
        (
            "by_suppression",
            "Det som er slettet, holdes ute av hver innlesing",
            "What was erased is kept out of every read",
        ),
        (
            "by_retention",
            "Det som er over fristen, slettes hver natt, etter samme regel som kontrollen bruker",
            "What is past its period is deleted every night, by the rule that the check uses",
        ),
        (
            "by_allow_list",
            "Bare opplysninger som er listet opp her, leses og lagres",
            "Only data that are listed here are read and stored",
        ),
    )
}

_QUESTIONS: Mapping[str, Bilingual] = {
    en: Bilingual(nb=nb, en=en)
    for nb, en in (
        ("hver opplysning på et kort har en kilde", "every value on a card has its origin"),
        (
            "ingen annen kundes aktivitet er lest eller spurt etter",
            "no other customer's activity was read or asked for",
        ),
        ("erklæringen kjenner hver tabell og kolonne", "every table and column is known to the policy"),
        ("alle som er spurt, er oppgitt som mottakere", "every host asked is a declared recipient"),
        (
            "databaserollen bak CRM har ingen rett til deltakernes opplysninger",
            "the CRM role has no grant on processor data",
        ),
        ("ingenting er over fristen", "nothing is past its period"),
        ("ingenting en deltaker har sendt inn, står på et kort", "no participant's submission is on a card"),
    )
}
