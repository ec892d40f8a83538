"""One request to the Tripletex simulator, and how its answers are shaped."""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from connectors.simulation.faults import Faults
from connectors.simulation.gate import Views, json_response, query_pairs
from connectors.tripletex import simulator_errors as errors
from connectors.tripletex.simulator_errors import ApiFailure, Problem
from connectors.tripletex.simulator_fields import Renderer, Selection, parse_fields
from connectors.tripletex.simulator_filters import parse_date
from connectors.tripletex.simulator_model import Entity
from connectors.tripletex.simulator_state import TripletexState
from connectors.tripletex.simulator_switches import Switches


class Call:
    """A request with its parameters, and the state it is about."""

    def __init__(
        self, request: Request, state: TripletexState, switches: Switches, faults: Faults, views: Views
    ) -> None:
        self.request = request
        self.state = state
        self.switches = switches
        self.faults = faults
        self.views = views
        self.path: str = request.scope["path"].removeprefix(request.scope.get("root_path", "")) or "/"
        self.given = _parameters(query_pairs(request.scope))
        self.renderer = Renderer(state, self.sees, switches.hidden_fields)

    async def body(self) -> Any:
        """The request's JSON, numbers with a fraction as Decimal. Raises ApiFailure."""
        try:
            return json.loads(await self.request.body(), parse_float=Decimal)
        except ValueError:
            raise ApiFailure(422, 22000, "Invalid JSON", None, ()) from None

    def day(self, name: str) -> date:
        """A required date parameter. Raises ApiFailure."""
        return parse_date(name, self._required(name))

    def number(self, name: str) -> Decimal:
        """A required number parameter. Raises ApiFailure."""
        try:
            return Decimal(self._required(name))
        except InvalidOperation:
            raise errors.bad_parameter() from None

    def need_beta(self) -> None:
        """Raises ApiFailure when the credentials may not use endpoints marked BETA."""
        if not self.switches.beta:
            raise errors.forbidden()

    def sees(self, name: str, values: Mapping[str, Any]) -> bool:
        """Whether the credentials may see an object."""
        return self.faults.visible(name, values)

    def selection(self, kind: Entity, extra: str = "") -> Selection:
        """The fields asked for. Raises IllegalField."""
        return parse_fields((self.given.get("fields") or "*") + extra, kind)

    def one(self, kind: Entity, record_id: int, status: int = 200, *, opened: str = "") -> Response:
        """A single object; `opened` is added to the fields asked for. Raises ApiFailure."""
        stored = self.state.table(kind).get(record_id)
        if stored is None or not self.sees(kind.name, stored.values):
            raise errors.not_found()
        selection = self.selection(kind, opened)
        return json_response({"value": self.renderer.show(selection, record_id, stored)}, status)

    def several(self, kind: Entity, record_ids: list[int], status: int) -> Response:
        """The list envelope that answers a list of new or changed objects: its total is 0."""
        selection, table = self.selection(kind), self.state.table(kind)
        values = [self.renderer.show(selection, record_id, table[record_id]) for record_id in record_ids]
        return json_response(envelope(values, total=0, start=0, version_digest=None), status)

    def _required(self, name: str) -> str:
        text = self.given.get(name)
        if not text:
            raise errors.bad_value([Problem(name, errors.NOT_NULL)])
        return text


def envelope(values: list[Any], *, total: int, start: int, version_digest: str | None) -> dict[str, Any]:
    """What every list comes in."""
    return {
        "fullResultSize": total,
        "from": start,
        "count": len(values),
        "versionDigest": version_digest,
        "values": values,
    }


def _parameters(pairs: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """The first value of each parameter; only `productNumber` may be repeated."""
    given: dict[str, str] = {}
    for name, value in pairs:
        if name == "productNumber" and name in given:
            given[name] += f",{value}"
        else:
            given.setdefault(name, value)
    return given
