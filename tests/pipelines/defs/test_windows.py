"""What is read for which partition: the newest one goes on from the cursor, all others are backfills."""

from collections.abc import Mapping
from datetime import UTC, datetime

import dagster as dg
import pytest
import time_machine

from pipelines.defs.partitions import DAILY, SINGLE_RUN
from pipelines.defs.windows import Reading, run_of
from pipelines.sources.reading import Run

NIGHT = datetime(2026, 5, 4, 1, 30, tzinfo=UTC)
"""Half past three in Norway: yesterday, 3 May, is the newest whole day."""


def materialize(
    *,
    partition_key: str | None = None,
    tags: Mapping[str, str] | None = None,
    partitioned: bool = True,
    **config: bool,
) -> Run:
    """What an asset would read when it is launched like this at night."""
    seen: list[Run] = []

    @dg.asset(
        partitions_def=DAILY if partitioned else None, backfill_policy=SINGLE_RUN if partitioned else None
    )
    def probe(context: dg.AssetExecutionContext, config: Reading) -> None:
        seen.append(run_of(context, config))

    with time_machine.travel(NIGHT, tick=False):
        done = dg.materialize(
            [probe],
            partition_key=partition_key,
            tags=tags,
            run_config=dg.RunConfig(ops={"probe": Reading(**config)}),
        )
    [run] = seen
    assert run.run_id == done.run_id
    return run


def between(first: str, last: str) -> dict[str, str]:
    return {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}


def test_the_newest_partition_goes_on_from_the_cursor() -> None:
    run = materialize(partition_key="2026-05-03")
    assert (run.kind, run.window, run.started_at) == ("nightly", None, NIGHT)


def test_any_other_partition_is_a_backfill_of_its_norwegian_day() -> None:
    run = materialize(partition_key="2026-05-02")
    assert run.kind == "backfill"
    assert run.window == (datetime(2026, 5, 1, 22, tzinfo=UTC), datetime(2026, 5, 2, 22, tzinfo=UTC))
    assert [moment.tzinfo for moment in run.window] == [UTC, UTC]


@pytest.mark.parametrize(
    ("day", "start", "end"),
    [
        ("2026-03-29", datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC)),
        ("2025-10-26", datetime(2025, 10, 25, 22, tzinfo=UTC), datetime(2025, 10, 26, 23, tzinfo=UTC)),
    ],
)
def test_a_backfill_of_a_day_with_23_or_25_hours_reads_all_of_it(
    day: str, start: datetime, end: datetime
) -> None:
    assert materialize(partition_key=day).window == (start, end)


def test_a_range_is_read_as_one_window() -> None:
    run = materialize(tags=between("2026-03-01", "2026-03-31"))
    assert run.kind == "backfill"
    assert run.window == (datetime(2026, 2, 28, 23, tzinfo=UTC), datetime(2026, 3, 31, 22, tzinfo=UTC))


def test_a_range_that_ends_with_the_newest_day_is_a_backfill_too() -> None:
    """It must not move the cursor: what changed before the range may not have been read."""
    run = materialize(tags=between("2026-05-02", "2026-05-03"))
    assert run.window == (datetime(2026, 5, 1, 22, tzinfo=UTC), datetime(2026, 5, 3, 22, tzinfo=UTC))


def test_a_source_without_partitions_is_always_read_as_at_night() -> None:
    assert materialize(partitioned=False).window is None


def test_what_the_launchpad_says_is_passed_on() -> None:
    run = materialize(partition_key="2026-05-03", complete=True, allow_mass_deletion=True)
    assert (run.complete, run.allow_mass_deletion) == (True, True)
    plain = materialize(partition_key="2026-05-03")
    assert (plain.complete, plain.allow_mass_deletion) == (False, False)
