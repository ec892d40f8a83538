"""Units and their changes at the Brreg simulator: one unit, searches, feeds, and roles."""

from urllib.parse import quote

from starlette.responses import Response

from connectors.brreg.simulator_call import Call
from connectors.brreg.simulator_parameters import NOT_A_NUMBER, Invalid, is_number, problem
from connectors.brreg.simulator_search import feed, search
from connectors.brreg.simulator_state import Kind, Unit, Update, Values, feed_stamp
from connectors.simulation.gate import json_response


def one_unit(call: Call, resource: str, number: str) -> Response:
    """The five answers: living, deleted, removed, unknown, and not a number at all. Raises Invalid."""
    unit = _unit(call, resource, number)
    return unit if isinstance(unit, Response) else call.json(_unit_body(call, unit))


def find_units(call: Call, resource: str) -> Response:
    """A page of a search. Raises Invalid."""
    page, size = call.parameters.page()
    units = call.kept(resource, search(call.state, _KINDS[resource], call.parameters))
    return call.page(resource, units, page, size, lambda unit: _unit_body(call, unit))


def find_updates(call: Call, resource: str) -> Response:
    """A page of a change feed. Raises Invalid."""
    page, size = call.parameters.page()
    find = feed(call.state, _KINDS[resource], call.parameters)
    updates = call.kept(f"oppdateringer/{resource}", find)
    detailed = (call.parameters.one("includeChanges") or "").lower() == "true"
    return call.page(
        f"oppdaterte{resource.capitalize()}",
        updates,
        page,
        size,
        lambda update: _update_body(call, resource, update, detailed=detailed),
    )


def roles(call: Call, number: str) -> Response:
    """Who holds a role in a unit: personal data that this project never asks for. Raises Invalid."""
    unit = _unit(call, "enheter", number)
    if isinstance(unit, Response):
        return unit
    groups: dict[str, list[Values]] = {}
    for held in call.state.roles.get(unit.number, ()) if unit.status == "active" else ():
        groups.setdefault(_ROLES[held["role"]][0], []).append(held)
    own = f"/enheter/{unit.number}"
    return call.json(
        {
            "rollegrupper": [_role_group(call, code, held) for code, held in groups.items()],
            "_links": {"self": call.link(f"{own}/roller"), "enhet": call.link(own)},
        }
    )


_KINDS: dict[str, Kind] = {"enheter": "enhet", "underenheter": "underenhet"}
_ROLES = {
    "DAGL": ("DAGL", "Daglig leder"),
    "INNH": ("INNH", "Innehaver"),
    "LEDE": ("STYR", "Styrets leder"),
    "MEDL": ("STYR", "Styremedlem"),
    "REVI": ("REVI", "Revisor"),
}
_GROUPS = {"DAGL": "Daglig leder", "INNH": "Innehaver", "STYR": "Styre", "REVI": "Revisor"}


def _unit(call: Call, resource: str, number: str) -> Unit | Response:
    """A unit that answers 200, or the refusal."""
    if not is_number(number):
        raise Invalid(problem(NOT_A_NUMBER, number, number))
    unit = call.state.units.get(number)
    if unit is None or unit.kind != _KINDS[resource]:
        return Response(status_code=404)
    if unit.status == "removed":
        links = {"self": call.link(f"/{resource}/{number}")}
        return json_response(call.state.shown(unit) | {"_links": links}, 410)
    return unit


def _unit_body(call: Call, unit: Unit) -> Values:
    body = call.state.shown(unit)
    name = body.pop("respons_klasse")
    form = body.get("organisasjonsform")
    if isinstance(form, dict):
        own = call.link(f"/organisasjonsformer/{quote(str(form.get('kode')))}")
        body["organisasjonsform"] = form | {"_links": {"self": own}}
    resource = "enheter" if unit.kind == "enhet" else "underenheter"
    links = {"self": call.link(f"/{resource}/{unit.number}")}
    if "overordnetEnhet" in body:
        links["overordnetEnhet"] = call.link(f"/enheter/{body['overordnetEnhet']}")
    return body | {"_links": links, "respons_klasse": name}


def _update_body(call: Call, resource: str, update: Update, *, detailed: bool) -> Values:
    body: Values = {
        "oppdateringsid": update.id,
        "dato": feed_stamp(update.at),
        "organisasjonsnummer": update.number,
        "endringstype": update.type,
    }
    if detailed and update.type == "Endring":
        body["endringer"] = list(update.operations)
    return body | {"_links": {_KINDS[resource]: call.link(f"/{resource}/{update.number}")}}


def _role_group(call: Call, code: str, held: list[Values]) -> Values:
    return {
        "type": _code(call, "rollegruppetyper", code, _GROUPS[code]),
        "sistEndret": max(each["since"] for each in held).isoformat(),
        "roller": [
            {
                "type": _code(call, "rolletyper", each["role"], _ROLES[each["role"]][1]),
                "person": {
                    "fodselsdato": each["born"].isoformat(),
                    "navn": {"fornavn": each["first"], "etternavn": each["last"]},
                    "erDoed": False,
                },
                "fratraadt": False,
                "avregistrert": False,
                "rekkefolge": place,
            }
            for place, each in enumerate(held)
        ],
    }


def _code(call: Call, table: str, code: str, text: str) -> Values:
    link = call.link(f"/roller/{table}/{code}")
    return {"kode": code, "beskrivelse": text, "_links": {"self": link}}
