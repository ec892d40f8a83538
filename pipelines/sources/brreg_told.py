"""Notes in the ledger of disclosures what the register is about to be asked (GDPR art. 15(1)(c)).

A number tells the register that somebody deals with that unit. Of a sole proprietor, and of a unit that is
not known yet, that is noted by itself; companies are counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from connectors.brreg.client_names import could_be_a_persons
from connectors.brreg.client_units import SOLE_PROPRIETOR, can_exist, is_number
from pipelines.privacy.disclosures import Sending, note_asked
from schemas.payloads.brreg import BrregUnit
from schemas.policy import load_policy
from schemas.tables.landing import TABLES, brreg_name

RECIPIENT, PURPOSE = "brreg", "customer_relationship"
LOOK_UP = Sending(RECIPIENT, "GET", "/enheter", ("organisasjonsnummer",))
"""The two parts of the register are told the same, whether numbers come in batches or singly."""
FEED = Sending(RECIPIENT, "GET", "/oppdateringer/enheter", ("organisasjonsnummer",))
BY_NAME = Sending(RECIPIENT, "GET", "/enheter", ("navn",))


def note_numbers(engine: sa.Engine, sending: Sending, numbers: Iterable[str], run_id: str) -> int:
    """Note organisation numbers before they are asked for; return how many will be."""
    asked = {number for number in numbers if is_number(number) and can_exist(number)}
    if not asked:
        return 0
    with engine.begin() as connection:
        companies = _companies(connection, asked)
        return note_asked(
            connection,
            load_policy(),
            sending,
            purpose=PURPOSE,
            source=BrregUnit.source,
            ids=asked - companies,
            no_persons=len(companies),
            run_id=run_id,
            now=datetime.now(UTC),
        )


def note_names(engine: sa.Engine, names: Iterable[str], run_id: str) -> int:
    """Note names of organisations before they are asked for; return how many will be.

    A name that could be a person's is not asked for, so none of them is anybody's.
    """
    asked = sum(not could_be_a_persons(name) for name in names)
    with engine.begin() as connection:
        return note_asked(
            connection,
            load_policy(),
            BY_NAME,
            purpose=PURPOSE,
            source=brreg_name.name,
            ids=(),
            no_persons=asked,
            run_id=run_id,
            now=datetime.now(UTC),
        )


def _companies(connection: sa.Connection, numbers: Iterable[str]) -> set[str]:
    """Those of some numbers that are known to be no sole proprietor's, nor a sub-unit of one's."""
    unit = TABLES[BrregUnit.source]
    parent = unit.alias("parent")
    wanted = unit.c.number == sa.func.any(sa.literal(sorted(numbers), pg.ARRAY(sa.Text())))
    is_company = sa.or_(
        sa.and_(sa.not_(unit.c.is_subunit), unit.c.organization_form != SOLE_PROPRIETOR),
        sa.and_(unit.c.is_subunit, parent.c.organization_form != SOLE_PROPRIETOR),
    )
    joined = unit.outerjoin(parent, parent.c.number == unit.c.parent_number)
    return set(connection.scalars(sa.select(unit.c.number).select_from(joined).where(wanted, is_company)))
