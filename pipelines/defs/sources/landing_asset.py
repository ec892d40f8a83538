"""Makes the asset of one landing table, with its checks, out of a function that reads one source entity."""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
import sqlalchemy as sa

from pipelines.defs.failures import TRY_AGAIN, reading
from pipelines.defs.findings import check_result
from pipelines.defs.metadata import OWNERS, reconciliation
from pipelines.defs.partitions import DAILY, SINGLE_RUN
from pipelines.defs.resources import Workbench
from pipelines.defs.tables import table_metadata, table_tags
from pipelines.defs.windows import Reading, run_of
from pipelines.findings import Finding
from pipelines.sources.findings import adds_up, no_drift, no_mass_deletion, nothing_set_aside
from pipelines.sources.reading import Desk, Run
from pipelines.sources.request_log import noted_requests
from pipelines.store.counts import count_rows
from pipelines.store.tally import Tally
from pipelines.webhooks.marks import settle_before
from schemas.payloads.base import Payload
from schemas.tables.landing import TABLES

_logger = logging.getLogger(__name__)

Read = Callable[[Desk, Any, Run], Tally]
Find = Callable[[sa.Connection, str], Finding]

ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN


@dataclass(frozen=True, slots=True)
class Check:
    """A finding of every read as an asset check."""

    find: Find
    severity: dg.AssetCheckSeverity
    blocking: bool = False
    """Whether the cards stay as they were when it fails."""

    @property
    def name(self) -> str:
        """The check's name in Dagster."""
        return self.find.__name__


_CHECKS = (
    Check(adds_up, ERROR, blocking=True),
    Check(no_mass_deletion, ERROR),
    Check(nothing_set_aside, WARN),
    Check(no_drift, WARN),
)
"""Only a read that does not add up keeps the cards from being rebuilt: else what was read is whole."""


def landing_asset(
    payload: type[Payload],
    *,
    name: str,
    partitioned: bool,
    deps: Iterable[dg.AssetDep | dg.AssetsDefinition] = (),
    also_checked: Sequence[Check] = (),
) -> Callable[[Read], dg.AssetsDefinition]:
    """Decorate a function (desk, client, run) -> Tally; its docstring describes the asset.

    A source that is not configured materializes with zeros and `configured: False`, so that what comes
    after it still runs. `also_checked` are checks beside those of every source.
    """
    checks = (*_CHECKS, *also_checked)
    system, table = payload.system, TABLES[payload.source]
    key = dg.AssetKey([system, name])

    def decorate(read: Read) -> dg.AssetsDefinition:
        @dg.asset(
            key=key,
            group_name=f"sources/{system}",
            description=read.__doc__,
            deps=[dg.AssetKey([system, f"{system}_api"]), *deps],
            partitions_def=DAILY if partitioned else None,
            backfill_policy=SINGLE_RUN if partitioned else None,
            pool=system,
            kinds={"python", "postgres"},
            owners=OWNERS,
            tags=table_tags(table) | {"recipient": system},
            metadata=table_metadata(table),
            check_specs=[
                dg.AssetCheckSpec(
                    check.name, asset=key, description=check.find.__doc__, blocking=check.blocking
                )
                for check in checks
            ],
            retry_policy=TRY_AGAIN,
        )
        def asset(
            context: dg.AssetExecutionContext, config: Reading, workbench: Workbench
        ) -> dg.MaterializeResult:
            run = run_of(context, config)
            with reading(system):
                metadata = _read(workbench, payload, read, run)
                results = _judge(workbench, payload, checks)
                return dg.MaterializeResult(metadata=metadata, check_results=results)

        return asset

    return decorate


def _read(workbench: Workbench, payload: type[Payload], read: Read, run: Run) -> dict[str, Any]:
    """Read one source entity and return what Dagster shows of it: zeros where it is not configured."""
    began, engine = time.monotonic(), workbench.store.crm
    system, table = payload.system, TABLES[payload.source]
    client = workbench.client(system)
    if client is None:
        _logger.info("%s is not configured", system)
        return reconciliation(Tally(payload.source), count_rows(engine, table), 0.0) | {"configured": False}
    with noted_requests(engine, run.run_id, system, client):
        tally = read(workbench.desk, client, run)
    if run.window is None:
        with engine.begin() as connection:
            settle_before(connection, system, payload.source, run.started_at)
    return reconciliation(tally, count_rows(engine, table), time.monotonic() - began)


def _judge(
    workbench: Workbench, payload: type[Payload], checks: Sequence[Check]
) -> list[dg.AssetCheckResult]:
    """The checks of the read that has just ended."""
    with workbench.store.crm.connect() as connection:
        return [
            check_result(check.find(connection, payload.source), check.name, check.severity)
            for check in checks
        ]
