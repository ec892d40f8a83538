"""What people and programs make of a table: each trap has one outcome, and no value is told."""

from __future__ import annotations

import contextlib
import io
import zipfile
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from pipelines.dropped import sheets
from pipelines.dropped.sheets import SheetFault, columns_by_title, read_content, read_sheet

TITLES, OLA = ["Navn", "E-post"], ["Ola Eksempel", "ola@fjellrev.example.no"]


def read(content: bytes | str) -> list[list[str]]:
    raw = content.encode() if isinstance(content, str) else content
    return [list(cells) for _, cells in read_sheet(raw)]


def fault(content: bytes | str) -> str:
    with pytest.raises(SheetFault) as caught:
        read(content)
    told = str(caught.value)
    assert not [value for value in ("Ola", "Eksempel", "fjellrev") if value in told]
    return told


def workbook(change: Callable[[Workbook], object] = lambda book: None, *rows: Sequence[object]) -> bytes:
    book = Workbook()
    assert book.active is not None
    for row in rows or (TITLES, OLA):
        book.active.append(row)
    change(book)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def rezipped(content: bytes, name: str, body: bytes) -> bytes:
    """A workbook with one of its parts replaced."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for member in old.namelist():
            new.writestr(member, body if member == name else old.read(member))
    return file.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_every_usual_encoding_is_read(encoding: str) -> None:
    """UTF-16 is what Excel calls Unicode text."""
    assert read("Navn;By\nKåre Ås;Bodø\n".encode(encoding)) == [["Navn", "By"], ["Kåre Ås", "Bodø"]]


def test_bytes_of_no_encoding_are_refused() -> None:
    assert "neither UTF-8 nor Windows-1252" in fault(b"Navn\n\x81\x8d\n")
    assert "is no text" in fault("Navn\0;E-post\n")


@pytest.mark.parametrize("sign", [";", ",", "\t"])
def test_the_delimiter_is_found_or_told_by_the_first_line(sign: str) -> None:
    assert read(f"Navn{sign}By\nOla{sign}Oslo\n")[1] == ["Ola", "Oslo"]
    assert read("sep=|\nNavn|By\nOla;Kari|Oslo\n") == [["Navn", "By"], ["Ola;Kari", "Oslo"]]


def test_a_line_break_in_quotes_is_part_of_its_cell_and_rows_are_counted_as_an_editor_does() -> None:
    text = 'Navn;Merknad\n"Ola";"to\nlinjer;med ""tegn"""\nKari;x;y\n'
    rows = read_sheet(text.encode())
    assert [cells for _, cells in (next(rows), next(rows))][1] == ["Ola", 'to\nlinjer;med "tegn"']
    with pytest.raises(SheetFault, match="row 4 has 3 cells, the title row has 2"):
        next(rows)


@pytest.mark.parametrize("cell", ["=HYPERLINK(1)", "+4791504800", "@SUM(A1)", "-1"])
def test_what_looks_like_a_formula_is_a_text_like_any_other(cell: str) -> None:
    """Nothing here evaluates it; what writes it out again for spreadsheets (the export) disarms it."""
    assert read(f"Navn;X\nOla;{cell}\n")[1] == ["Ola", cell]


def test_a_formula_in_a_workbook_is_never_read_as_what_it_says() -> None:
    """Excel stores the value it last computed beside it; a program that never computed it stores none."""

    def put(book: Workbook) -> None:
        assert book.active is not None
        book.active["A2"] = "=CONCATENATE(B2)"

    assert read(workbook(put))[1] == ["", OLA[1]]


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#DIV/0!"])
def test_a_formula_that_failed_is_refused_and_not_taken_for_a_value(error: str) -> None:
    """A look-up that found nothing would else become the name of a company."""
    told = "row 2, column 2: a formula has no value"
    assert told in fault(workbook(lambda book: None, TITLES, ["Ola Eksempel", error]))
    assert told in fault(f"Navn;E-post\nOla Eksempel;{error}\n")


def test_a_workbook_with_macros_is_refused() -> None:
    file = io.BytesIO(workbook())
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"\xcc\x61")
    assert "has macros" in fault(file.getvalue())


def test_an_old_workbook_and_one_with_a_password_say_what_to_do() -> None:
    """Both lie in the container that Excel wrote before 2007."""
    assert "save it as XLSX" in fault(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512))


def test_merged_cells_are_refused() -> None:
    """All but the first of them are empty: a company would become a private person."""

    def merge(book: Workbook) -> None:
        assert book.active is not None
        book.active.merge_cells("B2:B3")

    assert "merged cells" in fault(workbook(merge, TITLES, OLA, ["Kari", None]))


