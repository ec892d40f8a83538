"""Person names taken apart, and what two of them say about being one person's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.identity.normalise.names import Relation, person_name, relation


@pytest.mark.parametrize(
    ("fields", "tokens", "kind"),
    [
        (("Kari", "Hansen", None), ("kari", "hansen"), "full"),
        (("Hansen", "Kari", None), ("kari", "hansen"), "full"),
        (("", "", "Hansen, Kari"), ("kari", "hansen"), "full"),
        (("", "Hansen, Kari", None), ("kari", "hansen"), "full"),
        (("K.", "Hansen", None), ("k", "hansen"), "initials"),
        (("Kari", "", None), ("kari",), "single"),
        (("Linda Merete", "", None), ("linda",), "single"),
        (("Anne-Marie", "Lie", None), ("anne", "marie", "lie"), "full"),
        (("Dr. Kari", "Hansen", None), ("kari", "hansen"), "full"),
        (("SÃ¸ren", "Ã…sen", None), ("soren", "asen"), "full"),
        (("Kari", "Aas", None), ("kari", "as"), "full"),
        (("kari@fjord.example.no", "", None), (), "none"),
        (("Ukjent", "Ukjent", None), (), "none"),
        (("K", "", None), ("k",), "initials"),
        ((None, None, None), (), "none"),
    ],
)
def test_the_fields_of_a_name_are_understood(
    fields: tuple[str | None, str | None, str | None], tokens: tuple[str, ...], kind: str
) -> None:
    name = person_name(*fields)
    assert (name.tokens, name.kind) == (tokens, kind)


@pytest.mark.parametrize(
    ("fields", "company"),
    [
        (("Kari Hansen", "Fjord AS", None), "Fjord AS"),
        (("Fjord AS v/ Kari Hansen", "", None), "Fjord AS"),
        (("Fjord AS", "v/Kari Hansen", None), "Fjord AS"),
        (("Kari", "Hansen (Fjord AS)", None), "Fjord AS"),
        (("Kari Hansen - Fjord AS", "", None), "Fjord AS"),
        (("", "", "Kari Hansen, Fjord AS"), "Fjord AS"),
    ],
)
def test_a_company_in_the_name_is_set_aside(fields: tuple[str, str, str | None], company: str) -> None:
    name = person_name(*fields)
    assert name.tokens == ("kari", "hansen")
    assert name.company == company


@pytest.mark.parametrize(
    "fields", [("Kundeservice", "Fjord", None), ("Regnskap", "", None), ("Post", "", None)]
)
def test_a_role_is_not_a_name(fields: tuple[str, str, str | None]) -> None:
    name = person_name(*fields)
    assert name.kind == "none"
    assert name.is_role


@pytest.mark.parametrize("text", ["Fjord AS", "Bergen kommune", "Voss Idrettslag"])
def test_an_organisation_is_not_a_person(text: str) -> None:
    name = person_name(text, "", None)
    assert name.kind == "none"
    assert name.company == text


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("Kari Hansen", "Hansen Kari", Relation.EQUAL),
        ("Øyvind Ås", "Oeyvind Aas", Relation.EQUAL),
        ("Christian Moe", "Kristian Moe", Relation.EQUAL),
        ("Jan Erik Moe", "Jan-Erik Moe", Relation.EQUAL),
        ("Anne Marie Lie", "Annemarie Lie", Relation.VARIANT),
        ("Elisabeth Lie", "Lisbeth Lie", Relation.VARIANT),
        ("Kari Berg Hansen", "Kari Hansen", Relation.VARIANT),
        ("Kari Berg Hansen", "Kari Berg", Relation.VARIANT),
        ("Per Olav Hansen", "Olav Hansen", Relation.VARIANT),
        ("Kari Hnasen", "Kari Hansen", Relation.SIMILAR),
        ("Kari Gjerde", "Kari Gjrde", Relation.SIMILAR),
        ("K. Hansen", "Kari Hansen", Relation.INITIAL),
        ("Kari H", "Kari Hansen", Relation.INITIAL),
        ("Kari Hansen", "Kari Berg", Relation.RENAMED),
        ("Kari", "Kari Hansen", Relation.PARTIAL),
        ("Hansen", "Kari Hansen", Relation.PARTIAL),
        ("KH", "Kari Hansen", Relation.PARTIAL),
        ("", "Kari Hansen", Relation.MISSING),
        ("Kari Hansen", "Ola Hansen", Relation.CONFLICT),
        ("Kari Hansen", "Karin Hansen", Relation.CONFLICT),
        ("Ole Hansen", "Ola Hansen", Relation.CONFLICT),
        ("Maria Lie", "Marie Lie", Relation.CONFLICT),
        ("Per Olav Hansen", "Per Arne Hansen", Relation.CONFLICT),
        ("O. Hansen", "Kari Hansen", Relation.CONFLICT),
        ("Ola", "Kari Hansen", Relation.CONFLICT),
    ],
)
def test_two_names_have_their_relation(one: str, other: str, expected: Relation) -> None:
    a, b = person_name(None, None, one), person_name(None, None, other)
    assert relation(a, b) is expected


NAMES = st.lists(
    st.sampled_from(
        ["Kari", "Ola", "K", "Hansen", "Berg", "Anne", "Marie", "Annemarie", "Å", "Hnasen", "Lisbeth"]
    ),
    max_size=4,
).map(" ".join)


@given(NAMES, NAMES)
def test_the_relation_is_symmetric(one: str, other: str) -> None:
    a, b = person_name(None, None, one), person_name(None, None, other)
    assert relation(a, b) is relation(b, a)


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_no_text_is_too_strange_for_a_name(first: str, last: str, full: str) -> None:
    name = person_name(first, last, full)
    assert all(token.isascii() for token in name.tokens)
