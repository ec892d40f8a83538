"""A faithful local server of the Brønnøysund register's open data API.

Written from the official contract and recorded answers; shares no belief with the client beside it.
Mount `app` where the API's base path is (`/enhetsregisteret/api`).
"""

import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC
from typing import Any, ClassVar
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from connectors.brreg.simulator_parts import FORMS, SUB_UNIT_FORMS
from connectors.brreg.simulator_search import (
    NOT_A_NUMBER,
    Invalid,
    Parameters,
    feed,
    is_number,
    problem,
    search,
)
from connectors.brreg.simulator_state import (
    BrregState,
    Kind,
    Unit,
    Update,
    Values,
    feed_stamp,
)
from connectors.simulation.faults import Faults, RecordedRequest
from connectors.simulation.gate import Clock, Rate, Simulator, json_response, query_pairs, utc_now


class BrregSimulator(Simulator):
    """The register over `state`. Open to all, without keys and without a documented rate limit."""

    system: ClassVar[str] = "brreg"

    def __init__(
        self,
        state: BrregState,
        *,
        faults: Faults | None = None,
        clock: Clock = utc_now,
        requests: list[RecordedRequest] | None = None,
    ) -> None:
        super().__init__(faults or Faults(), clock, requests)
        self.state = state
        self.longest_url = 16_384
        """Encoded characters of path and query beyond which the front proxy refuses, in HTML.

        The real limit lies between 12 and 24 thousand.
        """

    def routed(self) -> ASGIApp:
        """The API behind the gate."""
        return _Api(self)

    def failure(self, status: int) -> Response:
        """A fault of the server; `trace` is what to quote when reporting it."""
        moment = self.clock().astimezone(UTC)
        reason = _REASONS.get(status, "Error")
        path = f"/enhetsregisteret/api{self.requests[-1].path}" if self.requests else ""
        body = {
            "timestamp": moment.isoformat(timespec="milliseconds").replace("+00:00", "+0000"),
            "status": status,
            "error": reason,
            "message": reason,
            "path": path,
            "trace": str(uuid.uuid4()),
        }
        return json_response(body, status)

    def standing_headers(self, number: int, rate: Rate) -> dict[str, str]:
        """What the documented examples carry; no answer tells of a rate limit."""
        return {"Vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"}


class _Api:
    """Finds the endpoint and turns refusals into error bodies."""

    def __init__(self, simulator: BrregSimulator) -> None:
        self._simulator = simulator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = _Call(self._simulator, Request(scope, receive))
        try:
            response = call.answer()
        except Invalid as invalid:
            response = call.bad_request(invalid.problems)
        await response(scope, receive, send)


