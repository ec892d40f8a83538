"""Whole blocks have the outcome they have in a full run: what an incremental run goes by."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pipelines.identity.closure import blocks, gathered, key_hashes
from pipelines.identity.features import Features, features
from pipelines.identity.keys import match_keys
from pipelines.identity.match import Matching, match_features
from pipelines.identity.providers import as_public, crowds, providers
from tests.pipelines.identity.people import frame, record, unit
from tests.worlds.score import NO_DECISIONS
from tests.worlds.world import World


def _blocks(data: Features) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Number of the block of each record; a record without a key is one of its own."""
    everyone = np.arange(len(data))
    own = [(everyone, key_hashes("record", list(map(str, everyone))))]
    name = blocks(len(data), *gathered([*match_keys(data), *own])).of_record
    return np.unique(name, return_inverse=True)[1]


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


def _of_rows(matching: Matching, rows: np.ndarray[Any, np.dtype[np.bool_]]) -> Matching:
    return replace(
        matching,
        person=matching.person[rows],
        organization=matching.organization[rows],
        organization_rule=matching.organization_rule[rows],
    )


@pytest.mark.parametrize("seed", range(1, 7))
def test_the_blocks_of_half_the_world_are_matched_as_in_the_whole(seed: int) -> None:
    records = World(seed, 200).records
    data = features(records)
    known = providers(data, crowds(data))
    data = as_public(data, known)
    block = _blocks(data)
    whole = match_features(data, NO_DECISIONS)
    random = np.random.default_rng(seed)
    for _ in range(5):
        half = random.random(block.max() + 1)[block] < 0.5
        part = records[half].reset_index(drop=True)
        names = (part["source"] + ":" + part["source_id"]).tolist()
        alone = match_features(as_public(features(part), known), NO_DECISIONS)
        assert _outcome(alone, names) == _outcome(_of_rows(whole, half), names)


NUMBER, OTHER = "300000002", "300000010"
UNIT = unit(NUMBER, "FJORD BAKERI AS")
CUSTOMER = record(
    "tripletex_customer", company="Lysne AS", emails=["faktura@lysne.example.no"], source_id="7"
)


@pytest.mark.parametrize(
    ("decides", "asks"),
    [
        (UNIT, record("tripletex_customer", company="Noe annet", organization_number=NUMBER)),
        (UNIT, unit(OTHER, "ALLER ANNET SKOLE", parent_number=NUMBER)),
        (UNIT, record("course_signup", name="Kari Lie", company="Fjord Bakeri")),
        (UNIT, record("course_signup", name="Kari Lie", company="Fjord Bakeir")),
        (UNIT, record("course_signup", name="Kari Lie", company="Fjord Bakeri - HR")),
        (UNIT, record("course_signup", name="Kari Lie", company="Fjord Bakeri, Bergen")),
        (UNIT, record("course_signup", name="Kari Lie", company="Ola Vik, Fjord Bakeri")),
        (UNIT, record("helpscout_customer", name="Kari Lie", emails=["kari@fjordbakeri.example.no"])),
        (
            unit(NUMBER, "TIND AS", former_names=["FJORD BAKERI AS"]),
            record("course_signup", name="Kari Lie", company="Fjord Bakeri"),
        ),
        (
            unit(NUMBER, "FJORD BAKERI AS", city="SKEI"),
            record("course_signup", name="Kari Lie", company="Fjord Bakeri Skei"),
        ),
        (CUSTOMER, record("tripletex_contact", name="Kari Lie", company_ref="7")),
        (CUSTOMER, record("helpscout_customer", name="Kari Lie", emails=["kari@lysne.example.no"])),
        (
            record("tripletex_customer", company="Lysne AS", emails=["lysne@gmail.com"]),
            record("helpscout_customer", name="Kari Lie", emails=["lysne@gmail.com"]),
        ),
        (
            record("helpscout_customer", name="Ola Vik", company="Lysne AS", company_ref="5"),
            record("helpscout_customer", name="Kari Lie", company_ref="5"),
        ),
    ],
    ids=lambda row: str(row["company_name"] or row["full_name"] or row["company_ref"] or row["emails"][0]),
)
def test_a_record_is_in_the_block_of_what_decides_its_organisation(
    decides: dict[str, Any], asks: dict[str, Any]
) -> None:
    stranger = record("course_signup", name="Per Dahl", company="Viken Rør", emails=["per@viken.example.no"])
    found = _blocks(features(frame(decides, asks, stranger))).tolist()
    assert found[0] == found[1]
    assert found[2] != found[0]
