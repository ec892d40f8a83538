"""The pictures of the asset `health`, and the history that they show."""

from __future__ import annotations

from datetime import UTC, date, datetime

import dagster as dg
import pytest
import time_machine

from pipelines.charts import SHOWN_AT_ONCE
from pipelines.defs.health import history, pictures
from pipelines.health import Health

HEALTH = dg.AssetKey(["privacy", "health"])


def test_the_history_has_one_number_a_day_the_last(instance: dg.DagsterInstance) -> None:
    for day, hour, people in ((3, 2, 10), (4, 2, 11), (4, 4, 12)):
        with time_machine.travel(datetime(2026, 5, day, hour, tzinfo=UTC), tick=False):
            numbers = {"people": people, "organizations": 7}
            instance.report_runless_asset_event(dg.AssetMaterialization(HEALTH, metadata=numbers))
    assert history(instance) == {
        "people": [(date(2026, 5, 3), 10), (date(2026, 5, 4), 12)],
        "organizations": [(date(2026, 5, 3), 7), (date(2026, 5, 4), 7)],
    }


@pytest.mark.parametrize("full", [False, True])
def test_every_picture_is_shown_without_a_click(full: bool) -> None:
    """In an empty store too."""
    sources = [f"helpscout_conversation_{number}" for number in range(10)]
    systems = ("Brønnøysund", "Help Scout", "Pindena", "Tripletex")
    overlap = {systems[first:last]: 123_456 for first in range(4) for last in range(first + 1, 5)}
    state = Health(
        [],
        1_234_567,
        345_678,
        0,
        requests=dict.fromkeys(sources, (12_345, 12_345)) if full else {},
        overlaps={"person": overlap, "organization": overlap} if full else {},
    )
    going = {f"landing.helpscout_conversation_{number}": (99_999,) * 8 for number in range(8)} if full else {}
    shown = pictures(state, going, {}, datetime(2026, 5, 4, 2, tzinfo=UTC))
    assert {name: len(picture.value or "") for name, picture in shown.items()} == {
        name: pytest.approx(SHOWN_AT_ONCE / 2, abs=SHOWN_AT_ONCE / 2 - 1) for name in shown
    }