class _Call:
    """One request on its way to an endpoint."""

    def __init__(self, simulator: BrregSimulator, request: Request) -> None:
        self.state = simulator.state
        self.simulator = simulator
        self.request = request
        self.full_path = request.scope["path"]
        root = request.scope.get("root_path", "")
        self.path = self.full_path.removeprefix(root).rstrip("/")
        self.base = f"{request.url.scheme}://{request.url.netloc}{root}"
        self.parameters = Parameters(query_pairs(request.scope))
        self.media_type = "application/json"

    def answer(self) -> Response:
        """The answer of the endpoint. Raises Invalid."""
        if len(self.request.url.path) + len(self.request.scope["query_string"]) > self.simulator.longest_url:
            return Response(_PROXY_PAGE, 400, media_type="text/html")
        for pattern, vendor_type, handler in _ROUTES:
            match = pattern.fullmatch(self.path)
            if match is None:
                continue
            if self.request.method not in ("GET", "HEAD"):
                return self._problem(405, "Method Not Allowed")
            if not self._accepts(vendor_type):
                return Response(status_code=415)
            return handler(self, **match.groupdict())
        return self._problem(404, "Not Found")

    def bad_request(self, problems: list[Values]) -> Response:
        """A 400 that lists everything wrong with the parameters, values included."""
        body = {
            "tidsstempel": int(self.simulator.clock().timestamp() * 1000),
            "status": 400,
            "feilmelding": "Feilaktig forespørsel",
            "sti": self.full_path,
            "antallFeil": len(problems),
            "valideringsfeil": problems,
        }
        return json_response(body, 400)

    def root(self) -> Response:
        names = (
            "enheter",
            "underenheter",
            "organisasjonsformer",
            "oppdateringer/enheter",
            "oppdateringer/underenheter",
            "kommuner",
        )
        links = {"self": self._link("")} | {name: self._link(f"/{name}") for name in names}
        return self._json({"_links": links})

    # Units

    def one_unit(self, resource: str, number: str) -> Response:
        unit, refusal = self._unit(resource, number)
        return refusal or self._json(self._unit_body(unit))

    def roles(self, number: str) -> Response:
        unit, refusal = self._unit("enheter", number)
        if refusal is not None:
            return refusal
        groups: dict[str, list[Values]] = {}
        for held in self.state.roles.get(unit.number, ()) if unit.status == "active" else ():
            groups.setdefault(_ROLES[held["role"]][0], []).append(held)
        own = f"/enheter/{unit.number}"
        return self._json(
            {
                "rollegrupper": [self._role_group(code, held) for code, held in groups.items()],
                "_links": {"self": self._link(f"{own}/roller"), "enhet": self._link(own)},
            }
        )

    def find_units(self, resource: str) -> Response:
        kind = _KINDS[resource]
        page, size = self.parameters.page()
        find = search(self.state, kind, self.parameters)
        units = self._kept(resource, find)
        return self._page(resource, units, page, size, self._unit_body)

    def find_updates(self, resource: str) -> Response:
        kind = _KINDS[resource]
        page, size = self.parameters.page()
        find = feed(self.state, kind, self.parameters)
        updates = self._kept(f"oppdateringer/{resource}", find)
        detailed = (self.parameters.one("includeChanges") or "").lower() == "true"
        return self._page(
            f"oppdaterte{resource.capitalize()}",
            updates,
            page,
            size,
            lambda update: self._update_body(resource, update, detailed=detailed),
        )

    def _unit(self, resource: str, number: str) -> tuple[Unit, Response | None]:
        if not is_number(number):
            raise Invalid(problem(NOT_A_NUMBER, number, number))
        unit = self.state.units.get(number)
        if unit is None or unit.kind != _KINDS[resource]:
            return _NOBODY, Response(status_code=404)
        if unit.status == "removed":
            body = self.state.shown(unit) | {"_links": {"self": self._link(f"/{resource}/{number}")}}
            return unit, json_response(body, 410)
        return unit, None

    def _unit_body(self, unit: Unit) -> Values:
        body = self.state.shown(unit)
        kind = body.pop("respons_klasse")
        form = body.get("organisasjonsform")
        if isinstance(form, dict):
            own = self._link(f"/organisasjonsformer/{quote(str(form.get('kode')))}")
            body["organisasjonsform"] = form | {"_links": {"self": own}}
        resource = "enheter" if unit.kind == "enhet" else "underenheter"
        links = {"self": self._link(f"/{resource}/{unit.number}")}
        if "overordnetEnhet" in body:
            links["overordnetEnhet"] = self._link(f"/enheter/{body['overordnetEnhet']}")
        return body | {"_links": links, "respons_klasse": kind}

    def _update_body(self, resource: str, update: Update, *, detailed: bool) -> Values:
        body: Values = {
            "oppdateringsid": update.id,
            "dato": feed_stamp(update.at),
            "organisasjonsnummer": update.number,
            "endringstype": update.type,
        }
        if detailed and update.type == "Endring":
            body["endringer"] = list(update.operations)
        link = self._link(f"/{resource}/{update.number}")
        return body | {"_links": {_KINDS[resource]: link}}

    def _role_group(self, code: str, held: list[Values]) -> Values:
        return {
            "type": self._code("rollegruppetyper", code, _GROUPS[code]),
            "sistEndret": max(each["since"] for each in held).isoformat(),
            "roller": [
                {
                    "type": self._code("rolletyper", each["role"], _ROLES[each["role"]][1]),
                    "person": {
                        "fodselsdato": each["born"].isoformat(),
                        "navn": {"fornavn": each["first"], "etternavn": each["last"]},
                        "erDoed": False,
                    },
                    "fratraadt": False,
                    "avregistrert": False,
                    "rekkefolge": position,
                }
                for position, each in enumerate(held)
            ],
        }

    def _code(self, table: str, code: str, text: str) -> Values:
        return {
            "kode": code,
            "beskrivelse": text,
            "_links": {"self": self._link(f"/roller/{table}/{code}")},
        }

    # Code lists

    def forms(self, part: str | None = None) -> Response:
        chosen = {
            None: FORMS,
            "enheter": [code for code in FORMS if code not in SUB_UNIT_FORMS],
            "underenheter": SUB_UNIT_FORMS,
        }[part]
        return self._listed("organisasjonsformer", map(self._form, sorted(chosen)))

    def one_form(self, code: str) -> Response:
        return self._json(self._form(code)) if code in FORMS else Response(status_code=404)

    def _form(self, code: str) -> Values:
        link = self._link(f"/organisasjonsformer/{quote(code)}")
        return {"kode": code, "beskrivelse": FORMS[code], "_links": {"self": link}}

    def municipalities(self) -> Response:
        """The municipalities that the units' addresses name."""
        places = (
            unit.values[where]
            for unit in list(self.state.units.values())
            for where in ("postadresse", "forretningsadresse", "beliggenhetsadresse")
            if where in unit.values
        )
        found = {each["kommunenummer"]: each["kommune"] for each in places if "kommunenummer" in each}
        rows = (
            {"nummer": number, "navn": name, "_links": {"self": self._link(f"/kommuner/{number}")}}
            for number, name in sorted(found.items())
        )
        return self._listed("kommuner", rows)

    def _listed(self, name: str, rows: Iterable[Values]) -> Response:
        return self._page(name, list(rows), 0, 1_000, lambda row: row)

    # Shapes

    def _page(
        self, name: str, found: list[Any], page: int, size: int, show: Callable[[Any], Values]
    ) -> Response:
        """A page in HAL: nothing embedded when it is empty, other links only when there are more pages."""
        total = -(-len(found) // size)
        rows = [show(each) for each in found[page * size : (page + 1) * size]]
        body: Values = {"_embedded": {name: rows}} if rows else {}
        body["_links"] = self._page_links(page, size, total)
        body["page"] = {
            "size": size,
            "totalElements": len(found),
            "totalPages": total,
            "number": page,
        }
        return self._json(body)

    def _page_links(self, page: int, size: int, total: int) -> Values:
        if total <= 1 and page == 0:
            return {"self": {"href": self._self_link()}}
        links = {"first": self._page_link(0, size)}
        if page > 0:
            links["prev"] = self._page_link(page - 1, size)
        links["self"] = {"href": self._self_link()}
        if page + 1 < total:
            links["next"] = self._page_link(page + 1, size)
        return links | {"last": self._page_link(max(0, total - 1), size)}

    def _page_link(self, page: int, size: int) -> Values:
        pairs = [(key, value) for key, value in self.parameters.pairs if key not in ("page", "size")]
        pairs += [("page", str(page)), ("size", str(size))]
        query = "&".join(f"{quote(key)}={quote(value, safe=',:')}" for key, value in pairs)
        return self._link(f"{self.path}?{query}")

    def _self_link(self) -> str:
        query = self.request.scope["query_string"].decode("latin-1")
        return f"{self.base}{self.path}" + (f"?{query}" if query else "")

    def _kept(self, name: str, find: Callable[[], list[Any]]) -> list[Any]:
        given = tuple(pair for pair in self.parameters.pairs if pair[0] not in ("page", "size"))
        kept: list[Any] = self.simulator.views.get((name, given), self.state.revision, find)
        return kept

    def _link(self, path: str) -> dict[str, str]:
        return {"href": f"{self.base}{path}"}

    def _json(self, body: Mapping[str, Any]) -> Response:
        return json_response(body, media_type=self.media_type)

    def _problem(self, status: int, title: str) -> Response:
        """The framework's own error: not a word about units."""
        body = {
            "detail": f"No endpoint {self.request.method} {self.full_path}.",
            "instance": self.full_path,
            "status": status,
            "title": title,
        }
        return json_response(body, status, media_type="application/problem+json")

    def _accepts(self, vendor_type: str) -> bool:
        """Whether the Accept header names a type this endpoint has; sets the answer's type."""
        accepted = self.request.headers.get("accept", "*/*")
        types = [part.split(";")[0].strip().lower() for part in accepted.split(",")]
        for wanted in types:
            if wanted in ("", "*/*", "application/*", "application/json"):
                return True
            if wanted == "application/hal+json":
                self.media_type = wanted
                return True
            if wanted == vendor_type:
                self.media_type = f"{vendor_type};charset=UTF-8"
                return True
        return False


_VENDOR = "application/vnd.brreg.enhetsregisteret"
_KINDS: dict[str, Kind] = {"enheter": "enhet", "underenheter": "underenhet"}
_NOBODY = Unit("", "enhet", {})
_REASONS = {
    403: "Forbidden",
    404: "Not Found",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
_ROLES = {
    "DAGL": ("DAGL", "Daglig leder"),
    "INNH": ("INNH", "Innehaver"),
    "LEDE": ("STYR", "Styrets leder"),
    "MEDL": ("STYR", "Styremedlem"),
    "REVI": ("REVI", "Revisor"),
}
_GROUPS = {"DAGL": "Daglig leder", "INNH": "Innehaver", "STYR": "Styre", "REVI": "Revisor"}
_PROXY_PAGE = "<html><head><title>400 Bad Request</title></head><body><h1>Bad Request</h1></body></html>"

Handler = Callable[..., Response]


def _routes() -> list[tuple[re.Pattern[str], str, Handler]]:
    call = _Call
    table: list[tuple[str, str, Handler]] = [
        ("", f"{_VENDOR}.v1+json", call.root),
        ("/(?P<resource>enheter)", f"{_VENDOR}.enhet.v2+json", call.find_units),
        ("/(?P<resource>underenheter)", f"{_VENDOR}.underenhet.v2+json", call.find_units),
        ("/(?P<resource>enheter)/(?P<number>[^/]+)", f"{_VENDOR}.enhet.v2+json", call.one_unit),
        (
            "/(?P<resource>underenheter)/(?P<number>[^/]+)",
            f"{_VENDOR}.underenhet.v2+json",
            call.one_unit,
        ),
        ("/enheter/(?P<number>[^/]+)/roller", f"{_VENDOR}.rolle.v1+json", call.roles),
        (
            "/oppdateringer/(?P<resource>enheter)",
            f"{_VENDOR}.oppdatering.enhet.v1+json",
            call.find_updates,
        ),
        (
            "/oppdateringer/(?P<resource>underenheter)",
            f"{_VENDOR}.oppdatering.underenhet.v1+json",
            call.find_updates,
        ),
        ("/organisasjonsformer", f"{_VENDOR}.organisasjonsform.v1+json", call.forms),
        (
            "/organisasjonsformer/(?P<part>enheter|underenheter)",
            f"{_VENDOR}.organisasjonsform.v1+json",
            call.forms,
        ),
        (
            "/organisasjonsformer/(?P<code>[^/]+)",
            f"{_VENDOR}.organisasjonsform.v1+json",
            call.one_form,
        ),
        ("/kommuner", f"{_VENDOR}.kommune.v1+json", call.municipalities),
    ]
    return [(re.compile(pattern), vendor_type, handler) for pattern, vendor_type, handler in table]


_ROUTES = _routes()
