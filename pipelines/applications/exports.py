"""Reads an export of order or sample-solution forms: CSV or XLSX, whole or not at all.

Knows column names, and no store. What is wrong is told by row and column, never by value.
"""

from __future__ import annotations

import hmac
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from connectors.pages import Page, read_page
from pipelines.dropped.sheets import SheetFault, columns_by_title, read_sheet
from pipelines.identity.normalise.organizations import company_name, organization_number
from schemas.payloads.pindena import OrderForm

_NUMBER, _NAME = "organization_number", "full_name"
# The fields of the API by the titles that exports give them, letters and digits only.
_TITLES: Mapping[str, Sequence[str]] = {
    "RegistrationPersonStructID": ("registrationpersonstructid", "deltakerid", "participantid", "id"),
    "RegistrationID": (
        "registrationid",
        "aktivitetsid",
        "aktivitetid",
        "activityid",
        "aktivitet",
        "activity",
    ),
    "Active": ("active", "aktiv"),
    "FirstName": ("firstname", "fornavn"),
    "LastName": ("lastname", "etternavn"),
    "Email": ("email", "epost", "epostadresse", "mail"),
    "Phone": ("phone", "telefon", "telefonnummer", "mobil", "mobiltelefon", "mobilnummer", "tlf"),
    "CompanyName": ("companyname", "company", "firma", "firmanavn", "bedrift", "organisasjon", "virksomhet"),
    "Status": ("status",),
    _NAME: ("navn", "name", "fulltnavn"),
    _NUMBER: ("organisasjonsnummer", "orgnummer", "orgnr", "organizationnumber", "foretaksnummer"),
}
_YES, _NO = frozenset({"1", "ja", "yes", "true", "sann"}), frozenset({"0", "nei", "no", "false", "usann"})


def read_export(content: bytes, activities: Collection[int], secret: bytes) -> Page[OrderForm]:
    """The forms in a file, as the API would have given them. Raises SheetFault; then nothing of it is used.

    `activities` are the own order forms (clause S5): a file about any other is refused. A row without the id
    of its participant gets a number of its own below zero, made from what it says under `secret`, so that the
    same row is the same application in whatever file it comes.
    """
    rows = read_sheet(content)
    columns = columns_by_title(next(rows)[1], _TITLES)
    _refuse_incomplete(columns)
    records: list[tuple[int, dict[str, Any]]] = []
    for number, cells in rows:
        given = {name: cells[place].strip() for name, place in columns.items()}
        if any(given.values()):
            records.append((number, _record(number, given, activities, secret)))
    if not records:
        raise SheetFault("the file holds no application")
    _refuse_repeated([record["RegistrationPersonStructID"] for _, record in records])
    page = read_page(OrderForm, [record for _, record in records])
    if page.rejected:
        for number, record in records:
            if fault := read_page(OrderForm, [record]).rejected:
                raise SheetFault(f"row {number}: {fault[0].reason}")
    return page


def _refuse_incomplete(columns: Mapping[str, int]) -> None:
    if _NAME not in columns and not {"FirstName", "LastName"} <= columns.keys():
        raise SheetFault("there is no column for the name (Fornavn and Etternavn, or Navn)")
    if "Email" not in columns:
        raise SheetFault("there is no column for the e-mail address (E-post)")


def _refuse_repeated(ids: Sequence[int]) -> None:
    repeated = [number for number, times in Counter(ids).items() if times > 1 and number > 0]
    if repeated:
        raise SheetFault(f"{len(repeated)} participant ids are on several rows")


def _record(
    number: int, given: Mapping[str, str], activities: Collection[int], secret: bytes
) -> dict[str, Any]:
    """One row as the API's participant."""
    record: dict[str, Any] = {
        name: text for name, text in given.items() if text and name not in (_NAME, _NUMBER)
    }
    if "FirstName" not in record and "LastName" not in record and given.get(_NAME):
        first, _, last = given[_NAME].rpartition(" ")
        record |= {"FirstName": first, "LastName": last} if first else {"FirstName": last}
    record["CompanyName"] = _company(number, record.get("CompanyName", ""), given.get(_NUMBER, ""))
    record["RegistrationID"] = _activity(number, given.get("RegistrationID", ""), activities)
    record["Active"] = _flag(number, given.get("Active", ""))
    record["Status"] = record.get("Status") or "registered"
    told = given.get("RegistrationPersonStructID", "")
    if told and not re.fullmatch(r"[1-9][0-9]{0,17}", told):
        raise SheetFault(f"row {number}: the participant id is not a number above zero")
    record["RegistrationPersonStructID"] = int(told) if told else _own_number(record, secret)
    return record


def _company(number: int, name: str, told: str) -> str:
    """The company, with its organisation number behind the name: the form has one field for both."""
    if not told:
        return name
    found = organization_number(told)
    if found is None:
        raise SheetFault(f"row {number}: the organisation number is not one (nine digits, mod 11)")
    written = company_name(name).number
    if written not in (None, found):
        raise SheetFault(f"row {number}: the company's name holds another organisation number")
    return name if written else f"{name} {found}".strip()


def _activity(number: int, told: str, activities: Collection[int]) -> int:
    if told:
        if not told.isascii() or not told.isdigit() or int(told) not in activities:
            raise SheetFault(f"row {number}: the activity is not among PINDENA_ORDER_ACTIVITIES")
        return int(told)
    if len(activities) != 1:
        raise SheetFault(
            "there is no column for the activity (Aktivitet): PINDENA_ORDER_ACTIVITIES has not exactly one"
        )
    return next(iter(activities))


def _flag(number: int, told: str) -> int:
    word = told.casefold()
    if word and word not in _YES | _NO:
        raise SheetFault(f"row {number}: the column Aktiv is neither yes nor no")
    return int(word not in _NO)


def _own_number(record: Mapping[str, Any], secret: bytes) -> int:
    """A number below zero, where no participant of the registration system is; the same for the same row."""
    names = ("RegistrationID", "FirstName", "LastName", "Email", "Phone", "CompanyName")
    text = "\0".join(str(record.get(name, "")).strip().casefold() for name in names)
    digest = hmac.digest(secret, f"application file\0{text}".encode(), "sha256")
    return -1 - (int.from_bytes(digest[:8], "big") >> 2)
