"""Retention: what is past its period goes, and the cards follow. A manual launch only shows the plan."""

from datetime import UTC, datetime

import dagster as dg

from pipelines.defs.crm.assets import SOURCE_LINK
from pipelines.defs.findings import check_result
from pipelines.defs.metadata import OWNERS, holds_that_count, plan_in_full, removals, retention_plan
from pipelines.defs.partitions import BY_MORNING
from pipelines.defs.platform.tables import ACCESS_LOG
from pipelines.defs.privacy.options import Retention
from pipelines.defs.resources import Workbench
from pipelines.errors import nothing_personal
from pipelines.identity.rebuild import refresh
from pipelines.privacy import access_log, access_log_files, retention
from pipelines.privacy.copies_in_time import copies_in_time, read_backups, read_log, renew_log
from pipelines.privacy.holds import load_holds
from pipelines.privacy.ledger_copy import aside
from pipelines.privacy.overdue import files_are_new, nothing_overdue, rewrite_what_may_be
from pipelines.privacy.rewrite import overdue_rewrites
from pipelines.store.counts import count_rows
from pipelines.workbench import make_ledger
from schemas.policy import load_policy
from schemas.tables import landing, privacy

_RETENTION = dg.AssetKey(["privacy", "retention"])
_IP_ADDRESSES = dg.AssetKey(["privacy", "ip_address_retention"])
_TAGS = {"data_class": "system"}


@dg.asset(
    key=_RETENTION,
    group_name="privacy",
    deps=[SOURCE_LINK],
    kinds={"policy", "postgres"},
    owners=OWNERS,
    freshness_policy=BY_MORNING,
    tags=_TAGS,
    check_specs=[
        dg.AssetCheckSpec("nothing_overdue", asset=_RETENTION, description=nothing_overdue.__doc__),
        dg.AssetCheckSpec("deleted_is_gone_from_disk", asset=_RETENTION, description=files_are_new.__doc__),
        dg.AssetCheckSpec("copies_in_time", asset=_RETENTION, description=copies_in_time.__doc__),
    ],
)
def retention_rules(
    context: dg.AssetExecutionContext, config: Retention, workbench: Workbench
) -> dg.MaterializeResult:
    """Deletes from landing, crm and privacy what policy.yaml gives no more time, and rebuilds the cards."""
    policy, now = load_policy(), datetime.now(UTC)
    done: tuple[retention.Removal, ...] = ()
    rewritten: tuple[str, ...] = ()
    with nothing_personal():
        engine = workbench.store.crm
        with engine.connect() as connection:
            plans = retention.preview(connection, policy, now)
        if config.apply:
            done = retention.apply(
                engine,
                policy,
                now,
                run_id=context.run.run_id,
                suppression=make_ledger(workbench.settings),
                confirmed=config.confirmed,
            )
            if any(removal.rows for removal in done if removal.data.startswith(f"{landing.SCHEMA}.")):
                refresh(engine, context.run.run_id)
            rewritten = rewrite_what_may_be(engine, policy, now)
            renew_log(engine, policy, now)
        settings = workbench.settings
        copies = copies_in_time(
            policy, read_log(engine), read_backups(settings.backups_folder), now, aside(settings.dagster_home)
        )
        with engine.connect() as connection:
            overdue = nothing_overdue(retention.overdue(connection, policy, now))
            files = files_are_new(overdue_rewrites(connection, policy, now))
        logged = count_rows(engine, privacy.retention_log)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": logged,
            "applied": config.apply,
            "rows_removed": sum(removal.rows for removal in done),
            "tables_rewritten": len(rewritten),
            **retention_plan(plans),
            "removed": removals(done),
            **holds_that_count(plans),
        },
        check_results=[
            check_result(overdue, "nothing_overdue"),
            check_result(files, "deleted_is_gone_from_disk", dg.AssetCheckSeverity.WARN),
            check_result(copies, "copies_in_time", dg.AssetCheckSeverity.WARN),
        ],
    )


@dg.asset(
    key=_IP_ADDRESSES,
    group_name="privacy",
    deps=[ACCESS_LOG],
    kinds={"policy", "postgres"},
    owners=OWNERS,
    freshness_policy=BY_MORNING,
    tags=_TAGS | {"clause/S3": "true"},
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
    policy, now = load_policy(), datetime.now(UTC)
    with nothing_personal():
        engine = workbench.store.platform
    if engine is None:
        context.log.info("PLATFORM_DATABASE_URL is not set: the access log is not looked after here")
        return dg.MaterializeResult(
            metadata={"configured": False, "rows_removed": 0, "partitions_dropped": 0},
            check_results=[check_result(nothing_overdue({}), "no_expired_ip_address")],
        )
    with nothing_personal():
        names = workbench.platform_names
        with workbench.store.crm.connect() as connection:
            holds = load_holds(connection, policy, now)
        with engine.connect() as connection:
            plan = access_log.preview(connection, policy, names, now, holds)
        rows = partitions = 0
        rewritten: tuple[str, ...] = ()
        if config.apply:
            removal = access_log.expire(engine, policy, names, now, holds)
            rows, partitions = removal.rows, removal.partitions
            rewritten = access_log_files.rewrite_due(workbench.store.crm, engine, policy, names, now)
            if workbench.settings.platform_database_url is None:
                access_log.create_partitions(engine, names, now)
            with workbench.store.crm.begin() as connection:
                retention.log_removal(connection, removal, context.run.run_id, now)
        with engine.connect() as connection:
            overdue = access_log.overdue(connection, policy, names, now, holds)
    return dg.MaterializeResult(
        metadata={
            "configured": True,
            "applied": config.apply,
            "rows_removed": rows,
            "partitions_dropped": partitions,
            "tables_rewritten": len(rewritten),
            "plan": plan_in_full([plan]),
            **holds_that_count([plan]),
        },
        check_results=[check_result(nothing_overdue({plan.rule: overdue}), "no_expired_ip_address")],
    )
