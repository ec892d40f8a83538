"""Phone numbers: E.164 as phonenumbers has it, the kind of line, several numbers in one field."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.identity.normalise.phones import phone, phones, plain_number

PREFIXES = st.sampled_from(["", "+47", "+47 ", "0047", "00 47 ", "47", "47 ", "+46", "0", "(+47) ", "tlf "])
SIGNS = st.sampled_from(["", " ", ".", "-", "\u00a0"])


@settings(max_examples=3000, deadline=None)
@given(PREFIXES, st.lists(st.tuples(st.sampled_from("0123456789"), SIGNS), min_size=5, max_size=11))
def test_the_fast_path_agrees_with_the_library(prefix: str, signs: list[tuple[str, str]]) -> None:
    text = prefix + "".join(digit + sign for digit, sign in signs)
    fast = plain_number(text)
    if fast is None:
        return
    number = phonenumbers.parse(text, "NO")
    assert fast.key == phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    assert fast.is_valid == phonenumbers.is_valid_number(number)
    if fast.is_valid:
        kinds = {
            phonenumbers.PhoneNumberType.MOBILE: "mobile",
            phonenumbers.PhoneNumberType.FIXED_LINE: "fixed",
        }
        assert fast.kind == kinds[phonenumbers.number_type(number)]


def test_every_leading_four_digits_agree_with_the_library() -> None:
    for lead in range(2000, 10000):
        text = f"{lead}1234"
        fast = plain_number(text)
        number = phonenumbers.parse(text, "NO")
        assert fast is None or fast.is_valid == phonenumbers.is_valid_number(number)


@pytest.mark.parametrize(
    ("raw", "key", "kind"),
    [
        ("412 34 567", "+4741234567", "mobile"),
        ("0047 41234567", "+4741234567", "mobile"),
        ("tlf: 41 23 45 67", "+4741234567", "mobile"),
        ("41234567 (jobb)", "+4741234567", "mobile"),
        ("+47 (0) 41234567", "+4741234567", "mobile"),
        ("22123456", "+4722123456", "fixed"),
        ("+47 79 12 34 56", "+4779123456", "fixed"),
        ("02800", "+4702800", "service"),
        ("815 49 300", "+4781549300", "service"),
        ("+46 70 123 45 67", "+46701234567", "foreign"),
        ("4212 3456", "+4742123456", "mobile"),
    ],
)
def test_a_number_has_its_key_and_its_kind(raw: str, key: str, kind: str) -> None:
    found = phone(raw)
    assert found is not None
    assert (found.key, found.kind) == (key, kind)


@pytest.mark.parametrize("raw", ["02800", "815 49 300", "99999999", "12345678", "00000000", "123"])
def test_service_and_placeholder_numbers_identify_nobody(raw: str) -> None:
    found = phone(raw)
    assert found is None or not found.identifies


@pytest.mark.parametrize(
    "raw", ["41234567 / 22123456", "41234567, 22123456", "41234567 og 22123456", "41234567;22123456"]
)
def test_several_numbers_in_a_field_are_taken_apart(raw: str) -> None:
    assert [number.key for number in phones(raw)] == ["+4741234567", "+4722123456"]


@pytest.mark.parametrize("raw", [None, "", "ingen", "-"])
def test_no_number_is_no_number(raw: str | None) -> None:
    assert phones(raw) == ()
