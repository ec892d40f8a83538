"""A faithful local server of the Tripletex API: sessions, lists, registrations, and its quirks.

Written from the published contract and recorded answers; shares no belief with the client beside it.
Mount `app` where the API's base path is (`/v2`).
"""

import base64
import binascii
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from connectors.simulation.faults import Faults, RecordedRequest
from connectors.simulation.gate import Clock, Rate, Simulator, json_response, query_pairs, utc_now
from connectors.tripletex import simulator_errors as errors
from connectors.tripletex.simulator_errors import ApiFailure, Problem
from connectors.tripletex.simulator_fields import IllegalField, Renderer, Selection, parse_fields
from connectors.tripletex.simulator_lists import LISTINGS, Query, Row, Switches, digest, parse_date
from connectors.tripletex.simulator_model import Entity, entity
from connectors.tripletex.simulator_state import (
    COMPANY_ID,
    EMPLOYEE_ID,
    OSLO,
    Mail,
    Stored,
    TripletexState,
)
from connectors.tripletex.simulator_writes import Writer


class TripletexSimulator(Simulator):
    """Tripletex over `state`. `switches` holds what is unknown of the API or differs by account."""

    system: ClassVar[str] = "tripletex"

    def __init__(
        self,
        state: TripletexState,
        *,
        faults: Faults | None = None,
        clock: Clock = utc_now,
        requests: list[RecordedRequest] | None = None,
    ) -> None:
        super().__init__(faults or Faults(), clock, requests)
        self.state = state
        self.switches = Switches()

    def routed(self) -> ASGIApp:
        """The API behind the gate."""
        return _Api(self)

    def failure(self, status: int) -> Response:
        """An error that no endpoint raised. The body of a 429 is not documented."""
        code, message = _FAILURES.get(status, (1000, None))
        return self.error(ApiFailure(status, code, message))

    def error(self, failure: ApiFailure) -> Response:
        """The answer to a refused request."""
        request_id = errors.new_request_id()
        body = failure.body(self.state.language, request_id, reverse=self.switches.reverse_messages)
        return json_response(body, failure.status, headers={"x-tlx-request-id": request_id})

    def standing_headers(self, number: int, rate: Rate) -> dict[str, str]:
        """The state of the rate limit; a 429 tells of the reset only where `retry_header` says so."""
        limit = _NOMINAL_LIMIT if rate.limit is None else rate.limit
        remaining = limit - 1 if rate.limit is None else rate.remaining
        headers = {"X-Rate-Limit-Limit": str(limit), "X-Rate-Limit-Remaining": str(remaining)}
        if not any(request.status == 429 for request in self.requests[number - 1 : number]):
            headers["X-Rate-Limit-Reset"] = str(rate.reset_seconds)
        return headers

    def own_retry_headers(self, seconds: int) -> dict[str, str]:
        """Seconds to the end of the period."""
        return {"X-Rate-Limit-Reset": str(seconds)}


class _Api:
    """Authenticates, finds the endpoint, and turns refusals into error bodies."""

    def __init__(self, simulator: TripletexSimulator) -> None:
        self._simulator = simulator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await _Call(self._simulator, request).answer()
        except ApiFailure as failure:
            response = self._simulator.error(failure)
        except IllegalField as illegal:
            response = self._simulator.error(ApiFailure(400, 11000, str(illegal)))
        response.headers.setdefault("x-tlx-request-id", errors.new_request_id())
        await response(scope, receive, send)


