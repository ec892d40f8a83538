"""The step that makes the cards says what it found, and stops what looks like an accident."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import dagster as dg
import pytest
import sqlalchemy as sa
import time_machine

from connectors.pages import Page
from pipelines.defs.crm import assets
from pipelines.defs.crm.earlier import earlier
from pipelines.defs.resources import Workbench
from pipelines.identity.findings import Earlier
from pipelines.identity.overview import SHOWN
from pipelines.identity.publish import Limits
from pipelines.privacy.suppression import Suppression
from pipelines.store.landing import Lander
from schemas.payloads.helpscout import HelpScoutCustomer
from schemas.tables import crm

CARDS, EVENTS = assets.SOURCE_LINK, dg.AssetKey(["crm", "identity_event"])


PAIRS = Limits().cards + 20


def land(engine: sa.Engine, *, address: str) -> None:
    """Two support contacts for each of many people; `address` says whether the two have the same one."""
    customers = [
        HelpScoutCustomer(
            id=2 * person + one,
            first_name=f"Sol{letters(person)}",
            last_name="Vik",
            emails=[address.format(person=person, one=one)],
        )
        for person in range(PAIRS)
        for one in (0, 1)
    ]
    lander = Lander(engine, HelpScoutCustomer, run_id="run", suppression=Suppression(b"s" * 32))
    lander.land([Page(customers)])


def letters(number: int) -> str:
    """A number in letters, so that each name is another."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def make(instance: dg.DagsterInstance, *, confirmed: bool = False) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        [assets.cards, assets.DECISIONS],
        run_config={"ops": {"cards": {"config": {"confirmed": confirmed}}}},
        resources={"workbench": Workbench()},
        instance=instance,
        raise_on_error=False,
    )


def checks(done: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    return {check.check_name: check for check in done.get_asset_check_evaluations()}


@pytest.mark.usefixtures("only_a_store")
def test_a_run_evaluates_every_check_and_shows_the_largest_cards_by_id(
    crm_engine: sa.Engine, instance: dg.DagsterInstance
) -> None:
    land(crm_engine, address="sol{person}@vik.example.no")
    done = make(instance)
    assert done.success
    found = checks(done)
    assert all(check.passed for check in found.values())
    blocking = {name for name, check in found.items() if check.severity == dg.AssetCheckSeverity.ERROR}
    assert (blocking, len(found)) == ({"no_mass_merge"}, 4)
    metadata = metadata_of(done, CARDS)
    assert metadata["people_of_one_record"].value == 0
    table = str(metadata["largest_cards"].value)
    with crm_engine.connect() as connection:
        cards = {str(card) for card in connection.scalars(sa.select(crm.source_link.c.person_id))}
    rows = [row.split(" | ") for row in table.splitlines()[2:]]
    assert len(rows) == SHOWN
    assert all(card in cards and records == "2 |" for _, card, records in rows)


@pytest.mark.usefixtures("only_a_store")
def test_a_run_that_changes_nothing_shows_the_sizes_of_the_store_not_none(
    crm_engine: sa.Engine, instance: dg.DagsterInstance
) -> None:
    """Dagster plots them: a fall to 0 on every quiet night would be read as a loss."""
    land(crm_engine, address="sol{person}@vik.example.no")
    sizes = [metadata_of(make(instance), CARDS)["largest_person"].value for _ in range(2)]
    assert sizes == [2, 2]


@pytest.mark.usefixtures("only_a_store")
def test_a_mass_merge_is_a_red_check_that_stops_the_run_and_writes_nothing_until_somebody_confirms(
    crm_engine: sa.Engine, instance: dg.DagsterInstance
) -> None:
    land(crm_engine, address="sol{person}.{one}@vik.example.no")
    assert make(instance).success
    land(crm_engine, address="sol{person}@vik.example.no")

    refused = make(instance)
    assert not refused.success
    [check] = refused.get_asset_check_evaluations()
    assert (check.check_name, check.passed) == ("no_mass_merge", False)
    assert f"{PAIRS} of {2 * PAIRS} person cards" in str(check.description)
    assert "confirmed: true" in str(check.description)
    assert people(crm_engine) == 2 * PAIRS

    confirmed = make(instance, confirmed=True)
    assert confirmed.success
    assert checks(confirmed)["no_mass_merge"].passed
    assert people(crm_engine) == PAIRS
    events = str(metadata_of(confirmed, EVENTS)["newest"].value)
    assert events.count("MERGED") == SHOWN
    assert "example.no" not in events


def test_the_numbers_of_a_week_ago_are_those_of_the_first_run_since(instance: dg.DagsterInstance) -> None:
    for day, reviews in ((1, 1), (4, 2), (9, 3)):
        numbers = {"reviews": reviews, "people_of_one_record": reviews / 10}
        with time_machine.travel(datetime(2026, 5, day, 2, tzinfo=UTC), tick=False):
            instance.report_runless_asset_event(dg.AssetMaterialization(CARDS, metadata=numbers))
    with time_machine.travel(datetime(2026, 5, 10, 2, tzinfo=UTC), tick=False):
        assert earlier(instance, CARDS) == Earlier({"person": 0.2}, 2)
    with time_machine.travel(datetime(2026, 6, 10, 2, tzinfo=UTC), tick=False):
        assert earlier(instance, CARDS) is None


def test_a_history_without_numbers_is_nothing_to_compare_with(instance: dg.DagsterInstance) -> None:
    instance.report_runless_asset_event(dg.AssetMaterialization(CARDS))
    assert earlier(instance, CARDS) is None


def metadata_of(done: dg.ExecuteInProcessResult, key: dg.AssetKey) -> Mapping[str, dg.MetadataValue]:
    [made] = [one for one in done.asset_materializations_for_node("cards") if one.asset_key == key]
    return made.metadata


def people(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(crm.person)) or 0
