"""Who may be written to (clauses S4 and S6): built every night, exported only when somebody asks for it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import sqlalchemy as sa
from pydantic import Field

from pipelines.audiences.build import build_audiences
from pipelines.audiences.export import FOLDER, export_audience, forget_exports
from pipelines.audiences.findings import (
    no_ended_customer,
    nobody_who_objected,
    nobody_whose_address_bounced,
)
from pipelines.defs.audiences.bounces import email_bounces
from pipelines.defs.crm.assets import cards
from pipelines.defs.dropped import folder_sensor
from pipelines.defs.findings import check_result
from pipelines.defs.metadata import OWNERS, markdown_table
from pipelines.defs.resources import Workbench
from pipelines.defs.tables import table_key, table_spec
from pipelines.errors import nothing_personal
from pipelines.store.counts import count_rows
from schemas.tables import audiences, views

_GROUP = "audiences"
_MEMBERS, _CHANGES = audiences.audience_member, audiences.audience_change
_EXCLUSIONS, _PREVIEW = audiences.audience_exclusion, audiences.audience_preview
EXPORT_JOB = "export_audience"
_EXPORT = dg.AssetKey(["audiences", "audience_export"])
_INVITED = table_key(views.audience_course_invitations)
_MEMBER_KEY = table_key(_MEMBERS)


class Building(dg.Config):
    """Launchpad options of the audiences."""

    preview: bool = Field(
        default=False, description="Only tell who would come in or fall out; keep the audiences as they are."
    )


class Exporting(dg.Config):
    """Launchpad options of the export."""

    audience: str = Field(
        default="", description="important_updates or course_invitations; empty: nothing is exported."
    )


@dg.multi_asset(
    name="audiences",
    specs=[
        table_spec(table, _GROUP, deps=[cards, email_bounces])
        for table in (_MEMBERS, _CHANGES, _EXCLUSIONS, _PREVIEW, *views.AUDIENCES.values())
    ],
    check_specs=[
        dg.AssetCheckSpec("no_ended_customer", asset=_MEMBER_KEY, description=no_ended_customer.__doc__),
        dg.AssetCheckSpec(
            "nobody_whose_address_bounced",
            asset=_MEMBER_KEY,
            description=nobody_whose_address_bounced.__doc__,
        ),
        dg.AssetCheckSpec("nobody_who_objected", asset=_INVITED, description=nobody_who_objected.__doc__),
    ],
)
def built_audiences(
    context: dg.AssetExecutionContext, config: Building, workbench: Workbench
) -> Iterator[dg.MaterializeResult]:
    """Works out who may be told of important updates and who may be invited to courses, with the reason."""
    with nothing_personal():
        settings, engine = workbench.settings, workbench.store.crm
        secrets = settings.secrets
        found = build_audiences(
            engine, secrets, context.run.run_id, datetime.now(UTC), keep=not config.preview
        )
        with engine.connect() as connection:
            ended, objected = no_ended_customer(connection), nobody_who_objected(connection, secrets)
            bounced = nobody_whose_address_bounced(connection, secrets)
        rows = {table: count_rows(engine, table) for table in (_MEMBERS, _CHANGES, _EXCLUSIONS, _PREVIEW)}
    rows |= {view: found.members.get(audience, 0) for audience, view in views.AUDIENCES.items()}
    shown: dict[sa.Table, dict[str, Any]] = {
        _MEMBERS: {
            "rows_changed": found.changed,
            "members": markdown_table("audience", "members", found.members),
        },
        _CHANGES: {
            "came_in": markdown_table("audience and reason", "persons", found.came),
            "fell_out": markdown_table("audience and reason", "persons", found.went),
        },
        _EXCLUSIONS: {"left_out": markdown_table("audience and reason", "persons", found.excluded)},
    }
    checked = {
        _MEMBER_KEY: [
            check_result(ended, "no_ended_customer", asset=_MEMBER_KEY),
            check_result(
                bounced, "nobody_whose_address_bounced", dg.AssetCheckSeverity.WARN, asset=_MEMBER_KEY
            ),
        ],
        _INVITED: [check_result(objected, "nobody_who_objected", asset=_INVITED)],
    }
    for table, number in rows.items():
        key = table_key(table)
        yield dg.MaterializeResult(
            asset_key=key,
            metadata={"dagster/row_count": number, "preview": config.preview, **shown.get(table, {})},
            check_results=checked.get(key, []),
        )


@dg.asset(
    key=_EXPORT,
    group_name=_GROUP,
    deps=map(table_key, views.AUDIENCES.values()),
    kinds={"csv"},
    owners=OWNERS,
    tags={"data_class": "controller", "clause/S6": "true"},
)
def audience_exports(
    context: dg.AssetExecutionContext, config: Exporting, workbench: Workbench
) -> dg.MaterializeResult:
    """Writes an audience to a CSV file in DAGSTER_HOME/exports when one is named; removes old exports."""
    folder, now, members = workbench.settings.dagster_home / FOLDER, datetime.now(UTC), 0
    removed = forget_exports(folder, now)
    if config.audience:
        run_id = context.run.run_id
        if config.audience not in views.AUDIENCES:
            raise dg.Failure(
                description=f"audience is none of {', '.join(views.AUDIENCES)}: name one of them",
                allow_retries=False,
            )
        with nothing_personal():
            engine = workbench.store.crm
            # Whoever has objected since last night is not in the file.
            build_audiences(engine, workbench.settings.secrets, run_id, now)
            path, members = export_audience(engine, config.audience, folder, run_id, now)
        context.log.info("%d members written to %s", members, path)
    elif context.run.job_name == EXPORT_JOB:
        context.log.info("no audience is named, so nothing is written: %s", " or ".join(views.AUDIENCES))
    return dg.MaterializeResult(
        metadata={"exported": bool(config.audience), "members": members, "files_removed": removed}
    )


load_bounces = dg.define_asset_job(
    "load_bounces",
    selection=dg.AssetSelection.assets(email_bounces, built_audiences),
    description="Loads the bounce lists that lie in BOUNCES_FOLDER, and works the audiences out anew.",
)
bounce_lists_sensor = folder_sensor("bounce_lists_sensor", load_bounces.name, "bounces_folder")

build = dg.define_asset_job(
    "build_audiences",
    selection=dg.AssetSelection.assets(built_audiences),
    description="Works the audiences out anew; with `preview` it only tells who would come in or fall out.",
)
export = dg.define_asset_job(
    EXPORT_JOB,
    selection=dg.AssetSelection.assets(audience_exports),
    description="Writes the audience that is named to a CSV file, and notes the disclosure of each person.",
)
