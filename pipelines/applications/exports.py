"""Reads an export of order or sample-solution forms: CSV or XLSX, whole or not at all.

Knows files and column names, and no store. What is wrong is told by row and column, never by value.
"""

from __future__ import annotations

import csv
import hmac
import io
import re
import warnings
import zipfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from connectors.pages import Page, read_page
from pipelines.identity.normalise.organizations import company_name, organization_number
from schemas.payloads.pindena import OrderForm

SUFFIXES = frozenset({".csv", ".xlsx"})
MAX_BYTES = 20 * 1024 * 1024
MAX_ROWS = 50_000
MAX_UNPACKED = 200 * 1024 * 1024

Row = tuple[int, Sequence[str]]
"""Its number in the file, and its cells as texts."""

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
_ENCODINGS = ("utf-8-sig", "cp1252")
_DELIMITERS = ";,\t"


class ExportFault(ValueError):
    """A file cannot be loaded; the message says where and why, and holds no value of it."""


def read_export(path: Path, activities: Collection[int], secret: bytes) -> Page[OrderForm]:
    """The forms in a file, as the API would have given them. Raises ExportFault; then nothing of it is used.

    `activities` are the own order forms (clause S5): a file about any other is refused. A row without the id
    of its participant gets a number of its own below zero, made from what it says under `secret`, so that the
    same row is the same application in whatever file it comes.
    """
    rows = _rows(path)
    header = next(rows, None)
    if header is None:
        raise ExportFault("the file is empty")
    columns = _columns(header[1])
    _refuse_incomplete(columns)
    records: list[tuple[int, dict[str, Any]]] = []
    for number, cells in rows:
        if len(records) == MAX_ROWS:
            raise ExportFault(f"the file has more than {MAX_ROWS:,} rows")
        given = {name: cells[place].strip() for name, place in columns.items()}
        if any(given.values()):
            records.append((number, _record(number, given, activities, secret)))
    if not records:
        raise ExportFault("the file holds no application")
    _refuse_repeated([record["RegistrationPersonStructID"] for _, record in records])
    page = read_page(OrderForm, [record for _, record in records])
    if page.rejected:
        for number, record in records:
            if fault := read_page(OrderForm, [record]).rejected:
                raise ExportFault(f"row {number}: {fault[0].reason}")
    return page


def _rows(path: Path) -> Iterator[Row]:
    """The rows of a file, its title row first."""
    if path.stat().st_size > MAX_BYTES:
        raise ExportFault(f"the file is larger than {MAX_BYTES // 1024 // 1024} MB")
    content = path.read_bytes()
    # By content: an Excel file that was saved as .csv is still one.
    return _sheet_rows(content) if content.startswith(b"PK\x03\x04") else _text_rows(content)


def _text_rows(content: bytes) -> Iterator[Row]:
    if b"\0" in content:
        raise ExportFault("the file is no text (CSV)")
    text = _decoded(content)
    first = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    width = 0
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            width = width or len(cells)
            if len(cells) != width:
                raise ExportFault(f"row {reader.line_num} has {len(cells)} cells, the title row has {width}")
            yield reader.line_num, cells
    except csv.Error:
        raise ExportFault(f"row {reader.line_num} is not well-formed (quotes)") from None


def _decoded(content: bytes) -> str:
    for encoding in _ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ExportFault("the file is written in neither UTF-8 nor Windows-1252")


def _sheet_rows(content: bytes) -> Iterator[Row]:
    """The rows of the first sheet of a workbook, values of formulas as they were last computed."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(member.file_size for member in archive.infolist()) > MAX_UNPACKED:
                raise ExportFault("the workbook is larger than it may be when unpacked")
        with warnings.catch_warnings():
            # About styles and extensions, which are not read.
            warnings.simplefilter("ignore", UserWarning)
            book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            sheets = book.worksheets
            values = [list(row) for row in sheets[0].iter_rows(values_only=True)] if sheets else []
            book.close()
    except ExportFault:
        raise
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError, EOFError):
        raise ExportFault("the file is no workbook that can be read (XLSX)") from None
    filled = [(number, [_text(value) for value in row]) for number, row in enumerate(values, start=1)]
    filled = [(number, row) for number, row in filled if any(cell.strip() for cell in row)]
    width = len(filled[0][1]) if filled else 0
    for number, row in filled:
        yield number, (row + [""] * width)[: max(width, len(row))]


def _text(value: object) -> str:
    """A cell as it is written in a CSV file: whole numbers without a fraction."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _columns(titles: Sequence[str]) -> dict[str, int]:
    """Where each field stands. Columns with other titles are not read."""
    known = {title: name for name, given in _TITLES.items() for title in given}
    places: dict[str, int] = {}
    for place, title in enumerate(titles):
        name = known.get(re.sub(r"[^a-zæøå0-9]", "", title.casefold()))
        if name is None:
            continue
        if name in places:
            raise ExportFault(f"columns {places[name] + 1} and {place + 1} are both the {_TITLES[name][-1]}")
        places[name] = place
    return places


def _refuse_incomplete(columns: Mapping[str, int]) -> None:
    if _NAME not in columns and not {"FirstName", "LastName"} <= columns.keys():
        raise ExportFault("there is no column for the name (Fornavn and Etternavn, or Navn)")
    if "Email" not in columns:
        raise ExportFault("there is no column for the e-mail address (E-post)")


def _refuse_repeated(ids: Sequence[int]) -> None:
    repeated = [number for number, times in Counter(ids).items() if times > 1 and number > 0]
    if repeated:
        raise ExportFault(f"{len(repeated)} participant ids stand on several rows")


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
        raise ExportFault(f"row {number}: the participant id is not a number above zero")
    record["RegistrationPersonStructID"] = int(told) if told else _own_number(record, secret)
    return record


def _company(number: int, name: str, told: str) -> str:
    """The company, with its organisation number behind the name: the form has one field for both."""
    if not told:
        return name
    found = organization_number(told)
    if found is None:
        raise ExportFault(f"row {number}: the organisation number is not one (nine digits, mod 11)")
    written = company_name(name).number
    if written not in (None, found):
        raise ExportFault(f"row {number}: the company's name holds another organisation number")
    return name if written else f"{name} {found}".strip()


def _activity(number: int, told: str, activities: Collection[int]) -> int:
    if told:
        if not told.isascii() or not told.isdigit() or int(told) not in activities:
            raise ExportFault(f"row {number}: the activity is not among PINDENA_ORDER_ACTIVITIES")
        return int(told)
    if len(activities) != 1:
        raise ExportFault(
            "there is no column for the activity (Aktivitet): PINDENA_ORDER_ACTIVITIES has not exactly one"
        )
    return next(iter(activities))


def _flag(number: int, told: str) -> int:
    word = told.casefold()
    if word and word not in _YES | _NO:
        raise ExportFault(f"row {number}: the column Aktiv is neither yes nor no")
    return int(word not in _NO)


def _own_number(record: Mapping[str, Any], secret: bytes) -> int:
    """A number below zero, where no participant of the registration system is; the same for the same row."""
    names = ("RegistrationID", "FirstName", "LastName", "Email", "Phone", "CompanyName")
    text = "\0".join(str(record.get(name, "")).strip().casefold() for name in names)
    digest = hmac.digest(secret, f"application file\0{text}".encode(), "sha256")
    return -1 - (int.from_bytes(digest[:8], "big") >> 2)
