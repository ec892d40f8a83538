"""Exports of forms: read whole or not at all, and what is wrong is told without a value."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from pipelines.applications.exports import read_export
from pipelines.dropped import sheets
from pipelines.dropped.sheets import SheetFault
from schemas.payloads.pindena import OrderForm

SECRET = b"s" * 32
TITLES = "Fornavn;Etternavn;E-post;Mobil;Firma;Org.nr.\n"
OLA = "Ola;Eksempel;ola@fjellrev.example.no;915 04 800;Fjellrev AS;312 345 676\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bestillinger.csv"


def forms(path: Path, text: str, encoding: str = "utf-8") -> list[OrderForm]:
    path.write_bytes(text.encode(encoding))
    return list(read_export(path.read_bytes(), {202}, SECRET).records)


def fault(path: Path, text: str) -> str:
    with pytest.raises(SheetFault) as caught:
        forms(path, text)
    return str(caught.value)


def test_a_row_becomes_the_form_that_the_api_would_have_given(path: Path) -> None:
    (form,) = forms(path, TITLES + OLA)
    assert (form.first_name, form.last_name, form.email) == ("Ola", "Eksempel", "ola@fjellrev.example.no")
    assert (form.phone, form.company_name) == ("915 04 800", "Fjellrev AS 312345676")
    assert (form.activity_id, form.is_active, form.status) == (202, True, "registered")
    assert form.id < 0


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_the_encoding_and_the_delimiter_are_found(path: Path, encoding: str, delimiter: str) -> None:
    text = "Navn;E-post\nKåre Bjørn Ås;kare@b.example.no\n".replace(";", delimiter)
    (form,) = forms(path, text, encoding)
    assert (form.first_name, form.last_name) == ("Kåre Bjørn", "Ås")


def test_a_workbook_reads_like_the_same_text(path: Path, tmp_path: Path) -> None:
    (expected,) = forms(path, TITLES + OLA)
    book = Workbook()
    assert book.active is not None
    for row in (TITLES, OLA):
        book.active.append(row.strip().split(";"))
    book.active.append([None] * 6)
    book.active["F2"] = 312345676
    sheet = tmp_path / "bestillinger.xlsx"
    book.save(sheet)
    assert list(read_export(sheet.read_bytes(), {202}, SECRET).records) == [expected]


def test_the_id_of_the_participant_is_kept_where_there_is_one(path: Path) -> None:
    (form,) = forms(path, "Deltaker-ID;Navn;E-post\n4711;Ola Eksempel;ola@a.example.no\n")
    assert form.id == 4711


def test_the_same_row_has_the_same_number_in_any_file_and_another_row_another(path: Path) -> None:
    other = OLA.replace("ola@", "kari@")
    first = forms(path, TITLES + OLA + other)
    again = forms(path, TITLES + other + OLA.replace("Ola", "OLA"))
    assert {form.id for form in first} == {form.id for form in again}
    assert len({form.id for form in first}) == 2
    path.write_text(TITLES + OLA)
    (elsewhere,) = read_export(path.read_bytes(), {202}, b"t" * 32).records
    assert elsewhere.id not in {form.id for form in first}


def test_columns_that_no_form_has_are_not_read(path: Path) -> None:
    (form,) = forms(path, "Navn;E-post;Allergier\nOla Eksempel;ola@a.example.no;nøtter\n")
    assert "nøtter" not in repr(form.model_dump())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        (TITLES, "holds no application"),
        ("Fornavn;Etternavn\nOla;Eksempel\n", "no column for the e-mail"),
        ("Firma;E-post\nA;b@c.example.no\n", "no column for the name"),
        ("Navn;E-post;Mail\nOla;a@b.example.no;x\n", "columns 2 and 3 are both"),
        (TITLES + OLA + "Ola;Eksempel\n", "row 3 has 2 cells"),
        (TITLES + OLA.replace("312 345 676", "312 345 677"), "row 2: the organisation number"),
        (TITLES + OLA.replace("312 345 676", "17047812345"), "row 2: the organisation number"),
        (TITLES + OLA.replace("AS", "AS 310001376"), "row 2: the company's name holds another"),
        (TITLES + OLA + '"Ola' + OLA, "not well-formed"),
        ("Navn;E-post;Aktivitet\nOla;a@b.example.no;203\n", "row 2: the activity is not among"),
        ("Navn;E-post;Deltaker-ID\nOla;a@b.example.no;-4\n", "row 2: the participant id"),
        ("Navn;E-post;Deltaker-ID\nOla;a@b.example.no;4\nKari;c@b.example.no;4\n", "are on several rows"),
        (TITLES + OLA.replace("Ola", "O" * 2_000), "row 2: FirstName: is too long"),
        (TITLES + "\0" + OLA, "is no text"),
    ],
)
def test_a_file_with_one_fault_is_refused_whole_and_no_value_is_told(
    path: Path, text: str, words: str
) -> None:
    told = fault(path, text)
    assert words in told
    assert not [
        value for value in ("Ola", "Eksempel", "example.no", "312345", "17047812345") if value in told
    ]


def test_without_an_activity_there_must_be_exactly_one_order_form(path: Path) -> None:
    path.write_text(TITLES + OLA)
    for activities in ({201, 202}, set()):
        with pytest.raises(SheetFault, match="no column for the activity"):
            read_export(path.read_bytes(), activities, SECRET)


def test_a_broken_workbook_is_refused(path: Path) -> None:
    path.write_bytes(b"PK\x03\x04 no workbook")
    with pytest.raises(SheetFault, match="no workbook"):
        read_export(path.read_bytes(), {202}, SECRET)


def test_a_file_of_more_rows_than_a_form_can_have_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "MAX_ROWS", 1)
    assert "more than 1 rows" in fault(path, TITLES + OLA + OLA)


@given(
    content=st.one_of(st.binary(max_size=300), st.binary(max_size=200).map(lambda end: TITLES.encode() + end))
)
def test_no_bytes_do_anything_but_be_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(content)
    with contextlib.suppress(SheetFault):
        assert read_export(path.read_bytes(), {202}, SECRET).records
