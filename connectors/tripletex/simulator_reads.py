"""Reading from the Tripletex simulator: a page of a list, or a single object."""

from starlette.responses import Response

from connectors.simulation.gate import json_response
from connectors.tripletex.simulator_call import Call, envelope
from connectors.tripletex.simulator_lists import LISTINGS
from connectors.tripletex.simulator_model import Entity, entity
from connectors.tripletex.simulator_query import Query, Row, digest

SINGLES: dict[str, Entity] = {
    "deliveryAddress": entity("DeliveryAddress"),
    "company": entity("Company"),
    "order/orderline": entity("OrderLine"),
} | {path[1:]: listing.entity for path, listing in LISTINGS.items() if ">" not in path}
"""Kinds of object that can be asked for by id, by path."""


async def list_objects(call: Call) -> Response:
    """A page of a list. Raises ApiFailure and IllegalField."""
    query = Query(call.state, LISTINGS[call.path], call.given, call.switches)
    selection = call.selection(query.listing.entity)
    start, end = query.start, query.start + query.count
    key = (*query.key(), call.faults.hidden, call.switches.hidden_rows)
    rows = call.views.get(key, call.state.revision, lambda: _visible(call, query))
    page = rows[start:end]
    asked = call.request.headers.get("if-none-match")
    version_digest = _digest(call, query, page, asked)
    if asked is not None and asked == version_digest:
        return Response(status_code=304)
    return json_response(
        envelope(
            [row and call.renderer.show(selection, *row) for row in page],
            total=query.full_result_size(len(rows)),
            start=start,
            version_digest=version_digest,
        )
    )


async def get_object(call: Call, path: str, key: str) -> Response:
    """A single object. Raises ApiFailure and IllegalField."""
    return call.one(SINGLES[path], int(key))


def _visible(call: Call, query: Query) -> list[Row | None]:
    found, name = query.rows(), query.listing.entity.name
    if call.faults.hidden is None:
        return list(found)
    if call.switches.hidden_rows == "drop":
        return [row for row in found if call.sees(name, row[1].values)]
    return [row if call.sees(name, row[1].values) else None for row in found]


def _digest(call: Call, query: Query, page: list[Row | None], asked: str | None) -> str | None:
    """`versionDigest`: a checksum where one is asked for and supported, else the reason why not."""
    if query.total_unknown:
        return None
    if not query.listing.checksum:
        return "Checksum not yet supported for this endpoint"
    if not asked:
        return "'If-None-Match' header not specified"
    query_text = call.request.scope["query_string"].decode("latin-1")
    return digest(query_text, [row for row in page if row is not None])
