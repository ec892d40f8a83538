"""From form to customer (clauses S2 and S6): the cases, the plan, and the registration in Tripletex.

Nothing is sent unless somebody says so: the plan is made every night, and the job `register_customers`
carries it out when it is launched with `dry_run` off.
"""

from datetime import UTC, datetime

import dagster as dg
from pydantic import Field

from connectors.errors import PermanentError, RefusedByPolicyError
from connectors.tripletex.client import TripletexClient
from pipelines.defs.crm.assets import cards
from pipelines.defs.findings import check_result
from pipelines.defs.metadata import OWNERS, markdown_table
from pipelines.defs.resources import Workbench
from pipelines.defs.tables import table_key, table_metadata, table_spec, table_tags
from pipelines.errors import nothing_personal
from pipelines.registration.cases import refresh
from pipelines.registration.findings import no_application_waits, no_customer_twice
from pipelines.registration.register import plan_registrations, register, store_plan
from pipelines.sources.request_log import noted_requests
from pipelines.store.counts import count_rows
from schemas.tables import registration

_GROUP = "registration"
_CASES = table_key(registration.application_case)
_PLAN = table_key(registration.registration_plan)
_REGISTRATION = table_key(registration.registration)
_WARN = dg.AssetCheckSeverity.WARN


class Registering(dg.Config):
    """Launchpad options of the registration."""

    dry_run: bool = Field(
        default=True,
        description=(
            "Send nothing. The plan is shown on `registration_plan`; look at it before this is turned off."
        ),
    )
    plan: str = Field(
        default="",
        description=(
            "`plan_hash` of the plan that was looked at: one that has changed since is refused. Empty: any."
        ),
    )


# What people decide is not made by a run.
DECISIONS = table_spec(registration.application_decision, _GROUP)


@dg.asset(
    key=_CASES,
    group_name=_GROUP,
    deps=[cards, DECISIONS],
    kinds={"postgres"},
    owners=OWNERS,
    tags=table_tags(registration.application_case),
    metadata=table_metadata(registration.application_case),
    check_specs=[
        dg.AssetCheckSpec("no_application_waits", asset=_CASES, description=no_application_waits.__doc__)
    ],
)
def application_cases(workbench: Workbench) -> dg.MaterializeResult:
    """How far each application has come: new, enriched, to be reviewed, registered or declined, and why."""
    now = datetime.now(UTC)
    with nothing_personal():
        engine = workbench.store.crm
        report = refresh(engine, now)
        with engine.connect() as connection:
            waiting = no_application_waits(connection, now)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": sum(report.by_status.values()),
            "rows_changed": report.changed,
            "by_status": markdown_table("status", "applications", report.by_status),
        },
        check_results=[check_result(waiting, "no_application_waits", _WARN)],
    )


@dg.asset(
    key=_PLAN,
    group_name=_GROUP,
    deps=[application_cases],
    kinds={"postgres"},
    owners=OWNERS,
    tags=table_tags(registration.registration_plan),
    metadata=table_metadata(registration.registration_plan),
    check_specs=[dg.AssetCheckSpec("no_customer_twice", asset=_PLAN, description=no_customer_twice.__doc__)],
)
def registration_plans(workbench: Workbench) -> dg.MaterializeResult:
    """What to create or update in Tripletex, each with its reason and its fields. Sends nothing."""
    with nothing_personal():
        engine = workbench.store.crm
        plan = plan_registrations(engine, workbench.settings.secret, datetime.now(UTC))
        changed = store_plan(engine, plan)
        with engine.connect() as connection:
            twice = no_customer_twice(connection)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(plan.steps),
            "rows_changed": changed,
            "plan_hash": plan.digest(workbench.settings.secret),
            "steps": markdown_table("step", "number", plan.counts()),
            "reasons": markdown_table("reason", "steps", plan.reasons()),
        },
        check_results=[check_result(twice, "no_customer_twice", _WARN)],
    )


@dg.asset(
    key=_REGISTRATION,
    group_name=_GROUP,
    deps=[registration_plans],
    pool="tripletex",
    kinds={"python", "postgres"},
    owners=OWNERS,
    tags=table_tags(registration.registration) | {"recipient": "tripletex"},
    metadata=table_metadata(registration.registration),
)
def registrations(
    context: dg.AssetExecutionContext, config: Registering, workbench: Workbench
) -> dg.MaterializeResult:
    """Carries the plan out in Tripletex, each step once, when `dry_run` is off; never sends a mail."""
    with nothing_personal():
        engine = workbench.store.crm
        client = None if config.dry_run else workbench.client("tripletex")
        before = count_rows(engine, registration.registration)
    if not isinstance(client, TripletexClient):
        context.log.info(
            "nothing is sent: %s", "dry run" if config.dry_run else "tripletex is not configured"
        )
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": before,
                "dry_run": config.dry_run,
                "requests": 0,
            }
        )
    run_id = context.run.run_id
    try:
        with nothing_personal(), noted_requests(engine, run_id, "tripletex", client) as asked:
            outcome = register(
                engine,
                client.registration,
                workbench.settings.secret,
                run_id,
                lambda: datetime.now(UTC),
                expected=config.plan or None,
            )
            refresh(engine, datetime.now(UTC))
            rows = count_rows(engine, registration.registration)
    except (PermanentError, RefusedByPolicyError) as error:
        raise dg.Failure(description=str(error), allow_retries=False) from None
    if outcome is None:
        raise dg.Failure(
            description="the plan is another than the one that was looked at, and nothing was sent: look at"
            " `registration_plan` again and give its `plan_hash`",
            allow_retries=False,
        )
    if not outcome.is_complete:
        raise dg.Failure(
            description="Tripletex does not answer; what was not done is done by the next run",
            metadata={"outcomes": markdown_table("outcome", "steps", outcome.counts())},
        )
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": rows,
            "dry_run": False,
            "requests": asked.total(),
            "outcomes": markdown_table("outcome", "steps", outcome.counts()),
            "reasons": markdown_table("reason", "steps", outcome.reasons()),
        }
    )
