"""The ledger of disclosures: who was told which categories about which record, when and for which purpose.

Answers GDPR art. 15(1)(c) and 19. What a request tells its recipient is declared with it in policy.yaml. A
note is committed before its request is sent, so what is told is in the ledger; a note of what then was not
sent is the price.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from pydantic import AliasPath
from sqlalchemy.dialects import postgresql as pg

from schemas.errors import SafeError
from schemas.payloads.base import Payload
from schemas.policy import Policy, Recipient, Request
from schemas.tables.privacy import disclosure
from schemas.zone import OSLO

RecordId = tuple[str, str]
"""Source entity and id at the source."""

NO_PERSONS = "*"
"""Stands for the id of records that are no person's: they are counted and not listed."""


class UndeclaredDisclosureError(SafeError, ValueError):
    """A disclosure fits no entry of policy.yaml; the message names recipient and request."""


@dataclass(frozen=True, slots=True)
class Sending:
    """A request as the policy declares it, and the fields of it that carry something."""

    recipient: str
    method: str
    path: str
    fields: tuple[str, ...]
    """Names in the path, the query or the body, as the API has them."""

    @property
    def request(self) -> str:
        """`PUT /contact/{id}`."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What a recipient was told about one record."""

    occurred_at: datetime
    recipient: str
    request: str | None
    purpose: str
    categories: tuple[str, ...]
    source: str
    source_id: str
    times: int = 1
    last_at: datetime | None = None


def note_sent(
    connection: sa.Connection,
    policy: Policy,
    sending: Sending,
    *,
    purpose: str,
    records: Iterable[RecordId],
    run_id: str,
    now: datetime,
) -> int:
    """Note a request about some records before it is sent; return how many rows were written.

    A request whose fields disclose nothing is not noted. Raises UndeclaredDisclosureError for a request or a
    purpose that the policy does not declare for the recipient.
    """
    declared = _declared(policy, sending, purpose)
    rows = _of(records)
    categories = declared.disclosed(sending.fields)
    if not categories:
        return 0
    return _insert(connection, rows, sending.recipient, sending.request, purpose, categories, run_id, now)


def note_asked(
    connection: sa.Connection,
    policy: Policy,
    sending: Sending,
    *,
    purpose: str,
    source: str,
    ids: Collection[str],
    no_persons: int,
    run_id: str,
    now: datetime,
) -> int:
    """Note a question that is asked about many records, and again and again; return how many it was about.

    Each of `ids` has one row a month, which counts how often. Records that are no person's (companies) are
    noted by their number alone, once a run: nobody has a right to be told of them. Raises as `note_sent`.
    """
    declared = _declared(policy, sending, purpose)
    categories = declared.disclosed(sending.fields)
    if not categories:
        return 0
    month = now.astimezone(OSLO).date().replace(day=1)
    rows = _of((source, one) for one in ids)
    _insert(
        connection, rows, sending.recipient, sending.request, purpose, categories, run_id, now, month=month
    )
    if no_persons:
        counted = _of([(source, NO_PERSONS)])
        _insert(
            connection,
            counted,
            sending.recipient,
            sending.request,
            purpose,
            categories,
            run_id,
            now,
            records=no_persons,
        )
    return len(set(ids)) + no_persons


def note_handed_over(
    connection: sa.Connection,
    policy: Policy,
    recipient: str,
    *,
    purpose: str,
    categories: Iterable[str],
    records: sa.Select[tuple[str, str]],
    run_id: str,
    now: datetime,
) -> int:
    """Note that people were handed a file about the selected records (source, source_id); return how many.

    Raises UndeclaredDisclosureError where the policy does not let the recipient have one of the categories.
    """
    declared = policy.recipients.get(recipient)
    told = tuple(sorted(set(categories)))
    if declared is None or not set(told) <= set(declared.receives):
        raise UndeclaredDisclosureError(f"{recipient} may not be handed {', '.join(told)} (policy.yaml)")
    _check_purpose(declared, recipient, purpose)
    return _insert(connection, records, recipient, None, purpose, told, run_id, now)


