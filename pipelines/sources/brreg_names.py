"""Looks up organisations that came without a number by their name, and never a person by theirs.

A name is accepted only when exactly one living unit bears it; what the register answered is kept, so that
the same name is not asked for every night.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import timedelta

import sqlalchemy as sa

from connectors.brreg.client import BrregClient
from connectors.errors import RefusedByPolicyError
from pipelines.identity.normalise.organizations import PLACEHOLDER_COMPANIES, CompanyName, company_name
from pipelines.sources.brreg_told import note_names
from pipelines.sources.reading import Run
from pipelines.store.bulk import upsert
from schemas.tables.landing import TABLES, brreg_name

ASK_AGAIN_AFTER = timedelta(days=90)
PER_RUN = 200
"""Names looked up in one run at most: the register is asked politely, the rest waits for the next night."""


def numbers_by_name(engine: sa.Engine, client: BrregClient, run: Run, named: Collection[str]) -> set[str]:
    """Organisation numbers of the units whose names the sources mention without a number.

    `named` are the numbers that the sources give: a landed unit that none of them gives any more is about to
    go, so its name is looked up as if it were not landed.
    """
    now = run.started_at
    with engine.connect() as connection:
        known = _known_names(connection, {*named, *_found(connection)})
        fresh = set(
            connection.scalars(
                sa.select(brreg_name.c.name_key).where(brreg_name.c.looked_up_at > now - ASK_AGAIN_AFTER)
            )
        )
        known |= fresh
        mentioned = {name.full: written for written, name in _mentioned(connection) if name.full not in known}
    answers = []
    asked = sorted(mentioned.items())[:PER_RUN]
    note_names(engine, [written for _, written in asked], run.run_id)
    for key, written in asked:
        try:
            hits = [unit for unit in client.find_company(written) if _is_same(written, unit.name)]
        except RefusedByPolicyError:
            continue
        number = hits[0].number if len(hits) == 1 else None
        answers.append((key, number, len(hits), now))
    with engine.begin() as connection:
        upsert(connection, brreg_name, ["name_key", "number", "hits", "looked_up_at"], answers)
        return _found(connection)


def _found(connection: sa.Connection) -> set[str]:
    """Numbers of the units that were found by their names."""
    return set(connection.scalars(sa.select(brreg_name.c.number).where(brreg_name.c.number.is_not(None))))


def _mentioned(connection: sa.Connection) -> Iterator[tuple[str, CompanyName]]:
    """Names of organisations that came without a number, as written and taken apart."""
    statement = sa.union(
        *(
            sa.select(column.label("name")).where(table.c.deleted_at_source.is_(None), *conditions)
            for table, column, conditions in _columns()
        )
    )
    for written in connection.scalars(statement):
        name = company_name(written)
        if name.core and name.number is None and name.core not in PLACEHOLDER_COMPANIES:
            yield written, name


def _columns() -> Iterator[tuple[sa.Table, sa.ColumnElement[str], tuple[sa.ColumnElement[bool], ...]]]:
    for source in ("course_signup", "order_form"):
        table = TABLES[source]
        yield table, table.c.company_name, (table.c.company_name.is_not(None),)
    helpscout = TABLES["helpscout_customer"]
    yield (
        helpscout,
        helpscout.c.organization,
        (helpscout.c.organization.is_not(None), helpscout.c.organization_number.is_(None)),
    )
    tripletex = TABLES["tripletex_customer"]
    yield (
        tripletex,
        tripletex.c.name,
        (
            tripletex.c.name.is_not(None),
            tripletex.c.organization_number.is_(None),
            tripletex.c.is_private_individual.is_not(True),
        ),
    )


def _known_names(connection: sa.Connection, numbers: Collection[str]) -> set[str]:
    """Names of the landed units among the numbers, and of the customers that gave their number."""
    unit, customer = TABLES["brreg_unit"], TABLES["tripletex_customer"]
    names = connection.scalars(
        sa.union(
            sa.select(unit.c.name).where(
                unit.c.deleted_at_source.is_(None),
                unit.c.name.is_not(None),
                unit.c.number == sa.func.any(sa.literal(list(numbers), sa.ARRAY(sa.Text()))),
            ),
            sa.select(customer.c.name).where(
                customer.c.deleted_at_source.is_(None), customer.c.organization_number.is_not(None)
            ),
        )
    )
    known = {company_name(name) for name in names}
    return {name.full for name in known} | {name.core for name in known}


def _is_same(written: str, registered: str | None) -> bool:
    """Whether two names are one: equal but for a legal form that was left out."""
    mine, theirs = company_name(written), company_name(registered)
    return mine.full == theirs.full or (mine.form is None and mine.core == theirs.core)
