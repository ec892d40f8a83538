"""Reads a table out of a CSV or XLSX file, as rows of texts, whole or not at all.

Knows files and their traps, and nothing of what is in the columns. What is wrong is told by row and column,
never by value.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

SUFFIXES = frozenset({".csv", ".xlsx", ".xlsm", ".xls", ".ods"})
"""What is meant to be loaded. What is no CSV or XLSX is refused, so that whoever put it there is told."""
MAX_BYTES = 20 * 1024 * 1024
MAX_UNPACKED = 100 * 1024 * 1024
MAX_ROWS = 50_000
MAX_COLUMNS = 200

Row = tuple[int, Sequence[str]]
"""Its number in the file, and its cells as texts."""

_DELIMITERS = ";,\t"
_SEPARATOR_HINT = re.compile(r"sep=(.)\r?\n")
_MERGED = b"<mergeCell "
_MACROS = "xl/vbaproject.bin"
_COMPOUND = b"\xd0\xcf\x11\xe0"
"""How Excel's older files begin, and those with a password."""
_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!"})
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class SheetFault(ValueError):
    """A file cannot be loaded; the message says where and why, and holds no value of it."""


def read_content(path: Path) -> bytes:
    """A file as it lies there. Raises SheetFault for one that is too large to be looked at."""
    if path.stat().st_size > MAX_BYTES:
        raise SheetFault(f"the file is larger than {MAX_BYTES // 1024 // 1024} MB")
    return path.read_bytes()


def read_sheet(content: bytes) -> Iterator[Row]:
    """The rows of a file that hold anything, the title row first. Raises SheetFault, if only in between."""
    # By content: an Excel file that was saved as .csv is still one.
    if content.startswith(_COMPOUND):
        raise SheetFault("the workbook is of an older kind or has a password: save it as XLSX without one")
    rows = _workbook_rows(content) if content.startswith(b"PK\x03\x04") else _text_rows(content)
    first = next(rows, None)
    if first is None:
        raise SheetFault("the file is empty")
    yield first
    for count, (number, cells) in enumerate(rows, start=1):
        if count > MAX_ROWS:
            raise SheetFault(f"the file has more than {MAX_ROWS:,} rows")
        for place, cell in enumerate(cells, start=1):
            if cell in _ERRORS:
                raise SheetFault(f"row {number}, column {place}: a formula has no value there, but an error")
        yield number, cells


def columns_by_title(titles: Sequence[str], known: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """The column of each known field; columns with other titles are not read.

    `known`: the titles of each, letters and digits only, the one that people know it by last. Raises
    SheetFault for a field that has two columns.
    """
    fields = {title: name for name, given in known.items() for title in given}
    places: dict[str, int] = {}
    for place, title in enumerate(titles):
        name = fields.get(re.sub(r"[^a-zæøå0-9]", "", title.casefold()))
        if name is None:
            continue
        if name in places:
            raise SheetFault(f"columns {places[name] + 1} and {place + 1} are both the {known[name][-1]}")
        places[name] = place
    return places


def _text_rows(content: bytes) -> Iterator[Row]:
    text = _decoded(content)
    hint = _SEPARATOR_HINT.match(text)
    text = text[hint.end() :] if hint else text
    first = text.lstrip().split("\n", 1)[0]
    delimiter = hint[1] if hint else max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    width, before = 0, 1 if hint else 0
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            number = reader.line_num + before
            width = width or len(cells)
            if len(cells) != width:
                raise SheetFault(f"row {number} has {len(cells)} cells, the title row has {width}")
            if width > MAX_COLUMNS:
                raise SheetFault(f"row {number} is wider than {MAX_COLUMNS} columns")
            yield number, cells
    except csv.Error:
        raise SheetFault(f"row {reader.line_num + before} is not well-formed (quotes)") from None


def _decoded(content: bytes) -> str:
    encodings = ("utf-16",) if content.startswith(_UTF_16) else ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            raise SheetFault("the file is no text (CSV)")
        return text
    raise SheetFault("the file is written in neither UTF-8 nor Windows-1252")


def _workbook_rows(content: bytes) -> Iterator[Row]:
    """The rows of the one sheet that has any, values of formulas as they were last computed."""
    # Long to import, and most runs meet no workbook.
    from openpyxl import load_workbook

    try:
        _refuse_hostile(content)
        with warnings.catch_warnings():
            # About styles and extensions, which are not read.
            warnings.simplefilter("ignore", UserWarning)
            book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            try:
                yield from _filled_sheet(list(map(_sheet_rows, book.worksheets)))
            finally:
                book.close()
    except SheetFault:
        raise
    # What the libraries raise for a broken workbook is of many kinds, and some of it quotes the file.
    except Exception:
        raise SheetFault("the file is no workbook that can be read (XLSX)") from None


def _refuse_hostile(content: bytes) -> None:
    """A workbook that unpacks to far more than it is, has macros, or merged cells that leave others empty."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > MAX_UNPACKED:
            raise SheetFault("the workbook is larger than it may be when unpacked")
        for member in members:
            if member.filename.casefold() == _MACROS:
                raise SheetFault("the workbook has macros: save it as XLSX without them")
            if member.filename.startswith("xl/worksheets/") and _MERGED in archive.read(member):
                raise SheetFault("the workbook has merged cells: unmerge them and fill each cell")


def _filled_sheet(sheets: Sequence[Iterator[Row]]) -> Iterator[Row]:
    """The rows of the only sheet with rows. Raises SheetFault when a second one has some."""
    filled = [(first, rest) for rest in sheets if (first := next(rest, None)) is not None]
    if len(filled) > 1:
        raise SheetFault(f"{len(filled)} sheets have rows: leave one in the file")
    for first, rest in filled:
        width = len(first[1])
        yield first
        for number, cells in rest:
            yield number, [*cells, *[""] * (width - len(cells))][: max(width, len(cells))]


def _sheet_rows(sheet: object) -> Iterator[Row]:
    # The size that a sheet says it has is not believed.
    sheet.reset_dimensions()  # type: ignore[attr-defined]  # of a sheet that is only read
    rows = sheet.iter_rows(values_only=True)  # type: ignore[attr-defined]  # likewise
    for number, values in enumerate(rows, start=1):
        if len(values) > MAX_COLUMNS:
            raise SheetFault(f"row {number} is wider than {MAX_COLUMNS} columns")
        cells = [_text(value) for value in values]
        while cells and not cells[-1].strip():
            cells.pop()
        if cells:
            yield number, cells


def _text(value: object) -> str:
    """A cell as it is written in a CSV file: whole numbers without a fraction."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
