"""How many records Help Scout has, in one request: what was deleted shows there and nowhere else.

A deletion leaves no trace in any list, so a read of what changed cannot see it. Counted are the records made
until a time in the past, so that neither what comes in meanwhile nor the lag of the search index matters.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.client import Clock
from connectors.egress import Egress
from connectors.errors import PermanentError, UnauthorizedError
from connectors.helpscout.client_answers import Sheet, timestamp
from connectors.helpscout.client_lists import Listing

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Count:
    """So many records were told of, of those made until then (aware)."""

    told: int
    made_until: datetime


def count(egress: Egress, listing: Listing[Any], until: datetime, clock: Clock) -> Count | None:
    """Count the records of a v2 list made until `until`; where it cannot be bounded, those made until now.

    None where the list is not served or tells no total. Raises UnauthorizedError and TransientError.
    """
    until = until.astimezone(UTC).replace(microsecond=0)
    newest_first = {**listing.query, "page": "1", "sortField": "createdAt", "sortOrder": "desc"}
    bound = {"query": f"(createdAt:[{timestamp(_EPOCH)} TO {timestamp(until)}])"}
    for asked, is_bounded in (({**newest_first, **bound}, True), (newest_first, False)):
        began = clock().astimezone(UTC).replace(microsecond=0)
        try:
            answer = egress.request("GET", listing.path, query=asked)
            sheet = Sheet.of(answer.body, listing, 1)
        except UnauthorizedError:
            raise
        except PermanentError as error:
            logger.info("%s: deletions show in a complete read only (%s)", listing.payload.source, error)
            continue
        if sheet.told is None:
            return None
        is_heeded = is_bounded and not sheet.newest_is_after(until)
        return Count(sheet.told, until if is_heeded else began)
    return None
