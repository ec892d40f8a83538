"""The entrance and the code lists of the Brreg simulator: services, organisation forms, municipalities."""

from collections.abc import Iterable
from urllib.parse import quote

from starlette.responses import Response

from connectors.brreg.simulator_call import Call
from connectors.brreg.simulator_parts import FORMS, SUB_UNIT_FORMS
from connectors.brreg.simulator_state import Values


def root(call: Call) -> Response:
    """Links to all services."""
    names = (
        "enheter",
        "underenheter",
        "organisasjonsformer",
        "oppdateringer/enheter",
        "oppdateringer/underenheter",
        "kommuner",
    )
    links = {"self": call.link("")} | {name: call.link(f"/{name}") for name in names}
    return call.json({"_links": links})


def forms(call: Call, part: str | None = None) -> Response:
    """Organisation forms: all, or those of main units or of branches."""
    chosen = {
        None: list(FORMS),
        "enheter": [code for code in FORMS if code not in SUB_UNIT_FORMS],
        "underenheter": list(SUB_UNIT_FORMS),
    }[part]
    return _listed(call, "organisasjonsformer", (_form(call, code) for code in sorted(chosen)))


def one_form(call: Call, code: str) -> Response:
    """One organisation form."""
    return call.json(_form(call, code)) if code in FORMS else Response(status_code=404)


def municipalities(call: Call) -> Response:
    """The municipalities that the units' addresses name."""
    places = (
        unit.values[where]
        for unit in list(call.state.units.values())
        for where in ("postadresse", "forretningsadresse", "beliggenhetsadresse")
        if where in unit.values
    )
    found = {each["kommunenummer"]: each["kommune"] for each in places if "kommunenummer" in each}
    rows = (
        {"nummer": number, "navn": name, "_links": {"self": call.link(f"/kommuner/{number}")}}
        for number, name in sorted(found.items())
    )
    return _listed(call, "kommuner", rows)


def _form(call: Call, code: str) -> Values:
    link = call.link(f"/organisasjonsformer/{quote(code)}")
    return {"kode": code, "beskrivelse": FORMS[code], "_links": {"self": link}}


def _listed(call: Call, name: str, rows: Iterable[Values]) -> Response:
    return call.page(name, list(rows), 0, 1_000, lambda row: row)
