"""The landing schema: what each source holds, as it is read, and how the reading goes.

Knows nothing of persons or organisations.
"""

from schemas.tables.landing.reading import activity, brreg_name, cursor, load, rejected, webhook_mark, world
from schemas.tables.landing.records import BOOKKEEPING, PAYLOADS, SCHEMA, TABLES

__all__ = [
    "BOOKKEEPING",
    "PAYLOADS",
    "SCHEMA",
    "TABLES",
    "activity",
    "brreg_name",
    "cursor",
    "load",
    "rejected",
    "webhook_mark",
    "world",
]
