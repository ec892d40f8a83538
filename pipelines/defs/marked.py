"""The assets that look up what webhooks have marked, each record by its id, minutes after the delivery.

They have runs of their own and no days, so that a day which no night has read does not look as if it was.
"""

import logging
import time
from dataclasses import replace
from typing import Any

import dagster as dg

from pipelines.defs.failures import TRY_AGAIN, reading
from pipelines.defs.metadata import OWNERS, markdown_table
from pipelines.defs.resources import Workbench
from pipelines.defs.windows import Reading, run_of
from pipelines.sources.request_log import noted_requests
from pipelines.webhooks.refetch import look_ups, refetch
from schemas.payloads.base import System

WEBHOOKS = "webhooks"
"""The group of these assets."""

_logger = logging.getLogger(__name__)


def _marked_records(system: System, what: str) -> dg.AssetsDefinition:
    """The asset that looks up the marked records of one system."""

    @dg.asset(
        key=[system, f"{system}_marked"],
        group_name=WEBHOOKS,
        description=f"{what} that webhooks have marked, each looked up by its id into the landing tables.",
        deps=[dg.AssetKey([system, f"{system}_api"])],
        pool=system,
        kinds={"python", "postgres"},
        owners=OWNERS,
        tags={"data_class": "controller", "recipient": system},
        retry_policy=TRY_AGAIN,
    )
    def marked_records(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
        with reading(system):
            return dg.MaterializeResult(metadata=_refetch(context, workbench, system))

    return marked_records


def _refetch(context: dg.AssetExecutionContext, workbench: Workbench, system: System) -> dict[str, Any]:
    began, engine, client = time.monotonic(), workbench.store.crm, workbench.client(system)
    if client is None:
        _logger.info("%s is not configured", system)
        return {"configured": False}
    run = replace(run_of(context, Reading()), marked=True)
    received: dict[str, int] = {}
    totals = dict.fromkeys(("requests", "received", "stored", "unchanged", "deleted", "refused_deletions"), 0)
    with noted_requests(engine, run.run_id, system, client):
        for payload, look_up in look_ups(client).items():
            tally = refetch(workbench.desk, run, client, system, payload, look_up)
            if tally is not None:
                received[payload.source] = tally.received
                totals = {name: number + getattr(tally, name) for name, number in totals.items()}
    return {
        "configured": True,
        "seconds": round(time.monotonic() - began, 2),
        **totals,
        "records": markdown_table("source entity", "looked up", received),
    }


helpscout_marked = _marked_records("helpscout", "Customers and inquiries")
tripletex_marked = _marked_records("tripletex", "Customers, contact persons and invoices")
