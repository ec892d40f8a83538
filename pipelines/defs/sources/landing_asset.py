"""Makes the asset of one landing table, with its checks, out of a function that reads one source entity."""

import time
from collections.abc import Callable, Iterable
from typing import Any

import dagster as dg

from connectors.errors import PermanentError, RefusedByPolicyError
from pipelines.defs.findings import check_result
from pipelines.defs.metadata import OWNERS, reconciliation, table_metadata, table_tags
from pipelines.defs.partitions import DAILY, SINGLE_RUN
from pipelines.defs.resources import Workbench
from pipelines.defs.windows import Reading, run_of
from pipelines.errors import nothing_personal
from pipelines.settings import ConfigurationError
from pipelines.sources.clients import System
from pipelines.sources.findings import adds_up, no_drift, nothing_set_aside
from pipelines.sources.reading import Desk, MassDeletionError, Run, note_requests
from pipelines.store.landing import Tally, count_rows
from schemas.payloads.base import Payload
from schemas.tables.landing import TABLES

Read = Callable[[Desk, Any, Run], Tally]

_WARN = dg.AssetCheckSeverity.WARN
_CHECKS = ((adds_up, dg.AssetCheckSeverity.ERROR), (nothing_set_aside, _WARN), (no_drift, _WARN))

_PERMANENT = (PermanentError, RefusedByPolicyError, MassDeletionError, ConfigurationError)


def landing_asset(
    payload: type[Payload],
    *,
    name: str,
    system: System,
    partitioned: bool,
    deps: Iterable[dg.AssetDep | dg.AssetsDefinition] = (),
) -> Callable[[Read], dg.AssetsDefinition]:
    """Decorate a function (desk, client, run) -> Tally; its docstring describes the asset.

    A source that is not configured materializes with zeros and `configured: False`, so that what comes
    after it still runs.
    """
    table, key = TABLES[payload.source], dg.AssetKey([system, name])

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
            # Only a read that does not add up keeps the cards from being rebuilt.
            check_specs=[
                dg.AssetCheckSpec(
                    find.__name__, asset=key, description=find.__doc__, blocking=severity is not _WARN
                )
                for find, severity in _CHECKS
            ],
            retry_policy=dg.RetryPolicy(max_retries=1, delay=30, jitter=dg.Jitter.PLUS_MINUS),
        )
        def asset(
            context: dg.AssetExecutionContext, config: Reading, workbench: Workbench
        ) -> dg.MaterializeResult:  # type: ignore[type-arg]
            with nothing_personal():
                client = workbench.client(system)
                rows_before = count_rows(workbench.store.crm, table)
            if client is None:
                context.log.info("%s is not configured", system)
                return dg.MaterializeResult(
                    metadata=reconciliation(Tally(payload.source), rows_before, 0.0) | {"configured": False},
                    check_results=_judge(workbench, payload),
                )
            began, asked_before = time.monotonic(), client.counts.copy()
            run = run_of(context, config)
            try:
                with nothing_personal():
                    tally = read(workbench.desk, client, run)
            except _PERMANENT as error:
                raise dg.Failure(description=str(error), allow_retries=False) from None
            finally:
                note_requests(workbench.store.crm, run.run_id, system, client.counts - asked_before)
            rows = count_rows(workbench.store.crm, table)
            return dg.MaterializeResult(
                metadata=reconciliation(tally, rows, time.monotonic() - began),
                check_results=_judge(workbench, payload),
            )

        return asset

    return decorate


def _judge(workbench: Workbench, payload: type[Payload]) -> list[dg.AssetCheckResult]:
    """The checks of the read that has just ended."""
    with nothing_personal(), workbench.store.crm.connect() as connection:
        return [
            check_result(find(connection, payload.source), find.__name__, severity)
            for find, severity in _CHECKS
        ]
