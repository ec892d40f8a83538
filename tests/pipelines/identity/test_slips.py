"""Two values one slip apart meet, in blocks so narrow that few others do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.identity.clustering import near
from pipelines.identity.evidence import LARGEST_BLOCK
from pipelines.identity.slips import HALF, SHORTEST, domain_meetings, local_meetings, number_meetings
from tests.pipelines.identity.people import matched, record

_DIGITS = st.text("0123456789", min_size=8, max_size=8)
_LABEL = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=2, max_size=22)


@st.composite
def _slipped(draw: st.DrawFn, texts: st.SearchStrategy[str], alphabet: str) -> tuple[str, str]:
    """A text, and the same with one sign replaced, added or left out, or two neighbours swapped."""
    text = draw(texts)
    at = draw(st.integers(0, len(text) - 1))
    sign = draw(st.sampled_from(alphabet))
    swapped = text[:at] + text[at : at + 2][::-1] + text[at + 2 :]
    others = [text[:at] + sign + text[at + 1 :], text[:at] + sign + text[at:], text[:at] + text[at + 1 :]]
    return text, draw(st.sampled_from([swapped, *others]))


@given(_slipped(_DIGITS, "0123456789"))
def test_numbers_one_slip_apart_in_one_half_meet(pair: tuple[str, str]) -> None:
    one, other = (f"+47{digits}" for digits in pair)
    if near(one, other) and (one[:-HALF] == other[:-HALF] or one[-HALF:] == other[-HALF:]):
        assert set(number_meetings(one)) & set(number_meetings(other))


@given(_slipped(_LABEL, "abcxyz019"), st.sampled_from(["no", "example.no"]))
def test_addresses_whose_domains_are_one_slip_apart_meet(pair: tuple[str, str], rest: str) -> None:
    one, other = (f"{label}.{rest}" for label in pair)
    if near(one, other) and min(map(len, pair)) >= SHORTEST:
        assert set(domain_meetings(one)) & set(domain_meetings(other))


@given(_slipped(_LABEL, "abcxyz019."))
def test_addresses_of_one_domain_whose_local_parts_are_one_slip_apart_meet(pair: tuple[str, str]) -> None:
    one, other = pair
    if near(one, other):
        assert set(local_meetings(one, "example.no")) & set(local_meetings(other, "example.no"))


@given(_slipped(st.just("example.no"), "abcxyz019"))
def test_addresses_whose_domains_differ_behind_the_first_label_meet(pair: tuple[str, str]) -> None:
    one, other = (f"fjord.{rest}" for rest in pair)
    if near(one, other):
        assert set(domain_meetings(one)) & set(domain_meetings(other))


@pytest.mark.parametrize(
    ("one", "other"), [("fjordbakeri", "fjordverksted"), ("lysnebygg", "lysnedata"), ("firma123", "firma124")]
)
def test_domains_that_only_begin_alike_do_not_meet(one: str, other: str) -> None:
    assert not set(domain_meetings(f"{one}.no")) & set(domain_meetings(f"{other}.no"))


def test_local_parts_that_only_begin_alike_do_not_meet() -> None:
    assert not set(local_meetings("kari.lie", "x.no")) & set(local_meetings("kari.lund", "x.no"))


def test_numbers_that_only_begin_alike_do_not_meet() -> None:
    assert not set(number_meetings("+4790012345")) & set(number_meetings("+4790016789"))


@pytest.mark.parametrize("namesakes", [0, LARGEST_BLOCK + 10])
def test_however_many_namesakes_have_numbers_that_begin_alike_a_slip_is_found(namesakes: int) -> None:
    """A block of them is too large to compare all with all; whom it holds beside the two must not matter."""
    others = [
        record("course_signup", name="Ingrid Haugen", phones=[f"9001{at * 111 % 10_000:04d}"])
        for at in range(11, 11 + namesakes)
    ]
    two = [
        record("course_signup", name="Ingrid Haugen", phones=[phone]) for phone in ("90010005", "90010007")
    ]
    person = matched(two[0] | {"source_id": "r000000"}, *others, two[1]).person.tolist()
    assert person[0] == person[-1]
    assert person.count(person[0]) == 2
