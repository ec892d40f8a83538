"""The quick way to an address' normal form agrees with the one by which addresses are noted."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.audiences.screening import values_of
from pipelines.identity.normalise.lexicon import PLACEHOLDER_LOCALS
from pipelines.privacy.keys import email_keys, phone_keys

_LOCALS = st.one_of(
    st.text("abcz019._-+", min_size=1, max_size=70),
    st.sampled_from(sorted(PLACEHOLDER_LOCALS)),
    st.text(min_size=1, max_size=10),
)
_HOSTS = st.one_of(
    st.sampled_from(
        "fjellrev.example.no gmail.com googlemail.com gmial.com hotmial.com test.no example.com FIRMA.NO"
        " firma.local a--b.no localhost bedrift.co.uk æøå.no".split()
    ),
    st.from_regex(r"[a-z0-9-]{1,12}\.[a-z]{2,4}", fullmatch=True),
)


@given(local=_LOCALS, host=_HOSTS)
@example(local="ola.nordmann", host="gmail.com")
@example(local="test", host="fjellrev.example.no")
@example(local="ola\n", host="fjellrev.example.no")
@example(local="a" * 65, host="fjellrev.example.no")
def test_an_address_has_the_values_it_was_noted_by(local: str, host: str) -> None:
    text = f"{local}@{host}"
    assert values_of("email", text) == tuple(key.value for key in email_keys(text))


@pytest.mark.parametrize("text", ["a@b.no;c@d.no", "Ola <ola@b.no>", "", "ola", "a@@b.no", "x@", "@b.no"])
def test_what_is_no_address_by_itself_is_taken_apart(text: str) -> None:
    assert values_of("email", text) == tuple(key.value for key in email_keys(text))


def test_a_number_has_the_values_it_was_noted_by() -> None:
    assert values_of("phone", "915 04 800") == tuple(key.value for key in phone_keys("915 04 800"))
