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
from pipelines.privacy.periods import OSLO, Period
from schemas.policy import Bilingual, Policy, RetentionRule
from schemas.tables import all_tables, qualified

Language = Literal["nb", "en"]


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
                _categories(policy, (tables[name] for name in mine if name in tables)),
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
            (say("basis"), purpose.legal_basis),
            (
                say("clauses"),
                ", ".join(f"{name} {say(policy.clauses[name].title)}" for name in purpose.clauses),
            ),
            (say("people"), say("people_controller")),
            (say("categories"), ", ".join(say(policy.categories[key]) for key in activity.categories)),
            (say("recipients"), "; ".join(map(say.recipient, activity.recipients)) or say("none")),
            (say("transfers"), "; ".join(_transfers(policy, say, activity.recipients)) or say("none")),
            (say("periods"), "; ".join(dict.fromkeys(map(say.rule, activity.rules)))),
        ]
        parts += [f"## {say(purpose.text)}", _table(rows)]
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
            (say("processing"), f"{say(purpose.text)} ({purpose.legal_basis})"),
            (say("categories"), ", ".join(say(policy.categories[key]) for key in activity.categories)),
            (say("recipients"), "; ".join(map(say.recipient, activity.recipients)) or say("none")),
            (say("transfers"), "; ".join(_transfers(policy, say, activity.recipients)) or say("none")),
            (say("periods"), "; ".join(dict.fromkeys(map(say.rule, activity.rules)))),
        ]
        parts.append(_table(rows))
    parts += [f"## {say('measures_title')}", say("measures")]
    return "\n\n".join(parts) + "\n"


@dataclass(frozen=True, slots=True)
class Proof:
    """What showed that a clause was kept: a check, when it was last made, and whether it passed."""

    clause: str
    name: str
    passed: bool
    at: datetime


def proofs(audit: Audit) -> tuple[Proof, ...]:
    """The answers of a night's audit as proofs of the clauses."""
    return tuple(Proof(one.clause, one.question, one.passed, audit.at) for one in audit.answers)


def clause_report(policy: Policy, shown: Sequence[Proof], language: Language = "nb") -> str:
    """Clause by clause: the promise, what enforces it, and what proved it last night.

    A clause without a proof says so: nothing is taken for kept because nobody looked.
    """
    say = _Speaker(policy, language)
    parts = [say.title("clause_title")]
    for name, clause in policy.clauses.items():
        tables = [table for table, rule in policy.data.items() if name in rule.clauses]
        rules = [rule for rule in policy.retention if rule.clause == name]
        proved = [one for one in shown if one.clause == name]
        rows = [
            (say("promise"), say(clause.promise)),
            (say("data"), ", ".join(f"`{table}`" for table in tables)),
            (say("periods"), "; ".join(dict.fromkeys(map(say.rule, rules))) or say("none")),
            (say("enforced_by"), "; ".join(_enforced_by(policy, name, say))),
            (
                say("proved_by"),
                "; ".join(
                    f"{say('passed' if one.passed else 'failed')}: {one.name}"
                    f" ({one.at.astimezone(OSLO):%Y-%m-%d %H:%M})"
                    for one in proved
                )
                or say("not_proved"),
            ),
        ]
        parts += [f"## {name}: {say(clause.title)}", _table(rows)]
    return "\n\n".join(parts) + "\n"


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
        period = Period.parse(text)
        unit = self("months" if period.is_months else "days")
        return f"{period.count} {unit}"

    def rule(self, rule: RetentionRule) -> str:
        """`36 months: three years after the last contact`."""
        if rule.at_source is not None:
            span = f"{self('at_source')} {self.period(rule.at_source)}"
        elif rule.period is not None:
            span = self.period(rule.period)
        else:
            span = self("on_instruction") if rule.instruction_only else f"{self('follows')} {rule.follows}"
        return f"{span}: {self(rule.basis)}"

    def recipient(self, name: str) -> str:
        recipient = self._policy.recipients[name]
        return f"{recipient.name} ({self(recipient.role)}, {recipient.country})"


def _who(policy: Policy, say: _Speaker) -> Iterable[str]:
    one = policy.controller
    yield f"{one.name}, {one.organization_number}, {one.contact}. {say('version')} {policy.version}."


def _categories(policy: Policy, tables: Iterable[sa.Table]) -> tuple[str, ...]:
    """The categories of personal data in some tables, in the policy's order."""
    present = {column.info["category"] for table in tables for column in table.columns}
    return tuple(key for key in policy.categories if key in present and not key.startswith("system."))


def _transfers(policy: Policy, say: _Speaker, names: Iterable[str]) -> Iterable[str]:
    for name in names:
        recipient = policy.recipients[name]
        if recipient.transfer is not None:
            yield f"{recipient.name}, {recipient.country}: {recipient.transfer}"


def _enforced_by(policy: Policy, clause: str, say: _Speaker) -> Iterable[str]:
    """What keeps a clause, by what the policy says of it."""
    tables = [rule for rule in policy.data.values() if clause in rule.clauses]
    if any(rule.data_class == "processor" for rule in tables):
        yield say("by_gate")
        yield say("by_grants")
    recipients = [
        recipient.name
        for recipient in policy.recipients.values()
        if any(clause in policy.purposes[purpose].clauses for purpose in recipient.purposes)
    ]
    if recipients:
        yield f"{say('by_egress')} ({', '.join(recipients)})"
    if any(rule.clause == clause and rule.expires_after for rule in policy.retention):
        yield say("by_retention")
    yield say("by_allow_list")


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
        (
            "people_controller",
            "Kunder, kontaktpersoner hos kunder, kursdeltakere og brukere",
            "Customers, contact persons of customers, course participants and users",
        ),
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
        ("months", "måneder", "months"),
        ("days", "dager", "days"),
        ("at_source", "Så lenge det finnes i kilden, og så", "While it is at its source, and then"),
        ("follows", "Like lenge som", "As long as"),
        ("on_instruction", "Etter instruks", "On instruction"),
        ("processor", "databehandler", "processor"),
        ("own_system", "eget system", "own system"),
        ("own_staff", "egne ansatte", "own staff"),
        ("public_authority", "offentlig register", "public authority"),
        ("controller", "behandlingsansvarlig", "controller"),
        ("promise", "Løfte", "Promise"),
        ("data", "Tabeller", "Tables"),
        ("enforced_by", "Håndheves av", "Enforced by"),
        ("proved_by", "Vist av", "Proved by"),
        ("not_proved", "Ikke kontrollert", "Not checked"),
        ("passed", "i orden", "passed"),
        ("failed", "IKKE i orden", "FAILED"),
        (
            "by_gate",
            "Definisjonene lastes ikke når deltakeropplysninger kan komme ut",
            "Definitions that do not load when participants' data could get out",
        ),
        (
            "by_grants",
            "CRM-rollen har ingen rett til deltakernes svar",
            "A CRM role without any right to participants' answers",
        ),
        ("by_egress", "Bare deklarerte forespørsler slipper ut", "Declared requests only are let out"),
        (
            "by_retention",
            "Nattlig sletting etter samme regel som kontrollen",
            "Nightly deletion by the rule that the check uses",
        ),
        ("by_allow_list", "Bare deklarerte felter leses", "Declared fields only are read"),
    )
}
