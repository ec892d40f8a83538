"""Compares what exists with what the policy knows: tables, columns, payload fields, hosts, requests."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from schemas.policy import Place, Policy
from schemas.tables import metadata, qualified, views
from schemas.tables.privacy import request_log


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that exists and that the policy does not know."""

    kind: str
    """table, column, category, recipient or request."""
    name: str
    place: Place
    """Where the policy would have to know it."""


def unknown_structure(connection: sa.Connection, policy: Policy) -> tuple[Unknown, ...]:
    """Tables and columns in the schemas of the CRM that the policy and the table declarations do not know.

    Other schemas of the database are their owners' business (Dagster's storage may be one).
    """
    known = {qualified(table): table for table in (*metadata.sorted_tables, *views.metadata.sorted_tables)}
    found: list[Unknown] = []
    columns = connection.execute(
        sa.text(
            "SELECT n.nspname || '.' || c.relname AS name, a.attname AS column_name"
            " FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
            " LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
            " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't'"
            " AND n.nspname = any(:schemas) ORDER BY 1, a.attnum"
        ),
        {"schemas": sorted({str(table.schema) for table in known.values()})},
    )
    seen: set[str] = set()
    for row in columns:
        table = known.get(row.name)
        if table is None or row.name not in policy.data:
            if row.name not in seen:
                found.append(Unknown("table", row.name, ("data",)))
        elif row.column_name is not None and row.column_name not in table.c:
            found.append(Unknown("column", f"{row.name}.{row.column_name}", ("data", row.name)))
        elif row.column_name is not None:
            category = table.c[row.column_name].info["category"]
            if category not in policy.categories:
                name = f"{row.name}.{row.column_name}: {category}"
                found.append(Unknown("category", name, ("categories",)))
        seen.add(row.name)
    return tuple(found)


def unknown_requests(connection: sa.Connection, policy: Policy) -> tuple[Unknown, ...]:
    """Recipients and requests in privacy.request_log that the policy does not declare."""
    asked = connection.execute(
        sa.select(request_log.c.recipient, request_log.c.method, request_log.c.path).distinct()
    )
    found = []
    for row in asked:
        recipient = policy.recipients.get(row.recipient)
        if recipient is None:
            found.append(Unknown("recipient", row.recipient, ("recipients",)))
        elif not any(
            request.method == row.method and _pattern(request.path, request.allow).fullmatch(row.path)
            for request in recipient.requests
        ):
            name = f"{row.recipient} {row.method} {row.path}"
            found.append(Unknown("request", name, ("recipients", row.recipient, "requests")))
    return tuple(sorted(set(found), key=lambda one: (one.kind, one.name)))


def asked_activities(connection: sa.Connection, policy: Policy) -> frozenset[int]:
    """Activity ids that the registration system was asked for, by privacy.request_log."""
    paths = connection.execute(
        sa.select(request_log.c.recipient, request_log.c.path)
        .where(request_log.c.recipient.in_(list(policy.recipients)))
        .distinct()
    )
    found: set[int] = set()
    for row in paths:
        for request in policy.recipients[row.recipient].requests:
            match = _pattern(request.path, request.allow).fullmatch(row.path) if request.allow else None
            if match is not None:
                found.update(int(value) for value in match.groups() if value.isdigit())
    return frozenset(found)


def _pattern(template: str, filled: Iterable[str]) -> re.Pattern[str]:
    """What a request's path looks like in the log: templates, with only allow-listed variables filled in."""
    parts = re.split(r"({\w+})", template)
    allowed = {f"{{{name}}}" for name in filled}
    return re.compile("".join("([^/]+)" if part in allowed else re.escape(part) for part in parts))
