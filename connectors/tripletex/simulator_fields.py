"""The `fields` parameter of the Tripletex API: parsing it, and showing objects through it.

Knows the grammar and how references look; which objects a list holds is the caller's matter.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.tripletex.simulator_model import Entity, Field, entity
from connectors.tripletex.simulator_state import EMPLOYEE_ID, OSLO, OWNER, Stored, TripletexState

HOST = "tripletex.no/v2"
"""What stands before the path in every `url`: a host without a scheme."""

Visible = Callable[[str, Mapping[str, Any]], bool]


class IllegalField(ValueError):
    """A name in `fields` that the object does not have; the message is the API's own."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The fields of one object to show, in the object's own order; `None` shows a bare reference."""

    entity: Entity
    fields: tuple[tuple[Field, "Selection | None"], ...]


def parse_fields(text: str | None, kind: Entity) -> Selection:
    """Read `id,name`, `*,postalAddress(*)`, ... for one kind of object; blank means `*`.

    Raises IllegalField for an unknown name and for unbalanced brackets.
    """
    tokens = _TOKENS.findall(text or "*")
    if not tokens:
        tokens = ["*"]
    selection, rest = _selection(tokens, 0, kind)
    if rest != len(tokens):
        raise IllegalField(f"Illegal field in fields filter: {tokens[rest]}.")
    return selection


@dataclass(frozen=True)
class Renderer:
    """Shows objects as the API does, within what the credentials may see."""

    state: TripletexState
    visible: Visible
    hidden_fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Per kind of object: fields that silently drop out for want of an entitlement."""

    def show(self, selection: Selection, record_id: int, stored: Stored) -> dict[str, Any]:
        """One object as JSON values; Decimals are kept."""
        kind = selection.entity
        hidden = self.hidden_fields.get(kind.name, frozenset())
        return {
            field.name: self._value(kind, field, nested, record_id, stored)
            for field, nested in selection.fields
            if field.name not in hidden
        }

    def reference(self, kind: Entity, record_id: int) -> dict[str, Any]:
        """An object as others refer to it."""
        return {"id": record_id, "url": f"{HOST}/{kind.path}/{record_id}"}

    def _value(
        self, kind: Entity, field: Field, nested: Selection | None, record_id: int, stored: Stored
    ) -> Any:
        match field.kind:
            case "changes":
                return self._changes(stored, nested)
            case "ref":
                target = stored.values.get(field.name)
                return None if target is None else self._linked(field, nested, target)
            case "refs":
                targets = stored.values.get(field.name, ())
                return [self._linked(field, nested, target) for target in targets]
        return field_value(self.state, kind, field.name, record_id, stored)

    def _linked(self, field: Field, nested: Selection | None, target: Any) -> Any:
        if not isinstance(target, int):
            return target
        kind = entity(field.target)
        if nested is None:
            return self.reference(kind, target)
        stored = self.state.table(kind).get(target)
        if stored is None:
            stored = NOTHING
        elif not self.visible(kind.name, stored.values):
            return self.reference(kind, target)
        return self.show(nested, target, stored)

    def _changes(self, stored: Stored, nested: Selection | None) -> list[dict[str, Any]]:
        shown = (
            [field.name for field, _ in nested.fields]
            if nested
            else ["employeeId", "timestamp", "changeType"]
        )
        rows = [
            {"employeeId": EMPLOYEE_ID, "timestamp": local_time(moment), "changeType": change}
            for moment, change in stored.changes
        ]
        return [{name: row[name] for name in shown} for row in rows]


def field_value(state: TripletexState, kind: Entity, name: str, record_id: int, stored: Stored) -> Any:
    """What a plain field of an object shows."""
    if kind.path:
        match name:
            case "id":
                return record_id
            case "version":
                return stored.version
            case "url":
                return f"{HOST}/{kind.path}/{record_id}"
    if name in stored.values:
        return stored.values[name]
    derive = _DERIVED.get((kind.name, name))
    return kind.fields[name].default if derive is None else derive(state, record_id, stored.values)


def local_time(moment: datetime) -> str:
    """A time as in `changes`: whole seconds, with Oslo's offset."""
    return moment.astimezone(OSLO).isoformat(timespec="seconds")


_TOKENS = re.compile(r"[^\s,()]+|[()]")
NOTHING = Stored({}, 0, ())
"""Stands for an object that a reference points at and that is not there."""