class _Call:
    """One request on its way to an endpoint."""

    def __init__(self, simulator: TripletexSimulator, request: Request) -> None:
        self.state = simulator.state
        self.faults = simulator.faults
        self.switches = simulator.switches
        self.views = simulator.views
        self.now = simulator.clock()
        self.request = request
        self.path = request.scope["path"].removeprefix(request.scope.get("root_path", "")) or "/"
        self.query_text = request.scope["query_string"].decode("latin-1")
        self.given = _first_values(query_pairs(request.scope))
        self.writer = Writer(self.state, self.switches)
        self.renderer = Renderer(self.state, self._sees, self.switches.hidden_fields)

    async def answer(self) -> Response:
        """The answer of the endpoint. Raises ApiFailure and IllegalField."""
        if self.path == "/token/session/:create":
            return await self._create_session()
        self._authenticate()
        if any(re.search(pattern, self.path) for pattern in self.switches.forbidden):
            raise errors.forbidden()
        methods = set()
        for method, pattern, handler in _ROUTES:
            match = pattern.fullmatch(self.path)
            if match is None:
                continue
            if method == self.request.method:
                return await handler(self, **match.groupdict())
            methods.add(method)
        if methods:
            raise ApiFailure(405, 4000, "HTTP 405 Method Not Allowed")
        raise errors.not_found()

    # Sessions

    async def _create_session(self) -> Response:
        match self.request.method:
            case "PUT":
                given: Mapping[str, Any] = self.given
                status = 200
            case "POST":
                body = await self.body()
                given = body if isinstance(body, Mapping) else {}
                status = 201
            case _:
                raise ApiFailure(405, 4000, "HTTP 405 Method Not Allowed")
        names = ("consumerToken", "employeeToken", "expirationDate")
        missing = [name for name in names if not given.get(name)]
        if missing:
            raise errors.bad_value(Problem(name, errors.NOT_NULL) for name in missing)
        if given["consumerToken"] != self.state.consumer_token:
            raise errors.invalid([Problem("arg:consumerToken", errors.CONSUMER_TOKEN)])
        if given["employeeToken"] != self.state.employee_token:
            raise errors.invalid([Problem("arg:employeeToken", errors.EMPLOYEE_TOKEN)])
        session = self.state.open_session(parse_date("expirationDate", str(given["expirationDate"])))
        value = {
            "id": session.id,
            "version": 1,
            "url": f"tripletex.no/v2/token/session/{session.id}",
            "consumerToken": self.renderer.reference(entity("ConsumerToken"), 1754),
            "employeeToken": self.renderer.reference(entity("EmployeeToken"), 2913),
            "expirationDate": session.expires.isoformat(),
            "token": session.token,
            "encryptionKey": None,
        }
        return json_response({"value": value}, status)

    def _authenticate(self) -> None:
        """Basic auth: username 0 or blank, or the company's own id; the session is the password."""
        scheme, _, encoded = self.request.headers.get("authorization", "").partition(" ")
        try:
            text = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise errors.unauthorized() from None
        username, _, password = text.partition(":")
        session = self.state.sessions.get(password)
        allowed = {"", "0"} | ({str(COMPANY_ID)} if not self.path.endswith(">whoAmI") else set())
        if scheme.lower() != "basic" or session is None or username not in allowed:
            raise errors.unauthorized()
        if self.now >= _midnight(session.expires):
            raise errors.unauthorized()

    async def end_session(self, token: str) -> Response:
        if self.state.sessions.pop(token, None) is None:
            raise errors.not_found()
        return Response(status_code=204)

    async def who_am_i(self) -> Response:
        stored = Stored(
            {
                "employeeId": EMPLOYEE_ID,
                "actualEmployeeId": EMPLOYEE_ID,
                "employee": EMPLOYEE_ID,
                "companyId": COMPANY_ID,
                "company": COMPANY_ID,
                "language": self.state.language,
            },
            0,
            (),
        )
        selection = parse_fields(self.given.get("fields"), entity("LoggedInUserInfo"))
        return json_response({"value": self.renderer.show(selection, 0, stored)})

    # Lists and single objects

    async def list_objects(self) -> Response:
        listing = LISTINGS[self.path]
        query = Query(self.state, listing, self.given, self.switches)
        selection = parse_fields(self.given.get("fields"), listing.entity)
        start, count = query.start, query.count
        key = (*query.key(), self.faults.hidden, self.switches.hidden_rows)
        rows = self.views.get(key, self.state.revision, lambda: self._visible_rows(query))
        page = rows[start : start + count]
        version_digest: str | None = "'If-None-Match' header not specified"
        asked = self.request.headers.get("if-none-match")
        if query.total_unknown:
            version_digest = None
        elif listing.checksum == "no":
            version_digest = "Checksum not yet supported for this endpoint"
        elif asked:
            version_digest = digest(self.query_text, [row for row in page if row is not None])
            if asked.strip('"') == version_digest:
                return Response(status_code=304)
        return json_response(
            {
                "fullResultSize": query.full_result_size(len(rows)),
                "from": start,
                "count": len(page),
                "versionDigest": version_digest,
                "values": [row and self.renderer.show(selection, *row) for row in page],
            }
        )

    def _visible_rows(self, query: Query) -> list[Row | None]:
        name = query.listing.entity.name
        found = query.rows()
        if self.faults.hidden is None:
            return list(found)
        if self.switches.hidden_rows == "drop":
            return [row for row in found if self._sees(name, row[1].values)]
        return [row if self._sees(name, row[1].values) else None for row in found]

    def _sees(self, name: str, values: Mapping[str, Any]) -> bool:
        return self.faults.visible(name, values)

    async def get_object(self, path: str, key: str) -> Response:
        kind = LISTINGS[f"/{path}"].entity if f"/{path}" in LISTINGS else _SINGLES[path]
        return self.single(kind, int(key))

    def single(self, kind: Entity, record_id: int, status: int = 200, expand: str = "") -> Response:
        """One object; `expand` is added to the fields asked for."""
        stored = self.state.table(kind).get(record_id)
        if stored is None or not self._sees(kind.name, stored.values):
            raise errors.not_found()
        selection = parse_fields((self.given.get("fields") or "*") + expand, kind)
        return json_response({"value": self.renderer.show(selection, record_id, stored)}, status)

    def several(self, kind: Entity, record_ids: list[int], status: int) -> Response:
        """The list envelope that answers a list of new or changed objects."""
        selection = parse_fields(self.given.get("fields"), kind)
        return json_response(
            {
                "fullResultSize": 0,
                "from": 0,
                "count": len(record_ids),
                "versionDigest": None,
                "values": [self._shown(selection, record_id) for record_id in record_ids],
            },
            status,
        )

    def _shown(self, selection: Selection, record_id: int) -> dict[str, Any]:
        return self.renderer.show(selection, record_id, self.state.table(selection.entity)[record_id])

    async def body(self) -> Any:
        """The request's JSON, numbers with a fraction as Decimal."""
        try:
            return json.loads(await self.request.body(), parse_float=Decimal)
        except ValueError:
            raise ApiFailure(422, 22000, "Invalid JSON", None, ()) from None

    # Customers and contacts

    async def post_customer(self) -> Response:
        body = await self.body()
        return self._customer_answer(self.writer.create_customer(body), body, 201)

    async def put_customer(self, key: str) -> Response:
        body = await self.body()
        self.writer.update_customer(int(key), body)
        return self._customer_answer(int(key), body, 200)

    def _customer_answer(self, customer_id: int, body: Mapping[str, Any], status: int) -> Response:
        """Addresses that were sent come back whole, others as references."""
        sent = [name for name in ("postalAddress", "physicalAddress", "deliveryAddress") if body.get(name)]
        return self.single(
            entity("Customer"), customer_id, status, expand="".join(f",{name}(*)" for name in sent)
        )

    async def delete_customer(self, key: str) -> Response:
        self._need_beta()
        self.writer.delete_customer(int(key))
        return Response(status_code=204)

    async def post_customers(self) -> Response:
        self._need_beta()
        return self.several(entity("Customer"), self.writer.create_customers(await self.body()), 201)

    async def put_customers(self) -> Response:
        self._need_beta()
        return self.several(entity("Customer"), self.writer.update_customers(await self.body()), 200)

    async def post_category(self) -> Response:
        category_id = self.writer.create("CustomerCategory", await self.body(), ("name",))
        return self.single(entity("CustomerCategory"), category_id, 201)

    async def put_delivery_address(self, key: str) -> Response:
        self.writer.update("DeliveryAddress", int(key), await self.body())
        return self.single(entity("DeliveryAddress"), int(key))

    async def post_contact(self) -> Response:
        return self.single(entity("Contact"), self.writer.create_contact(await self.body()), 201)

    async def post_contacts(self) -> Response:
        return self.several(entity("Contact"), self.writer.create_contacts(await self.body()), 201)

    async def put_contact(self, key: str) -> Response:
        self.writer.update_contact(int(key), await self.body())
        return self.single(entity("Contact"), int(key))

    async def delete_contacts(self) -> Response:
        self._need_beta()
        self.writer.delete_contacts(self.given.get("ids"))
        return Response(status_code=204)

    # Products, orders and invoices

    async def post_product(self) -> Response:
        return self.single(entity("Product"), self.writer.create_product(await self.body()), 201)

    async def put_product(self, key: str) -> Response:
        self.writer.update_product(int(key), await self.body())
        return self.single(entity("Product"), int(key))

    async def post_order(self) -> Response:
        return self.single(entity("Order"), self.writer.create_order(await self.body()), 201)

    async def put_order(self, key: str) -> Response:
        self.writer.update_order(int(key), await self.body())
        return self.single(entity("Order"), int(key))

    async def delete_order(self, key: str) -> Response:
        self.writer.delete_order(int(key))
        return Response(status_code=204)

    async def post_invoice(self) -> Response:
        invoice_id = self.writer.create_invoice(await self.body())
        self._send("invoice", invoice_id)
        return self.single(entity("Invoice"), invoice_id, 201)

    async def invoice_order(self, key: str) -> Response:
        order_id, on = int(key), self._day("invoiceDate")
        if order_id not in self.state.table("Order"):
            raise errors.not_found()
        self.writer.check_open(order_id)
        self.writer.check_bank_account()
        invoice_id = self.state.invoice_order(order_id, on)
        self._send("invoice", invoice_id)
        return self.single(entity("Invoice"), invoice_id)

    async def approve_subscription(self, key: str) -> Response:
        """Charges the next period of a subscription; the contract knows no `sendToCustomer` here."""
        order_id, on = int(key), self._day("invoiceDate")
        stored = self.state.table("Order").get(order_id)
        if stored is None or not stored.values.get("isSubscription"):
            raise errors.not_found()
        self.writer.check_bank_account()
        return self.single(entity("Invoice"), self.state.invoice_order(order_id, on))

    async def pay_invoice(self, key: str) -> Response:
        on, amount = self._day("paymentDate"), self._number("paidAmount")
        if self._number("paymentTypeId") not in self.state.table("PaymentType"):
            raise errors.invalid([Problem("paymentTypeId", errors.NO_OBJECT)])
        self._invoice(key)
        if self.given.get("paidAmountCurrency"):
            amount = self._number("paidAmountCurrency")
        self.state.pay_invoice(int(key), amount, on=on)
        return self.single(entity("Invoice"), int(key))

    async def credit_invoice(self, key: str) -> Response:
        on, invoice = self._day("date"), self._invoice(key)
        if invoice.values.get("isCredited") or invoice.values.get("isCreditNote"):
            raise errors.invalid([Problem("id", errors.CREDITED)])
        note_id = self.state.credit_invoice(int(key), on, comment=self.given.get("comment", ""))
        self._send("credit note", note_id)
        return self.single(entity("Invoice"), note_id)

    async def send_invoice(self, key: str) -> Response:
        self._invoice(key)
        send_type = self.given.get("sendType")
        if not send_type:
            raise errors.bad_value([Problem("sendType", errors.NOT_NULL)])
        if send_type not in entity("Customer").fields["invoiceSendMethod"].options:
            raise errors.bad_parameter()
        self.state.outbox.append(Mail("invoice", int(key), send_type))
        return Response(status_code=204)

    def _send(self, kind: Any, invoice_id: int) -> None:
        """Send unless told not to: `sendToCustomer` is true when it is left out."""
        text = self.given.get("sendToCustomer", "true").lower()
        if text != "false":
            customer_id = self.state.table("Invoice")[invoice_id].values["customer"]
            method = self.state.table("Customer")[customer_id].values.get("invoiceSendMethod", "EMAIL")
            self.state.outbox.append(Mail(kind, invoice_id, self.given.get("sendType") or method))

    def _invoice(self, key: str) -> Stored:
        stored = self.state.table("Invoice").get(int(key))
        if stored is None:
            raise errors.not_found()
        return stored

    def _day(self, name: str) -> date:
        if not self.given.get(name):
            raise errors.bad_value([Problem(name, errors.NOT_NULL)])
        return parse_date(name, self.given[name])

    def _number(self, name: str) -> Decimal:
        if not self.given.get(name):
            raise errors.bad_value([Problem(name, errors.NOT_NULL)])
        try:
            return Decimal(self.given[name])
        except InvalidOperation:
            raise errors.bad_parameter() from None

    def _need_beta(self) -> None:
        if not self.switches.beta:
            raise errors.forbidden()


