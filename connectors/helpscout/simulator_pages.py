"""Pages of Help Scout's lists: numbered ones (v2) and the v3 cursor."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from connectors.helpscout.simulator_behaviour import HelpScoutBehaviour
from connectors.helpscout.simulator_http import Call, Problem, Refusal, hal, whole_number
from connectors.helpscout.simulator_index import LiveList
from connectors.helpscout.simulator_records import Record
from connectors.helpscout.simulator_shapes import link

Parameters = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a list as it stands: how many there are, and those of a stretch, made when it is shown."""

    total: int
    between: Callable[[int, int], Sequence[Record]]


def numbered_page(
    call: Call,
    behaviour: HelpScoutBehaviour,
    rows: Rows,
    *,
    key: str,
    path: str,
    size: int,
    parameters: Parameters = (),
) -> Response:
    """One page of a v2 list. `parameters` come back in the links.

    Raises Refusal for a page number below 1 and, when switched on, for one too deep.
    """
    number = whole_number(call.value("page") or "1", "page")
    limit = behaviour.deep_page_limit
    if limit is not None and number * size > limit:
        raise Refusal(
            behaviour.deep_page_status,
            Problem("page", "result window is too large", "Size", number, "QUERY"),
        )
    pages = -(-rows.total // size)
    content: dict[str, Any] = {}
    if found := rows.between((number - 1) * size, number * size):
        content["_embedded"] = {key: found}
    elif behaviour.number_of_empty_page is not None:
        number = behaviour.number_of_empty_page
    content["_links"] = _numbered_links(f"{call.base}{path}", parameters, number, pages)
    content["page"] = {"size": size, "totalElements": rows.total, "totalPages": pages, "number": number}
    return hal(content)


def customers_page(
    call: Call,
    behaviour: HelpScoutBehaviour,
    live: LiveList,
    *,
    path: str,
    shape: Callable[[int, Record], Record],
    parameters: Parameters,
    now: datetime,
) -> Response:
    """One page of the v3 list of people, newest first: no totals, and a `next` link while there is more.

    The cursor is a place in the order, so what is added or removed meanwhile moves no other row.
    """
    cursor = call.value("cursor")
    place = None if cursor is None else _place(cursor, behaviour.cursor_lifetime, now)
    found = live.below(place, behaviour.cursor_page_size + 1)
    shown = found[: behaviour.cursor_page_size]
    content: dict[str, Any] = {}
    if shown:
        content["_embedded"] = {"customers": [shape(row, live.stored(row).payload) for row in shown]}
    url = f"{call.base}{path}"
    links = {"self": link(_href(url, parameters, cursor=cursor)), "first": link(_href(url, parameters))}
    if len(found) > len(shown):
        last = shown[-1]
        following = _cursor(live.stored(last).created_at, last, now)
        links["next"] = link(_href(url, parameters, cursor=following))
    content["_links"] = links
    return hal(content)


def plain_list(call: Call, *, key: str, path: str, rows: Sequence[Record]) -> Response:
    """A list that is never paged and tells no totals."""
    embedded = {"_embedded": {key: rows}} if rows else {}
    return hal({**embedded, "_links": {"self": link(f"{call.base}{path}")}})


def _numbered_links(url: str, parameters: Parameters, number: int, pages: int) -> dict[str, Any]:
    def numbered(page: int) -> dict[str, str]:
        return link(_href(url, parameters, page=page))

    links = {
        "first": numbered(1),
        "last": numbered(max(1, pages)),
        "page": link(_href(url, parameters)),
        "self": numbered(number),
    }
    if number < pages:
        links["next"] = numbered(number + 1)
    if number > 1:
        links["previous"] = numbered(number - 1)
    return links


def _href(url: str, parameters: Parameters, **more: str | int | None) -> str:
    pairs = [*parameters, *((name, value) for name, value in more.items() if value is not None)]
    return f"{url}?{urlencode(pairs)}" if pairs else url


def _cursor(created_at: datetime, record_id: int, now: datetime) -> str:
    content = {"id": record_id, "at": created_at.timestamp(), "issued": now.timestamp()}
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode()


def _place(cursor: str, lifetime: float | None, now: datetime) -> tuple[datetime, int]:
    try:
        content = json.loads(base64.urlsafe_b64decode(cursor))
        issued = datetime.fromtimestamp(content["issued"], UTC)
        place = datetime.fromtimestamp(content["at"], UTC), int(content["id"])
    except (ValueError, KeyError, TypeError, OverflowError, OSError):
        raise _bad_cursor() from None
    if lifetime is not None and now - issued > timedelta(seconds=lifetime):
        raise _bad_cursor()
    return place


def _bad_cursor() -> Refusal:
    return Refusal(400, Problem("cursor", "invalid cursor", "InvalidIdentifier", source="QUERY"))
