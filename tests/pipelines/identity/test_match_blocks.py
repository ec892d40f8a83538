"""A closed block of records has the outcome it has in a full run: what an incremental run rests on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipelines.identity.blocks import organization_keys, person_keys, reachable
from pipelines.identity.decisions import Decisions
from pipelines.identity.features import Features, features
from pipelines.identity.organizations import Organizations, match_organizations
from pipelines.identity.people import match_people
from tests.worlds.world import World


def ids(data: Features, labels: np.ndarray) -> set[frozenset[str]]:
    """A partition by source id, records without a label left out."""
    groups: dict[int, set[str]] = {}
    for row, label in enumerate(labels.tolist()):
        if label >= 0:
            groups.setdefault(label, set()).add(data.source_id[row])
    return {frozenset(group) for group in groups.values()}


def within(partition: set[frozenset[str]], members: set[str]) -> set[frozenset[str]]:
    return {group for group in partition if group & members}


def restricted(organizations: Organizations, rows: np.ndarray) -> Organizations:
    return replace(
        organizations,
        label=organizations.label[rows],
        root=organizations.root[rows],
        rule=organizations.rule[rows],
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_organizations_of_a_closed_block_are_those_of_the_full_run(seed: int) -> None:
    world = World(seed, 300)
    records = world.records
    data = features(records)
    full = match_organizations(data, Decisions())
    keys = organization_keys(data)
    tried = 0
    for start in range(0, len(data), 97):
        block = reachable(keys, np.array([start]), len(data))
        part = features(records.iloc[data.order[block]].reset_index(drop=True))
        outcome = match_organizations(part, Decisions())
        members = set(data.source_id[block])
        assert ids(part, outcome.label) == within(ids(data, full.label), members)
        assert dict(zip(part.source_id, outcome.rule, strict=True)) == dict(
            zip(data.source_id[block], full.rule[block], strict=True)
        )
        tried += len(members) < len(data)
    assert tried, "the world is one block: nothing was shown"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_persons_of_a_closed_block_are_those_of_the_full_run(seed: int) -> None:
    world = World(seed, 300)
    records = world.records
    data = features(records)
    organizations = match_organizations(data, Decisions())
    full = match_people(data, organizations, Decisions())
    keys = person_keys(data, organizations)
    sizes = []
    for start in range(0, len(data), 23):
        block = reachable(keys, np.array([start]), len(data))
        part = features(records.iloc[data.order[block]].reset_index(drop=True))
        outcome = match_people(part, restricted(organizations, block), Decisions())
        members = set(data.source_id[block])
        assert ids(part, outcome.label) == within(ids(data, full.label), members)
        sizes.append(len(members))
    assert np.median(sizes) < len(data) / 10
