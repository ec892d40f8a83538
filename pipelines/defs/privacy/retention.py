"""Retention: what is past its period goes, and the cards follow. A manual launch only shows the plan."""

from datetime import UTC, datetime

import dagster as dg

from pipelines.defs.crm.assets import cards
from pipelines.defs.findings import check_result
from pipelines.defs.metadata import OWNERS, retention_plan
from pipelines.defs.resources import Workbench
from pipelines.errors import nothing_personal
from pipelines.privacy import access_log, retention
from pipelines.privacy.overdue import nothing_overdue
from schemas.policy import load_policy

_RETENTION = dg.AssetKey(["privacy", "retention"])
_IP_ADDRESSES = dg.AssetKey(["privacy", "ip_address_retention"])
_TAGS = {"data_class": "system"}


class Retention(dg.Config):
    """Launchpad options of retention."""

    apply: bool = False
    """Delete. Without it the plan is shown and nothing is deleted."""
    confirmed: bool = False
    """Delete also when it is far more than usual: somebody has looked at the plan."""


@dg.asset(
    key=_RETENTION,
    group_name="privacy",
    deps=[cards],
    kinds={"policy", "postgres"},
    owners=OWNERS,
    tags=_TAGS,
    check_specs=[
        dg.AssetCheckSpec(
            "no_expired_ip_address",
            asset=_IP_ADDRESSES,
            description="No IP address of a user is older than 14 days.",
        )
    ],
)
def ip_address_retention(
    context: dg.AssetExecutionContext, config: Retention, workbench: Workbench
) -> dg.MaterializeResult:
    """Removes IP addresses of users 14 days after the event: whole days by dropping partitions."""
    policy, now, engine = load_policy(), datetime.now(UTC), workbench.store.platform
    if engine is None:
        context.log.info("PLATFORM_DATABASE_URL is not set: the access log is not looked after here")
        return dg.MaterializeResult(
            metadata={"configured": False, "rows_removed": 0, "partitions_dropped": 0},
            check_results=[check_result(nothing_overdue({}), "no_expired_ip_address")],
        )
    with nothing_personal():
        names = workbench.platform_names
        with engine.connect() as connection:
            plan = access_log.preview(connection, policy, names, now)
        rows = partitions = 0
        if config.apply:
            removal = access_log.expire(engine, policy, names, now)
            rows, partitions = removal.rows, removal.partitions
            if workbench.settings.platform_database_url is None:
                access_log.create_partitions(engine, names, now)
            with workbench.store.crm.begin() as connection:
                retention.log_removal(connection, removal, context.run.run_id, now)
        with engine.connect() as connection:
            overdue = access_log.overdue(connection, policy, names, now)
    return dg.MaterializeResult(
        metadata={
            "configured": True,
            "applied": config.apply,
            "rows_removed": rows,
            "partitions_dropped": partitions,
            "plan": retention_plan([plan]),
        },
        check_results=[check_result(nothing_overdue({plan.rule: overdue}), "no_expired_ip_address")],
    )