Handler = Callable[..., Awaitable[Response]]

_NOMINAL_LIMIT = 100
"""What the headers claim while no limit is set; the real numbers are not documented."""
_FAILURES: dict[int, tuple[int, str | None]] = {
    401: (3000, "Unauthorized"),
    403: (9000, "You do not have permission to access this feature."),
    404: (6000, "Object not found"),
    409: (8000, "Revision Exception"),
    422: (18000, errors.INVALID),
    429: (429, "Too Many Requests"),
}
_SINGLES = {
    "deliveryAddress": entity("DeliveryAddress"),
    "company": entity("Company"),
    "order/orderline": entity("OrderLine"),
}


def _routes() -> list[tuple[str, re.Pattern[str], Handler]]:
    call = _Call
    singles = [path[1:] for path in LISTINGS if ">" not in path and "entitlement" not in path]
    table: list[tuple[str, str, Handler]] = [
        ("GET", "/token/session/>whoAmI", call.who_am_i),
        ("DELETE", r"/token/session/(?P<token>[^:>].*)", call.end_session),
        *(("GET", re.escape(path), call.list_objects) for path in LISTINGS),
        ("GET", rf"/(?P<path>{'|'.join([*singles, *_SINGLES])})/{_KEY}", call.get_object),
        ("POST", "/customer", call.post_customer),
        ("PUT", f"/customer/{_KEY}", call.put_customer),
        ("DELETE", f"/customer/{_KEY}", call.delete_customer),
        ("POST", "/customer/list", call.post_customers),
        ("PUT", "/customer/list", call.put_customers),
        ("POST", "/customer/category", call.post_category),
        ("PUT", f"/deliveryAddress/{_KEY}", call.put_delivery_address),
        ("POST", "/contact", call.post_contact),
        ("POST", "/contact/list", call.post_contacts),
        ("DELETE", "/contact/list", call.delete_contacts),
        ("PUT", f"/contact/{_KEY}", call.put_contact),
        ("POST", "/product", call.post_product),
        ("PUT", f"/product/{_KEY}", call.put_product),
        ("POST", "/order", call.post_order),
        ("PUT", f"/order/{_KEY}", call.put_order),
        ("DELETE", f"/order/{_KEY}", call.delete_order),
        ("PUT", f"/order/{_KEY}/:invoice", call.invoice_order),
        ("PUT", f"/order/{_KEY}/:approveSubscriptionInvoice", call.approve_subscription),
        ("POST", "/invoice", call.post_invoice),
        ("PUT", f"/invoice/{_KEY}/:payment", call.pay_invoice),
        ("PUT", f"/invoice/{_KEY}/:createCreditNote", call.credit_invoice),
        ("PUT", f"/invoice/{_KEY}/:send", call.send_invoice),
    ]
    return [(method, re.compile(pattern), handler) for method, pattern, handler in table]


_KEY = r"(?P<key>\d{1,18})"
_ROUTES = _routes()


def _first_values(pairs: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """The first value of each parameter; only `productNumber` may be repeated."""
    given: dict[str, str] = {}
    for name, value in pairs:
        if name == "productNumber" and name in given:
            given[name] += f",{value}"
        else:
            given.setdefault(name, value)
    return given


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), OSLO)
