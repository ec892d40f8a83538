"""Ids that last: who takes an id, what a merge and a split leave behind, and that no id is used twice."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.identity.ledger import Assignment, Previous, assign, born_id


@dataclass(frozen=True)
class Store:
    """What a store would hold: the card of each record, the cards by age, the aliases."""

    card_of: Mapping[str, str] = field(default_factory=dict)
    cards: Sequence[str] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)


NOTHING = Store()


def _assign(clusters: Sequence[Sequence[str]], store: Store = NOTHING, **options: object) -> Assignment:
    keys = [key for cluster in clusters for key in cluster]
    position = {card: at for at, card in enumerate(store.cards)}
    before = np.array([position.get(store.card_of.get(key, ""), -1) for key in keys], dtype=np.int64)
    previous = Previous(before, store.cards, store.aliases)
    labels = np.array([at for at, cluster in enumerate(clusters) for _ in cluster], dtype=np.int64)
    order = np.argsort(np.argsort(np.array(keys))).astype(np.int64) if keys else labels
    return assign("person", keys, order, labels, previous, **options)  # type: ignore[arg-type]  # test options


def _ids(clusters: Sequence[Sequence[str]], assignment: Assignment) -> dict[str, str]:
    keys = [key for cluster in clusters for key in cluster]
    return {key: assignment.ids[card] for key, card in zip(keys, assignment.card.tolist(), strict=True)}


def _after(clusters: Sequence[Sequence[str]], assignment: Assignment) -> Store:
    return Store(_ids(clusters, assignment), assignment.ids, assignment.aliases)


def _events(assignment: Assignment) -> list[tuple[str, str, str | None]]:
    names = ["event", "entity_id", "other_entity_id"]
    return list(assignment.events[names].itertuples(index=False, name=None))


def test_a_new_cluster_gets_an_id_of_its_first_record() -> None:
    assignment = _assign([["h:2", "h:1"]])
    assert assignment.ids == [born_id("person", "h:1")]
    assert _events(assignment) == [("CREATED", assignment.ids[0], None)]


def test_the_same_clusters_keep_their_ids_and_nothing_happens() -> None:
    clusters = [["h:1", "h:2"], ["h:3"]]
    before = _assign(clusters)
    again = _assign(clusters[::-1], _after(clusters, before))
    assert _ids(clusters[::-1], again) == _ids(clusters, before)
    assert again.events.empty


def test_a_merge_keeps_the_id_of_the_larger_card_and_leaves_an_alias() -> None:
    apart = [["a:1"], ["b:1", "b:2"]]
    before = _assign(apart)
    small, large = _ids(apart, before)["a:1"], _ids(apart, before)["b:1"]
    merged = _assign([["a:1", "b:1", "b:2"]], _after(apart, before))
    assert merged.ids == [large]
    assert merged.aliases == {small: large}
    assert _events(merged) == [("MERGED", large, small)]


def test_between_cards_of_one_size_the_older_one_gives_the_id() -> None:
    apart = [["a:1"], ["b:1"]]
    before = _ids(apart, _assign(apart))
    store = Store(before, [before["b:1"], before["a:1"]])
    assert _assign([["a:1", "b:1"]], store).ids == [before["b:1"]]


def test_a_split_leaves_the_id_with_the_larger_part() -> None:
    whole = [["a:1", "b:1", "b:2"]]
    before = _assign(whole)
    parts = [["a:1"], ["b:1", "b:2"]]
    split = _assign(parts, _after(whole, before))
    ids = _ids(parts, split)
    assert ids["b:1"] == before.ids[0]
    assert ids["a:1"] not in before.ids
    assert _events(split) == [("SPLIT", before.ids[0], ids["a:1"])]


def test_a_split_in_halves_leaves_the_id_with_the_first_record() -> None:
    whole = [["a:1", "b:1"]]
    before = _assign(whole)
    parts = [["b:1"], ["a:1"]]
    assert _ids(parts, _assign(parts, _after(whole, before)))["a:1"] == before.ids[0]


def test_the_part_that_bore_the_id_does_not_bear_it_again() -> None:
    """The id is uuid5 of a:1, which is in the smaller part: the larger one keeps it, a:1 gets another."""
    whole = [["a:1", "b:1", "b:2"]]
    before = _assign(whole)
    parts = [["a:1"], ["b:1", "b:2"]]
    ids = _ids(parts, _assign(parts, _after(whole, before)))
    assert before.ids == [born_id("person", "a:1")]
    assert ids["a:1"] == born_id("person", "a:1", 1)


def test_an_undone_merge_gives_back_both_ids() -> None:
    apart = [["a:1"], ["b:1", "b:2"]]
    first = _assign(apart)
    together = [["a:1", "b:1", "b:2"]]
    merged = _assign(together, _after(apart, first))
    undone = _assign(apart, _after(together, merged))
    assert _ids(apart, undone) == _ids(apart, first)
    assert undone.aliases == {}
    assert _events(undone) == [("SPLIT", merged.ids[0], _ids(apart, first)["a:1"])]


def test_a_card_without_records_is_erased_with_its_aliases() -> None:
    gone = _assign([], Store(cards=["x"], aliases={"y": "x"}))
    assert _events(gone) == [("ERASED", "x", None)]
    assert gone.aliases == {}


def test_aliases_follow_when_their_card_is_merged_on() -> None:
    store = Store({"a:1": "small", "b:1": "large", "b:2": "large"}, ["small", "large"], {"older": "small"})
    assert _assign([["a:1", "b:1", "b:2"]], store).aliases == {"older": "large", "small": "large"}


def test_an_id_that_was_ever_used_is_not_given_again() -> None:
    used = {born_id("person", "a:1"), born_id("person", "a:1", 1)}
    assignment = _assign([["a:1"]], used=lambda ids: used.intersection(ids))
    assert assignment.ids == [born_id("person", "a:1", 2)]


def test_records_that_weigh_more_decide() -> None:
    """An organisation's own record keeps its id, wherever its many contact persons went."""
    store = Store(
        {"unit:1": "one", "c:1": "one", "c:2": "one", "c:3": "one", "unit:2": "two"}, ["one", "two"]
    )
    clusters = [["unit:1"], ["unit:2", "c:1", "c:2", "c:3"]]
    weight = np.array([1000, 1000, 1, 1, 1], dtype=np.int64)
    ids = _ids(clusters, _assign(clusters, store, weight=weight))
    assert (ids["unit:1"], ids["unit:2"]) == ("one", "two")


