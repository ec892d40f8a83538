"""One request to the Brreg simulator, and the shapes of its answers: HAL, pages, links, errors."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from connectors.brreg.simulator_parameters import Parameters
from connectors.brreg.simulator_state import BrregState, Values
from connectors.simulation.gate import Clock, Views, json_response, query_pairs


class Call:
    """A request with its parameters, and the register it is about."""

    def __init__(self, request: Request, state: BrregState, views: Views, clock: Clock) -> None:
        self.request = request
        self.state = state
        self.views = views
        self.clock = clock
        root = request.scope.get("root_path", "")
        self.full_path: str = request.scope["path"]
        self.path = self.full_path.removeprefix(root).rstrip("/")
        self.base = f"{request.url.scheme}://{request.url.netloc}{root}"
        self.parameters = Parameters(query_pairs(request.scope))
        self.media_type = "application/json"

    def length(self) -> int:
        """Characters of path and query as they were sent, encoded."""
        return len(self.request.url.path) + len(self.request.scope["query_string"])

    def accept(self, vendor_type: str) -> bool:
        """Whether the Accept header names a type this endpoint has; sets the answer's type."""
        accepted = self.request.headers.get("accept", "*/*")
        for wanted in (part.split(";")[0].strip().lower() for part in accepted.split(",")):
            if wanted in ("", "*/*", "application/*", "application/json"):
                return True
            if wanted == "application/hal+json":
                self.media_type = wanted
                return True
            if wanted == vendor_type:
                self.media_type = f"{vendor_type};charset=UTF-8"
                return True
        return False

    def json(self, body: Mapping[str, Any]) -> Response:
        """An answer of the type that was asked for."""
        return json_response(body, media_type=self.media_type)

    def link(self, path: str) -> dict[str, str]:
        """A link to a path of this server."""
        return {"href": f"{self.base}{path}"}

    def page(
        self, name: str, found: list[Any], page: int, size: int, show: Callable[[Any], Values]
    ) -> Response:
        """A page in HAL: nothing embedded when it is empty, other links only when there are more pages."""
        total = -(-len(found) // size)
        rows = [show(each) for each in found[page * size : (page + 1) * size]]
        body: Values = {"_embedded": {name: rows}} if rows else {}
        body["_links"] = self._page_links(page, size, total)
        body["page"] = {"size": size, "totalElements": len(found), "totalPages": total, "number": page}
        return self.json(body)

    def kept(self, name: str, find: Callable[[], list[Any]]) -> list[Any]:
        """What was found for these parameters, found again when the register has changed."""
        given = tuple(pair for pair in self.parameters.pairs if pair[0] not in ("page", "size"))
        kept: list[Any] = self.views.get((name, given), self.state.revision, find)
        return kept

    def bad_request(self, problems: list[Values]) -> Response:
        """A 400 that lists everything wrong with the parameters, values included."""
        body = {
            "tidsstempel": int(self.clock().timestamp() * 1000),
            "status": 400,
            "feilmelding": "Feilaktig forespørsel",
            "sti": self.full_path,
            "antallFeil": len(problems),
            "valideringsfeil": problems,
        }
        return json_response(body, 400)

    def problem(self, status: int, title: str) -> Response:
        """The framework's own error: not a word about units."""
        body = {
            "detail": f"No endpoint {self.request.method} {self.full_path}.",
            "instance": self.full_path,
            "status": status,
            "title": title,
        }
        return json_response(body, status, media_type="application/problem+json")

    def _page_links(self, page: int, size: int, total: int) -> Values:
        query = self.request.scope["query_string"].decode("latin-1")
        own = self.link(f"{self.path}?{query}" if query else self.path)
        if total <= 1 and page == 0:
            return {"self": own}
        links = {"first": self._page_link(0, size)}
        if page > 0:
            links["prev"] = self._page_link(page - 1, size)
        links["self"] = own
        if page + 1 < total:
            links["next"] = self._page_link(page + 1, size)
        return links | {"last": self._page_link(max(0, total - 1), size)}

    def _page_link(self, page: int, size: int) -> dict[str, str]:
        pairs = [(key, value) for key, value in self.parameters.pairs if key not in ("page", "size")]
        pairs += [("page", str(page)), ("size", str(size))]
        query = "&".join(f"{quote(key)}={quote(value, safe=',:')}" for key, value in pairs)
        return self.link(f"{self.path}?{query}")
