"""Folding: one form for a Norwegian letter and its transliterations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.identity.normalise.text import clean, folded, repaired, skeleton, squashed


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Sørensen", "Sorensen"),
        ("Sørensen", "Soerensen"),
        ("Åse", "Aase"),
        ("Åse", "Ase"),
        ("Sæther", "Saether"),
        ("SÆTHER", "sæther"),
        ("Ødegård", "ØDEGAARD"),
        ("Bjørk", "Björk"),
    ],
)
def test_a_letter_and_its_transliterations_fold_alike(one: str, other: str) -> None:
    assert folded(one) == folded(other)


def test_folding_keeps_the_letters_that_have_no_decomposition() -> None:
    """NFKD and dropping the rest would leave `rsta`."""
    assert folded("ØRSTA") == "orsta"


@pytest.mark.parametrize("text", ["Sørensen", "Åse Ødegård", "Næss", "Renée"])
@pytest.mark.parametrize("codec", ["latin-1", "cp1252"])
def test_mojibake_is_put_right_once_and_twice_over(text: str, codec: str) -> None:
    once = text.encode("utf-8").decode(codec)
    assert repaired(once) == text
    assert (
        repaired(once.encode("utf-8").decode("cp1252", errors="strict") if codec == "cp1252" else once)
        == text
    )


@given(st.text())
def test_text_without_mojibake_signs_is_left_alone(text: str) -> None:
    if not set(text) & set("ÃãÂâ"):
        assert repaired(text) == text


@given(st.text())
def test_keys_are_ascii_and_stable(text: str) -> None:
    key = squashed(clean(text))
    assert key.isascii()
    assert squashed(key) == key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("christian", "kristian"),
        ("thomas", "tomas"),
        ("hanssen", "hansen"),
        ("kathrine", "katrine"),
        ("wiik", "vik"),
        ("oyvind", "oivind"),
        ("marcus", "markus"),
        ("filip", "philip"),
    ],
)
def test_spelling_variants_share_a_skeleton(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(
    ("one", "other"), [("kari", "karin"), ("ole", "ola"), ("berg", "berge"), ("jan", "jon")]
)
def test_different_names_keep_different_skeletons(one: str, other: str) -> None:
    assert skeleton(one) != skeleton(other)