def test_dates_of_a_workbook_are_read_as_dates_and_bare_serial_numbers_as_numbers() -> None:
    rows = read(workbook(lambda book: None, ["A", "B", "C"], [datetime(2026, 5, 4, 13, 30), 46146, 46146.5]))  # noqa: DTZ001  # as Excel has them
    assert rows[1] == ["2026-05-04 13:30:00", "46146", "46146.5"]


def test_a_second_sheet_with_rows_is_refused_and_an_empty_one_is_nothing() -> None:
    assert read(workbook(lambda book: book.create_sheet("Tom"))) == [TITLES, OLA]
    assert read(workbook(lambda book: book.create_sheet("Først", 0))) == [TITLES, OLA]
    assert "2 sheets have rows" in fault(workbook(lambda book: book.create_sheet().append(["mer"])))


def test_a_workbook_that_unpacks_to_more_than_it_may_is_refused_unread() -> None:
    bomb = rezipped(workbook(), "xl/worksheets/sheet1.xml", b" " * (sheets.MAX_UNPACKED + 1))
    assert len(bomb) < sheets.MAX_BYTES
    assert "larger than it may be when unpacked" in fault(bomb)


def test_a_workbook_that_lies_about_its_size_is_not_believed() -> None:
    """A title row at the end of a million empty rows, in a sheet that says it is wider than any screen."""
    body = (
        b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        b'<dimension ref="A1:XFD1048576"/><sheetData>'
        b'<row r="1"><c r="A1" t="inlineStr"><is><t>Navn</t></is></c></row>'
        b'<row r="100000"><c r="A100000" t="inlineStr"><is><t>Ola</t></is></c></row>'
        b"</sheetData></worksheet>"
    )
    assert read(rezipped(workbook(), "xl/worksheets/sheet1.xml", body)) == [["Navn"], ["Ola"]]
    wide = body.replace(b"A100000", b"XFD100000")
    assert "row 100000 is wider than" in fault(rezipped(workbook(), "xl/worksheets/sheet1.xml", wide))


def test_an_entity_that_multiplies_is_refused() -> None:
    entities = b"".join(
        b'<!ENTITY %c "%s">' % (name, b"&%c;" % (name - 1) * 10) for name in range(ord("b"), ord("j"))
    )
    body = (
        b'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "aaaaaaaaaa">' + entities + b"]>"
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="1"><c r="A1" t="inlineStr"><is><t>&i;</t></is></c></row></sheetData></worksheet>'
    )
    assert "no workbook" in fault(rezipped(workbook(), "xl/worksheets/sheet1.xml", body))


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.999])
def test_half_a_workbook_is_refused(share: float) -> None:
    content = workbook()
    assert "no workbook" in fault(content[: int(len(content) * share)])


def test_what_is_no_workbook_inside_is_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("Ola Eksempel.txt", "hei")
    assert "no workbook" in fault(file.getvalue())


def test_too_many_rows_and_too_many_columns_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MAX_ROWS", 2)
    assert len(read("a\n1\n2\n")) == 3
    assert "more than 2 rows" in fault("a\n1\n2\n3\n")
    assert "is wider than" in fault(";".join("a" * (sheets.MAX_COLUMNS + 1)))


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "stor.csv"
    path.write_bytes(b"x" * 2_000_000)
    assert read_content(path) == b"x" * 2_000_000
    monkeypatch.setattr(sheets, "MAX_BYTES", 1_048_576)
    with pytest.raises(SheetFault, match="larger than 1 MB"):
        read_content(path)


def test_titles_are_known_by_their_letters_and_a_field_has_one_column() -> None:
    known = {"email": ("mail", "epost"), "name": ("navn",)}
    assert columns_by_title(["  E-Post: ", "Allergier", "NAVN"], known) == {"email": 0, "name": 2}
    with pytest.raises(SheetFault, match="columns 1 and 3 are both the epost"):
        columns_by_title(["E-post", "Navn", "Mail"], known)


@given(content=st.one_of(st.binary(max_size=300), st.text(max_size=200).map(str.encode)))
def test_no_bytes_do_anything_but_be_read_or_refused(content: bytes) -> None:
    for head in (b"", b"PK\x03\x04"):
        try:
            rows = read(head + content)
        except SheetFault:
            continue
        assert rows


@given(at=st.integers(0, 4_000), sign=st.integers(0, 255))
def test_a_workbook_with_one_wrong_byte_is_read_or_refused(at: int, sign: int) -> None:
    content = bytearray(_WORKBOOK)
    content[at % len(content)] = sign
    with contextlib.suppress(SheetFault):
        assert read(bytes(content))


_WORKBOOK = workbook()
