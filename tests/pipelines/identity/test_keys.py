"""Whole blocks have the outcome they have in a full run: what an incremental run goes by."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipelines.identity.closure import blocks, gathered, key_hashes
from pipelines.identity.features import Features, features
from pipelines.identity.keys import match_keys
from pipelines.identity.match import Matching, match_features
from pipelines.identity.providers import as_public, crowds, providers
from tests.worlds.score import NO_DECISIONS
from tests.worlds.world import World


def _blocks(data: Features) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Block of each record; a record without a key is one of its own."""
    everyone = np.arange(len(data))
    own = [(everyone, key_hashes("record", list(map(str, everyone))))]
    return blocks(len(data), *gathered([*match_keys(data), *own])).of_record


def _outcome(matching: Matching, names: list[str]) -> set[tuple[Any, ...]]:
    """Who shares a card with whom, and each record's rule."""
    found: set[tuple[Any, ...]] = set(zip(names, matching.organization_rule.tolist(), strict=True))
    for kind, labels in (("person", matching.person), ("organization", matching.organization)):
        cards: dict[int, list[str]] = {}
        for name, label in zip(names, labels.tolist(), strict=True):
            if label >= 0:
                cards.setdefault(label, []).append(name)
        found |= {(kind, *sorted(members)) for members in cards.values()}
    return found


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_the_blocks_of_half_the_world_are_matched_as_in_the_whole(seed: int) -> None:
    records = World(seed, 400).records
    data = features(records)
    known = providers(data, crowds(data))
    data = as_public(data, known)
    block = _blocks(data)
    names = np.unique(block)
    half = np.isin(block, np.random.default_rng(seed).choice(names, len(names) // 2, replace=False))
    assert half.any()
    assert not half.all()
    part = records[half].reset_index(drop=True)
    ids = (part["source"] + ":" + part["source_id"]).tolist()
    alone = _outcome(match_features(as_public(features(part), known), NO_DECISIONS), ids)
    whole = match_features(data, NO_DECISIONS)
    within = Matching(
        person=whole.person[half],
        organization=whole.organization[half],
        organization_rule=whole.organization_rule[half],
        links=whole.links,
        reviews=whole.reviews,
        guards=whole.guards,
    )
    assert alone == _outcome(within, ids)
