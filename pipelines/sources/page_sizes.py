"""How many records an API gives at most for one request."""

from __future__ import annotations

import math
from collections.abc import Mapping

RECORDS_PER_REQUEST: Mapping[str, int] = {
    "helpscout_customer": 50,
    "helpscout_conversation": 25,
    "helpscout_mailbox": 50,
    "tripletex_customer": 1_000,
    "tripletex_contact": 1_000,
    "tripletex_invoice": 1_000,
    "brreg_unit": 1_000,
}
"""By source entity; the registration system is asked once for each activity."""


def fewest_requests(source: str, records: int) -> int:
    """The fewest requests in which so many records can come; 0 where no such number is known."""
    size = RECORDS_PER_REQUEST.get(source)
    return 0 if size is None else max(1, math.ceil(records / size))
