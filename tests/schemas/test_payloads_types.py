"""Values of the sources become safe to store, None, or a fault that does not quote them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from stdnum.no import fodselsnummer

from schemas.payloads.types import (
    MAX_ENTRIES,
    MAX_TEXT,
    REDACTED,
    Amount,
    Day,
    Fault,
    Flag,
    Id,
    OptionalId,
    Texts,
    Time,
    clean_text,
)


class Record(BaseModel):
    id: Id = 0
    other: OptionalId = None
    texts: Texts = []
    time: Time = None
    day: Day = None
    amount: Amount = None
    flag: Flag = None


def read(**values: Any) -> Any:
    """The single value that a record was given."""
    (name,) = values
    return getattr(Record(**values), name)


def fault(**values: Any) -> str:
    """What is said of a value that is refused."""
    with pytest.raises(ValidationError) as caught:
        Record(**values)
    (error,) = caught.value.errors()
    own = error.get("ctx", {}).get("error")
    return str(own) if isinstance(own, Fault) else str(error["type"])


def identity_number(birth: str, individual: int) -> str | None:
    """An invented identity number; its month carries 80, as only test identities do."""
    digits = f"{birth}{individual:03}"
    first = fodselsnummer.calc_check_digit1(digits + "00")
    second = fodselsnummer.calc_check_digit2(f"{digits}{first}0")
    return (
        f"{digits}{first}{second}" if f"{first}{second}".isdigit() and len(f"{first}{second}") == 2 else None
    )


# JSON can hold NaN, but no signalling one.
DECIMALS = st.decimals().filter(lambda number: not number.is_snan())

NUMBER = next(n for n in (identity_number("018190", i) for i in range(100, 200)) if n)


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        (None, None),
        ("", None),
        (" \t\n", None),
        ("\u200b\u200e", None),
        ("  Kari  ", "Kari"),
        ("Ka\x00ri", "Ka ri"),
        ("Kari\r\nNordmann", "Kari Nordmann"),
        ("Kari\u2028Nordmann", "Kari Nordmann"),
        ("Kari\u202enna", "Karinna"),
        ("Ka\u00adri\ufeff", "Kari"),
        ("\ud800Kari", "Kari"),
        ("A\u030ase", "Åse"),
        ("👩\u200d🔧 Åse", "👩\u200d🔧 Åse"),
        ("=cmd|' /C calc'!A0", "=cmd|' /C calc'!A0"),
        ("<b>Kari</b>", "<b>Kari</b>"),
        (4711, "4711"),
        (Decimal("47.10"), "47.10"),
    ],
)
def test_text_is_cleaned(raw: object, clean: str | None) -> None:
    assert clean_text(raw) == clean


@pytest.mark.parametrize(
    "raw", [True, [], {}, b"Kari", Decimal("NaN"), float("inf"), "x" * (MAX_TEXT + 1), "x" * 10_000_000]
)
def test_what_is_no_text_or_too_long_is_a_fault(raw: object) -> None:
    with pytest.raises(Fault) as caught:
        clean_text(raw)
    assert "x" * 10 not in str(caught.value)


@pytest.mark.parametrize("gaps", ["{}{}", "{} {}", "{}-{}", "{}.{}", "{}\u00a0{}"])
def test_an_identity_number_is_redacted_wherever_it_stands(gaps: str) -> None:
    written = gaps.format(NUMBER[:6], NUMBER[6:])
    assert clean_text(f"Kari ({written}) Nordmann") == f"Kari ({REDACTED}) Nordmann"


def test_an_identity_number_in_pairs_is_redacted() -> None:
    written = f"{NUMBER[:2]}.{NUMBER[2:4]}.{NUMBER[4:6]} {NUMBER[6:9]} {NUMBER[9:]}"
    assert clean_text(written) == REDACTED


@pytest.mark.parametrize(
    "gap", ["\u2013", "\u2011", "_", "/", ", ", " - ", ":", "\u3000"], ids=lambda gap: f"U+{ord(gap[0]):04X}"
)
def test_an_identity_number_is_redacted_whatever_sign_splits_it(gap: str) -> None:
    assert clean_text(f"Kari {NUMBER[:6]}{gap}{NUMBER[6:]}") == f"Kari {REDACTED}"


@pytest.mark.parametrize("gap", [" ", ".", " - "])
def test_an_identity_number_that_is_written_digit_by_digit_is_redacted(gap: str) -> None:
    assert clean_text(f"Kari {gap.join(NUMBER)}.") == f"Kari {REDACTED}."


def test_an_identity_number_is_redacted_after_other_digits() -> None:
    assert clean_text(f"Hus 34 {' '.join(NUMBER)}") == f"Hus 34 {REDACTED}"
    assert clean_text(f"12 34 {NUMBER} 56 {NUMBER[:6]} {NUMBER[6:]}") == f"12 34 {REDACTED} 56 {REDACTED}"


@pytest.mark.parametrize("zero", ["\uff10", "\u0660", "\u0966"])
def test_an_identity_number_in_digits_of_another_script_is_redacted(zero: str) -> None:
    assert clean_text("".join(chr(ord(zero) + int(digit)) for digit in NUMBER)) == REDACTED


@pytest.mark.parametrize("raw", ["12345678901", "+47 22 22 22 22", "310 000 000", f"{NUMBER}0", f"4{NUMBER}"])
def test_other_numbers_stay(raw: str) -> None:
    assert clean_text(raw) == raw


@given(st.text())
def test_clean_text_can_be_stored_and_stays_as_it_is(raw: str) -> None:
    try:
        clean = clean_text(raw)
    except Fault:
        assert len(raw) > MAX_TEXT
        return
    assert clean is None or clean
    assert clean_text(clean) == clean
    if clean is not None:
        assert clean.isprintable() or " " in clean or not clean.isascii()
        assert "\x00" not in clean
        clean.encode()


@given(st.recursive(st.none() | st.booleans() | st.integers() | DECIMALS | st.text(), st.lists))
def test_any_json_value_is_read_or_refused(value: object) -> None:
    """Nothing but a validation error ever comes out of a field, whatever comes in."""
    for name in Record.model_fields:
        try:
            read(**{name: value})
        except ValidationError:
            continue


@pytest.mark.parametrize(
    ("raw", "number"),
    [(1, 1), ("17", 17), (" 17 ", 17), (Decimal("3.0"), 3), (2**63 - 1, 2**63 - 1), (-5, -5)],
)
def test_whole_numbers_are_read(raw: object, number: int) -> None:
    assert read(id=raw) == number
    assert read(other=raw) == number


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (True, "is not a number"),
        ("12a", "is not a number"),
        ("1e5", "is not a number"),
        ("１２", "is not a number"),
        ([1], "is not a number"),
        (Decimal("NaN"), "is not a number"),
        (Decimal("1E+999999999"), "is no 64-bit number"),
        (Decimal("1.5"), "is not a whole number"),
        (2**63, "is no 64-bit number"),
        ("99999999999999999999", "is no 64-bit number"),
        (10**400, "is no 64-bit number"),
    ],
)
def test_other_numbers_are_a_fault(raw: object, said: str) -> None:
    assert fault(id=raw) == said


@pytest.mark.parametrize("raw", [None, "", " ", 0, "0"])
def test_no_reference_is_told_in_several_ways(raw: object) -> None:
    assert read(other=raw) is None


@pytest.mark.parametrize(
    ("raw", "moment"),
    [
        ("2026-03-29T01:00:00Z", datetime(2026, 3, 29, 1, tzinfo=UTC)),
        ("2026-03-29T03:00:00+02:00", datetime(2026, 3, 29, 1, tzinfo=UTC)),
        ("2026-03-29T01:30:00", datetime(2026, 3, 29, 0, 30, tzinfo=UTC)),
        ("2026-03-29T03:30:00", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        ("2026-03-29 03:30", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        (None, None),
        ("", None),
    ],
)
def test_times_are_aware_and_without_a_zone_they_are_norwegian(raw: object, moment: datetime | None) -> None:
    assert read(time=raw) == moment


@pytest.mark.parametrize(
    "raw",
    [
        "2026-02-30T10:00:00Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59-14:00",
        "i går",
        1711666800,
        "1711666800",
        True,
        [],
    ],
)
def test_impossible_times_are_a_fault(raw: object) -> None:
    assert fault(time=raw)


@pytest.mark.parametrize("raw", ["1900-01-01T00:00:00+14:00", "2199-12-31T23:59:59-14:00"])
def test_the_first_and_the_last_possible_time_can_be_computed_with(raw: str) -> None:
    assert read(time=raw).astimezone(UTC) + timedelta(days=1)


def test_days_and_amounts_are_exact() -> None:
    assert read(day="2026-11-25") == date(2026, 11, 25)
    assert read(amount=Decimal("34937.50")) == Decimal("34937.50")
    assert str(read(amount="0.10")) == "0.10"


@pytest.mark.parametrize(
    "raw", [Decimal("NaN"), Decimal("1E+17"), Decimal("-9999999999999999.995"), True, "12,50", []]
)
def test_what_is_no_amount_is_a_fault(raw: object) -> None:
    assert fault(amount=raw)


def test_entries_of_a_list_are_read_once_each() -> None:
    entries = [
        {"value": "a@example.no", "id": 1},
        {"value": " a@example.no"},
        {"tag": "faktura"},
        "b",
        None,
        "",
    ]
    assert read(texts=entries) == ["a@example.no", "faktura", "b"]
    assert read(texts=None) == []


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"value": "x"}, "is not a list"),
        (["x"] * (MAX_ENTRIES + 1), "has too many entries"),
        ([["x"]], "is not text"),
        ([{"value": {"x": 1}}], "is not text"),
    ],
)
def test_what_is_no_list_of_texts_is_a_fault(raw: object, said: str) -> None:
    assert fault(texts=raw) == said