def test_records_without_a_cluster_have_no_card() -> None:
    order = np.arange(2, dtype=np.int64)
    previous = Previous(np.array([-1, -1]), [], {})
    assignment = assign("person", ["a:1", "a:2"], order, np.array([-1, 5]), previous)
    assert assignment.card.tolist() == [-1, 0]


@pytest.mark.parametrize("entity", ["person", "organization"])
def test_ids_are_uuids_of_version_five(entity: str) -> None:
    assert uuid.UUID(born_id(entity, "a:1")).version == 5  # type: ignore[arg-type]  # a parameter


_RECORDS = [f"r:{number}" for number in range(8)]
_PARTITION = st.lists(st.integers(0, 4), min_size=len(_RECORDS), max_size=len(_RECORDS))
_PRESENT = st.lists(st.booleans(), min_size=len(_RECORDS), max_size=len(_RECORDS))


def _clusters(labels: Sequence[int], present: Sequence[bool]) -> list[list[str]]:
    clusters: dict[int, list[str]] = {}
    for key, label, is_there in zip(_RECORDS, labels, present, strict=True):
        if is_there:
            clusters.setdefault(label, []).append(key)
    return list(clusters.values())


class Consumer:
    """Plays the events of each run, as a consumer that keeps copies of the ids would."""

    def __init__(self) -> None:
        self.store = NOTHING
        self.ever: set[str] = set()
        self.alive: set[str] = set()

    def run(self, clusters: list[list[str]]) -> Mapping[str, str]:
        assignment = _assign(clusters, self.store, used=lambda ids: self.ever.intersection(ids))
        for event, card, other in _events(assignment):
            if event == "CREATED":
                assert card not in self.ever
                self.alive.add(card)
            elif event == "SPLIT":
                assert other is not None
                assert other not in self.ever or other in self.store.aliases
                self.alive.add(other)
            else:
                self.alive.discard(other if event == "MERGED" else card)
        self.ever |= set(assignment.ids)
        self.store = _after(clusters, assignment)
        assert len(set(assignment.ids)) == len(assignment.ids) == len(clusters)
        assert set(self.alive) == set(assignment.ids)
        assert set(assignment.aliases.values()) <= set(assignment.ids)
        assert not set(assignment.aliases) & set(assignment.ids)
        return self.store.card_of


@settings(deadline=None)
@given(st.lists(st.tuples(_PARTITION, _PRESENT), min_size=1, max_size=6))
def test_over_any_history_the_events_tell_which_cards_there_are(
    history: list[tuple[list[int], list[bool]]],
) -> None:
    store = Consumer()
    for labels, present in history:
        clusters = _clusters(labels, present)
        before = store.run(clusters)
        assert store.run(clusters) == before


@settings(deadline=None)
@given(st.lists(st.tuples(_PARTITION, _PRESENT), min_size=2, max_size=4), st.randoms(use_true_random=False))
def test_ids_do_not_depend_on_the_order_of_records(
    history: list[tuple[list[int], list[bool]]], random: object
) -> None:
    one, other = Consumer(), Consumer()
    for labels, present in history:
        clusters = _clusters(labels, present)
        shuffled = [list(cluster) for cluster in clusters]
        for cluster in shuffled:
            random.shuffle(cluster)  # type: ignore[attr-defined]  # hypothesis' Random
        random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis' Random
        assert one.run(clusters) == other.run(shuffled)
