"""What the parts of a policy cannot know about each other: names that fit nothing, rules that clash.

Each problem comes with its place in the document.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from schemas.policy.document import Place
from schemas.policy.model import LEGAL_BASES, PROCESSOR_CLAUSE, Policy
from schemas.policy.retention import CARD_TABLES, NAMED_BY_ID, Copy, Duty, Hold, RetentionRule, is_card_id

Problems = Iterator[tuple[Place, str]]


def contradictions(policy: Policy) -> Problems:
    """What single parts cannot know about each other, as (place in the document, problem)."""
    yield from _unknown_names(policy)
    yield from _data_problems(policy)
    yield from _recipient_problems(policy)
    yield from _retention_problems(policy)
    yield from _hold_problems(policy)


def _unknown_names(policy: Policy) -> Problems:
    for place, kind, names, known in _references(policy):
        for at, name in enumerate(names):
            if name not in known:
                yield (*place, at), f"unknown {kind} {name}"


def _references(policy: Policy) -> Iterator[tuple[Place, str, Iterable[str], Collection[str]]]:
    """(where, what, names, those that there are) of every place that names something declared elsewhere."""
    for name, purpose in policy.purposes.items():
        yield ("purposes", name, "clauses"), "clause", purpose.clauses, policy.clauses
        yield ("purposes", name, "legal_basis"), "legal basis", [purpose.legal_basis], LEGAL_BASES
    for name, data in policy.data.items():
        yield ("data", name, "clauses"), "clause", data.clauses, policy.clauses
        yield ("data", name, "purposes"), "purpose", data.purposes, policy.purposes
    for name, recipient in policy.recipients.items():
        here: Place = ("recipients", name)
        yield (*here, "purposes"), "purpose", recipient.purposes, policy.purposes
        yield (*here, "receives"), "category", recipient.receives, policy.categories
        for at, request in enumerate(recipient.requests):
            for carrier, told in request.discloses.items():
                place = (*here, "requests", at, "discloses", carrier)
                yield place, "category", told, policy.categories
    for at, rule in enumerate(policy.retention):
        yield ("retention", at, "clause"), "clause", [rule.clause], policy.clauses
    for at, copy in enumerate(policy.copies):
        yield ("copies", at, "clause"), "clause", [copy.clause], policy.clauses


def _data_problems(policy: Policy) -> Problems:
    """A table serves purposes of its own clauses only, and processor data serves the customers alone."""
    for name, rule in policy.data.items():
        for purpose in rule.purposes:
            covered = policy.purposes[purpose].clauses if purpose in policy.purposes else rule.clauses
            if not set(covered) & set(rule.clauses):
                yield ("data", name, "purposes"), f"purpose {purpose} is covered by none of its clauses"
            if rule.data_class == "processor" and set(covered) != {PROCESSOR_CLAUSE}:
                yield (
                    ("data", name, "purposes"),
                    f"participants' data may not serve {purpose} (clause {PROCESSOR_CLAUSE})",
                )
    for name in policy.clauses:
        if not any(name in rule.clauses for rule in policy.data.values()):
            yield ("clauses", name), f"no data are listed under clause {name}"


def _recipient_problems(policy: Policy) -> Problems:
    for name, recipient in policy.recipients.items():
        for purpose in recipient.purposes:
            if purpose in policy.purposes and policy.purposes[purpose].clauses == (PROCESSOR_CLAUSE,):
                yield (
                    ("recipients", name, "purposes"),
                    f"clause {PROCESSOR_CLAUSE} forbids sending participants' data",
                )
        requests = [(request.method, request.path) for request in recipient.requests]
        for at, request in enumerate(requests):
            if request in requests[:at]:
                yield ("recipients", name, "requests", at), f"{' '.join(request)} is listed twice"


def _retention_problems(policy: Policy) -> Problems:
    """Every table has exactly one rule, and the rule fits what the table is."""
    seen: dict[str, str] = {}
    for at, rule in enumerate(policy.retention):
        if rule.data in seen:
            yield ("retention", at, "data"), f"{rule.data} has two periods, here and in {seen[rule.data]}"
        if rule.id in seen.values():
            yield ("retention", at, "id"), f"the id {rule.id} is given twice"
        seen[rule.data] = rule.id
        yield from _rule_problems(policy, at, rule)
    for table_name in policy.data:
        if table_name not in seen and f"{table_name.split('.')[0]}.*" not in seen:
            yield ("data", table_name), f"{table_name} has no retention rule"
    yield from _repeated_ids("copies", policy.copies)


def _rule_problems(policy: Policy, at: int, rule: RetentionRule) -> Problems:
    """What one rule says of its tables that is not so."""
    place: Place = ("retention", at)
    if rule.follows is not None and not _is_known(policy, rule.follows):
        yield (*place, "follows"), f"follows {rule.follows}, which is not listed under data"
    if rule.data.endswith(".*"):
        if not any(name.startswith(rule.data[:-1]) for name in policy.data):
            yield (*place, "data"), f"no table of {rule.data} is listed under data"
        return
    table = policy.data.get(rule.data)
    if table is None:
        yield (*place, "data"), f"{rule.data} is not listed under data"
        return
    if rule.clause not in table.clauses:
        yield (*place, "clause"), f"clause {rule.clause} is not among the clauses of {rule.data}"
    if (table.data_class == "processor") != rule.instruction_only:
        yield place, "instruction_only is for data of class processor, and for all of them (GDPR art. 28)"


def _hold_problems(policy: Policy) -> Problems:
    """A hold is on rows that have a period, and keeps none for longer than their rule does."""
    yield from _repeated_ids("holds", policy.holds)
    yield from _repeated_ids("duties", policy.duties)
    duties = {duty.id for duty in policy.duties}
    for at, hold in enumerate(policy.holds):
        place: Place = ("holds", at)
        if hold.duty is not None and hold.duty not in duties:
            yield (*place, "duty"), f"{hold.duty} is not listed under duties"
        if hold.data not in policy.data:
            yield (*place, "data"), f"{hold.data} is not listed under data"
        elif hold.at_least is not None:
            yield from _promise_problems(policy, place, hold.id, hold.data, hold.at_least)
        elif hold.data in CARD_TABLES:
            yield from ((place, problem) for problem in _card_problems(hold))
        elif policy.retention_of(hold.data).expires_after is None:
            yield (
                (*place, "data"),
                f"rows of {hold.data} have no period of their own: hold what they are made from",
            )


def _promise_problems(policy: Policy, place: Place, hold_id: str, table: str, at_least: str) -> Problems:
    """A duty to keep all rows of a table may not be longer than the period after which they go."""
    for at, rule in enumerate(policy.retention):
        if rule.data != table:
            continue
        if rule.period is None:
            kind = "follows other data" if rule.follows else "has no clock of its own"
            yield place, f"retention rule {rule.id} {kind}, so {at_least} cannot be promised"
        elif _may_be_shorter(rule.period, at_least):
            yield (
                ("retention", at, "period"),
                f"{rule.period} contradicts hold {hold_id}, which keeps {table} for {at_least}",
            )


def _repeated_ids(part: str, entries: Sequence[Hold | Copy | Duty]) -> Problems:
    ids = [entry.id for entry in entries]
    for at, entry_id in enumerate(ids):
        if entry_id in ids[:at]:
            yield (part, at, "id"), f"the id {entry_id} is given twice"


def _card_problems(hold: Hold) -> Iterator[str]:
    """A card is named by its id; a hold on it keeps what it is made from."""
    if hold.column != f"{hold.data.removeprefix('crm.')}_id":
        yield f"a card is named by its id, and not by {hold.column}"
    if hold.value is not None and not is_card_id(hold.value):
        yield NAMED_BY_ID


def _is_known(policy: Policy, name: str) -> bool:
    """Whether a name is a table, or a database schema, of the policy."""
    return name in policy.data or any(table.startswith(f"{name}.") for table in policy.data)


def _may_be_shorter(period: str, other: str) -> bool:
    """Whether a period can end before another; a month is 28 to 31 days long."""
    if period[-1] == other[-1]:
        return int(period[1:-1]) < int(other[1:-1])
    shortest = int(period[1:-1]) * (28 if period.endswith("M") else 1)
    longest = int(other[1:-1]) * (31 if other.endswith("M") else 1)
    return shortest < longest