def _selection(tokens: list[str], position: int, kind: Entity) -> tuple[Selection, int]:
    chosen: dict[str, Selection | None] = {}
    while position < len(tokens) and tokens[position] != ")":
        name = tokens[position]
        position += 1
        if name == "(":
            raise IllegalField("Illegal field in fields filter: (.")
        opens = position < len(tokens) and tokens[position] == "("
        if name == "*":
            for each in kind.fields.values():
                if not each.on_demand:
                    chosen.setdefault(each.name, None)
            continue
        known = kind.fields.get(name)
        if known is None and not kind.opaque:
            raise IllegalField(
                f"Illegal field in fields filter: {name}. "
                f"{name} does not match a field in the model: {kind.name}DTO"
            )
        nested = None
        if opens:
            nested, position = _nested(tokens, position, known, kind, name)
        if known is not None:
            chosen[name] = nested or chosen.get(name)
    pairs = tuple((each, chosen[each.name]) for each in kind.fields.values() if each.name in chosen)
    return Selection(kind, pairs), position


def _nested(
    tokens: list[str], position: int, known: Field | None, kind: Entity, name: str
) -> tuple[Selection | None, int]:
    if known is not None and known.kind not in ("ref", "refs", "changes"):
        raise IllegalField(
            f"Illegal field in fields filter: {name}(. {name} has no fields in the model: {kind.name}DTO"
        )
    target = entity(known.target) if known is not None else entity("Unknown")
    nested, position = _selection(tokens, position + 1, target)
    if position >= len(tokens):
        raise IllegalField(f"Illegal field in fields filter: {name}(.")
    return nested, position + 1


def _customer_name(state: TripletexState, record_id: int, values: Mapping[str, Any]) -> str:
    return f"{values.get('name', '')} ({values.get('customerNumber', 0)})"


def _person_name(state: TripletexState, record_id: int, values: Mapping[str, Any]) -> str:
    return " ".join(part for part in (values.get("firstName"), values.get("lastName")) if part)


def _address_text(state: TripletexState, record_id: int, values: Mapping[str, Any]) -> str:
    country = state.table("Country").get(values.get("country") or 0)
    town = f"{values.get('postalCode') or ''} {values.get('city') or ''}".strip()
    parts = [values.get("addressLine1"), values.get("addressLine2"), town]
    shown = [part for part in parts if part]
    return ", ".join([*shown, country.values["name"]]) if shown and country else ", ".join(shown)


def _address_name(state: TripletexState, record_id: int, values: Mapping[str, Any]) -> str:
    owner = state.table("Customer").get(values.get(OWNER) or 0)
    name = owner.values.get("name") if owner else None
    return ", ".join(part for part in (name, _address_text(state, record_id, values)) if part)


def _order_name(state: TripletexState, record_id: int, values: Mapping[str, Any]) -> str:
    return f"{values.get('number', '')} Ordre"


def _order_customer(state: TripletexState, record_id: int, values: Mapping[str, Any]) -> str:
    customer = state.table("Customer").get(values.get("customer") or 0)
    return str(customer.values.get("name", "")) if customer else ""


def _same_as(name: str) -> Callable[[TripletexState, int, Mapping[str, Any]], Any]:
    return lambda state, record_id, values: values.get(name, "")


def _product_name(state: TripletexState, record_id: int, values: Mapping[str, Any]) -> str:
    return f"{values.get('number') or ''} {values.get('name') or ''}".strip()


_DERIVED: dict[tuple[str, str], Callable[[TripletexState, int, Mapping[str, Any]], Any]] = {
    ("Customer", "displayName"): _customer_name,
    ("Contact", "displayName"): _person_name,
    ("Employee", "displayName"): _person_name,
    ("Order", "displayName"): _order_name,
    ("Order", "customerName"): _order_customer,
    ("OrderLine", "displayName"): _same_as("description"),
    ("Product", "displayName"): _product_name,
    ("Product", "displayNumber"): _same_as("number"),
    ("Company", "displayName"): _same_as("name"),
    ("CustomerCategory", "displayName"): _same_as("name"),
    ("Department", "displayName"): _same_as("name"),
} | {
    (kind, name): derive
    for kind in ("Address", "DeliveryAddress")
    for name, derive in (
        ("displayName", _address_name),
        ("addressAsString", _address_text),
        ("displayNameInklMatrikkel", _address_name),
    )
}
