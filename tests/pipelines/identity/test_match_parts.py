"""Candidates are judged in parts, and no pair in one part has to do with a pair in another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.identity import scored_tier
from pipelines.identity.evidence import Candidates
from pipelines.identity.match import match
from pipelines.identity.parts import Part, parts
from pipelines.identity.short_names import Reading
from tests.worlds.score import NO_DECISIONS
from tests.worlds.world import World

ROWS = 40
Pairs = Sequence[tuple[int, int]]

_PAIRS = st.lists(
    st.tuples(st.integers(0, ROWS - 1), st.integers(0, ROWS - 1)).filter(lambda pair: pair[0] < pair[1]),
    max_size=30,
    unique=True,
)


def _part(pairs: Pairs, doubtful: Pairs = (), short: Pairs = ()) -> Part:
    left, right = (np.array([pair[at] for pair in pairs], dtype=np.int64) for at in (0, 1))
    found = Candidates(left, right, *(np.arange(len(pairs)) for _ in range(4)))
    readings = [Reading(one, other, "short_name_and_shared_email") for one, other in short]
    return Part(found, {pair: ["renamed_email"] for pair in doubtful}, readings)


def _pairs(part: Part) -> Pairs:
    return list(zip(part.found.left.tolist(), part.found.right.tolist(), strict=True))


@given(_PAIRS, _PAIRS, _PAIRS, st.integers(1, 10))
def test_every_pair_is_in_one_part_and_parts_share_no_row(
    pairs: Pairs, doubtful: Pairs, short: Pairs, largest: int
) -> None:
    made = list(parts(_part(pairs, doubtful, short), ROWS, largest))
    assert sorted(pair for part in made for pair in _pairs(part)) == sorted(pairs)
    assert sorted(pair for part in made for pair in part.renamed) == sorted(doubtful)
    assert sorted((one.short, one.whole) for part in made for one in part.short) == sorted(short)
    rows = [part.heads() for part in made]
    assert sum(map(len, rows)) == len(set().union(*rows))


def test_what_is_known_of_a_pair_stays_with_it() -> None:
    made = list(parts(_part([(0, 1), (2, 3), (1, 4)]), ROWS, 1))
    assert [(_pairs(part), part.found.witnesses.tolist()) for part in made] == [
        ([(0, 1), (1, 4)], [0, 2]),
        ([(2, 3)], [1]),
    ]


def test_the_outcome_does_not_depend_on_the_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    records = World(4101, 300).records
    whole = match(records, NO_DECISIONS)
    small: Callable[..., object] = partial(parts, largest=5)
    monkeypatch.setattr(scored_tier, "parts", small)
    divided = match(records, NO_DECISIONS)
    assert whole.person.tolist() == divided.person.tolist()
    for name in ("links", "reviews"):
        one, other = (
            sorted(map(repr, getattr(found, name).to_numpy().tolist())) for found in (whole, divided)
        )
        assert one == other
    assert len(whole.reviews) > 5