def disclosures_about(connection: sa.Connection, records: Sequence[RecordId]) -> tuple[Disclosure, ...]:
    """What was told about some records, the oldest first: whom an erasure or a correction has to reach."""
    if not records:
        return ()
    wanted = _of(records).subquery()
    rows = connection.execute(
        sa.select(disclosure)
        .join(
            wanted,
            sa.and_(disclosure.c.source == wanted.c.source, disclosure.c.source_id == wanted.c.source_id),
        )
        .order_by(disclosure.c.occurred_at, disclosure.c.disclosure_id)
    )
    return tuple(
        Disclosure(
            row.occurred_at,
            row.recipient,
            row.request,
            row.purpose,
            tuple(row.categories),
            row.source,
            row.source_id,
            row.times,
            row.last_at,
        )
        for row in rows
    )


def api_names(payload: type[Payload], fields: Iterable[str]) -> tuple[str, ...]:
    """The names under which an API carries some fields of a payload; the parts of an address have one."""
    declared = payload.model_fields
    aliases = (declared[name].validation_alias or name for name in fields)
    return tuple(
        dict.fromkeys(str(alias.path[0]) if isinstance(alias, AliasPath) else str(alias) for alias in aliases)
    )


def declared_request(policy: Policy, recipient: str, method: str, path: str) -> Request | None:
    """The policy's entry for a request, None where there is none."""
    declared = policy.recipients.get(recipient)
    return next(
        (one for one in (declared.requests if declared else ()) if (one.method, one.path) == (method, path)),
        None,
    )


def _declared(policy: Policy, sending: Sending, purpose: str) -> Request:
    request = declared_request(policy, sending.recipient, sending.method, sending.path)
    if request is None:
        raise UndeclaredDisclosureError(
            f"{sending.recipient}: {sending.request} is not declared in policy.yaml"
        )
    _check_purpose(policy.recipients[sending.recipient], sending.recipient, purpose)
    return request


def _check_purpose(declared: Recipient, name: str, purpose: str) -> None:
    if purpose not in declared.purposes:
        raise UndeclaredDisclosureError(f"{name} may not be told anything for {purpose} (policy.yaml)")


def _insert(
    connection: sa.Connection,
    rows: sa.Select[tuple[str, str]],
    recipient: str,
    request: str | None,
    purpose: str,
    categories: Sequence[str],
    run_id: str,
    now: datetime,
    *,
    month: date | None = None,
    records: int = 1,
) -> int:
    """One statement for however many records; a month's row that is there counts on."""
    given, kept = rows.subquery(), disclosure.c
    values: dict[str, sa.ColumnElement[object]] = {
        "occurred_at": sa.literal(now, kept.occurred_at.type),
        "run_id": sa.literal(run_id),
        "recipient": sa.literal(recipient),
        "request": sa.literal(request, kept.request.type),
        "purpose": sa.literal(purpose),
        "categories": sa.literal(list(categories), kept.categories.type),
        "month": sa.literal(month, kept.month.type),
        "records": sa.literal(records, kept.records.type),
        "source": given.c.source,
        "source_id": given.c.source_id,
    }
    statement = pg.insert(disclosure).from_select(list(values), sa.select(*values.values()))
    if month is not None:
        statement = statement.on_conflict_do_update(
            index_elements=[
                kept.source, kept.source_id, kept.recipient, kept.request, kept.purpose, kept.month
            ],
            index_where=kept.month.is_not(None),
            set_={
                "times": kept.times + 1,
                "last_at": statement.excluded.occurred_at,
                "run_id": statement.excluded.run_id,
                # What was told earlier in the month was told.
                "categories": _union(kept.categories, statement.excluded.categories),
            },
        )  # fmt: skip
    return connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount


def _union(
    one: sa.ColumnElement[list[str]], other: sa.ColumnElement[list[str]]
) -> sa.ScalarSelect[list[str]]:
    both = sa.func.unnest(sa.func.array_cat(one, other)).column_valued("category")
    return sa.select(sa.func.array_agg(sa.distinct(both))).scalar_subquery()


def _of(records: Iterable[RecordId]) -> sa.Select[tuple[str, str]]:
    """Records as rows, each once, in one order everywhere so that two writers cannot wait for each other."""
    pairs = sorted(set(records))
    columns = [
        sa.cast(sa.literal([pair[at] for pair in pairs], pg.ARRAY(sa.Text())), pg.ARRAY(sa.Text()))
        for at in (0, 1)
    ]
    given = sa.func.unnest(*columns).table_valued("source", "source_id", name="given").render_derived()
    return sa.select(given.c.source, given.c.source_id)
