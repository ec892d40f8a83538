"""Sessions of the Tripletex simulator: made from two tokens, used as a password, dead at midnight in Oslo."""

import base64
import binascii
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from starlette.responses import Response

from connectors.simulation.gate import json_response
from connectors.tripletex import simulator_errors as errors
from connectors.tripletex.simulator_call import Call
from connectors.tripletex.simulator_errors import Problem
from connectors.tripletex.simulator_fields import HOST
from connectors.tripletex.simulator_filters import parse_date
from connectors.tripletex.simulator_model import entity
from connectors.tripletex.simulator_state import COMPANY_ID, EMPLOYEE_ID, OSLO, Stored

CREATE = "/token/session/:create"
"""The one path that takes no session."""


async def create_by_query(call: Call) -> Response:
    """PUT: the tokens stand in the query."""
    return _create(call, call.given, 200)


async def create_by_body(call: Call) -> Response:
    """POST: the tokens stand in the body."""
    body = await call.body()
    return _create(call, body if isinstance(body, Mapping) else {}, 201)


def authenticate(call: Call, now: datetime) -> None:
    """Basic auth: username 0 or blank, or the company's own id; the session is the password.

    Raises ApiFailure. `whoAmI` has been seen to refuse a company id.
    """
    scheme, _, encoded = call.request.headers.get("authorization", "").partition(" ")
    try:
        text = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise errors.unauthorized() from None
    username, _, password = text.partition(":")
    session = call.state.sessions.get(password)
    allowed = {"", "0"} if call.path.endswith(">whoAmI") else {"", "0", str(COMPANY_ID)}
    if scheme.lower() != "basic" or username not in allowed:
        raise errors.unauthorized()
    if session is None or now >= _midnight(session.expires):
        raise errors.unauthorized()


async def end(call: Call, token: str) -> Response:
    """DELETE of a session."""
    if call.state.sessions.pop(token, None) is None:
        raise errors.not_found()
    return Response(status_code=204)


async def who_am_i(call: Call) -> Response:
    """The company and the employee that the session stands for."""
    who = {
        "employeeId": EMPLOYEE_ID,
        "actualEmployeeId": EMPLOYEE_ID,
        "employee": EMPLOYEE_ID,
        "companyId": COMPANY_ID,
        "company": COMPANY_ID,
        "language": call.state.language,
    }
    selection = call.selection(entity("LoggedInUserInfo"))
    return json_response({"value": call.renderer.show(selection, 0, Stored(who, 0, ()))})


def _create(call: Call, given: Mapping[str, Any], status: int) -> Response:
    names = ("consumerToken", "employeeToken", "expirationDate")
    missing = [name for name in names if not given.get(name)]
    if missing:
        raise errors.bad_value(Problem(name, errors.NOT_NULL) for name in missing)
    if given["consumerToken"] != call.state.consumer_token:
        raise errors.invalid([Problem("arg:consumerToken", errors.CONSUMER_TOKEN)])
    if given["employeeToken"] != call.state.employee_token:
        raise errors.invalid([Problem("arg:employeeToken", errors.EMPLOYEE_TOKEN)])
    session = call.state.open_session(parse_date("expirationDate", str(given["expirationDate"])))
    value = {
        "id": session.id,
        "version": 1,
        "url": f"{HOST}/token/session/{session.id}",
        "consumerToken": call.renderer.reference(entity("ConsumerToken"), 1754),
        "employeeToken": call.renderer.reference(entity("EmployeeToken"), 2913),
        "expirationDate": session.expires.isoformat(),
        "token": session.token,
        "encryptionKey": None,
    }
    return json_response({"value": value}, status)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), OSLO)
