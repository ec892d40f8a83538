"""Blocks: records that share a key, directly or through others, named alike in any order of the keys."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.identity.closure import Blocks, Ints, blocks, gathered, key_hashes

RECORDS = 6


def _blocks(pairs: list[tuple[int, str]], *names: Ints) -> Blocks:
    """Each record also holds a key of its own, as the contract asks."""
    held = [(record, f"own {record}") for record in range(RECORDS)] + pairs
    row = np.array([record for record, _ in held], dtype=np.int64)
    return blocks(RECORDS, row, key_hashes("test", [key for _, key in held]), *names)


def test_a_hash_is_the_same_in_any_run() -> None:
    assert key_hashes("email", ["a@fjord.example.no"]).tolist() == [3238875375312845087]
    assert key_hashes("email", ["x"]).tolist() != key_hashes("phone", ["x"]).tolist()


def test_records_meet_through_others() -> None:
    found = _blocks([(0, "a"), (1, "a"), (1, "b"), (2, "b"), (3, "c")]).of_record.tolist()
    assert found[0] == found[1] == found[2]
    assert len({found[0], *found[3:]}) == 4


def test_a_block_keeps_the_first_of_the_names_given_that_is_among_its_keys() -> None:
    row, hashes = np.array([0, 0, 1, 1, 2]), key_hashes("test", ["a", "b", "b", "c", "d"])
    a, b, c, d = key_hashes("test", ["a", "b", "c", "d"]).tolist()
    elsewhere = key_hashes("test", ["e"])[0]
    assert blocks(3, row, hashes, np.array([elsewhere, c, a])).of_record.tolist() == [c, c, d]
    assert blocks(3, row, hashes, np.array([elsewhere])).of_record.tolist() == [min(a, b, c)] * 2 + [d]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, RECORDS - 1), st.sampled_from("abcdef")), max_size=10), st.data())
def test_no_two_blocks_bear_one_name_whatever_names_are_given(
    pairs: list[tuple[int, str]], data: st.DataObject
) -> None:
    keys = data.draw(st.lists(st.sampled_from([*"abcdefg", "own 1", "own 2"]), unique=True))
    found = _blocks(pairs, key_hashes("test", keys))
    unnamed = _blocks(pairs).of_record.tolist()
    assert len({*zip(found.of_record.tolist(), unnamed, strict=True)}) == len({*unnamed})
    assert len({*found.of_record.tolist()}) == len({*unnamed})


def test_without_records_there_are_no_blocks() -> None:
    row, key_hash = gathered([])
    assert len(blocks(0, row, key_hash).of_record) == 0


_PAIRS = st.lists(st.tuples(st.integers(0, RECORDS - 1), st.sampled_from("abcdef")), max_size=10)


@settings(deadline=None)
@given(_PAIRS)
def test_a_block_is_what_can_be_reached_from_any_of_its_records(pairs: list[tuple[int, str]]) -> None:
    found = _blocks(pairs).of_record.tolist()
    for start in range(RECORDS):
        reached, grown = {start}, True
        while grown:
            keys = {key for record, key in pairs if record in reached}
            more = {record for record, key in pairs if key in keys} - reached
            reached, grown = reached | more, bool(more)
        assert {record for record in range(RECORDS) if found[record] == found[start]} == reached


@settings(deadline=None)
@given(_PAIRS, st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_matter(pairs: list[tuple[int, str]], random: object) -> None:
    shuffled = list(pairs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis' Random
    one, other = _blocks(pairs), _blocks(shuffled)
    assert one.of_record.tolist() == other.of_record.tolist()
    assert _by_key(one) == _by_key(other)


def _by_key(found: Blocks) -> dict[int, int]:
    return dict(zip(found.key_hash.tolist(), found.of_key.tolist(), strict=True))


@settings(deadline=None)
@given(_PAIRS)
def test_a_key_belongs_to_the_block_of_the_records_that_hold_it(pairs: list[tuple[int, str]]) -> None:
    found = _blocks(pairs)
    of_key = _by_key(found)
    for record, key in pairs:
        assert of_key[int(key_hashes("test", [key])[0])] == found.of_record[record]
