"""Requests of data subjects: a job that carries one out by its number, and a check of the deadlines.

Who asks is never in the configuration: `make subject ARGS="open …"` keeps it in a file until the answer.
"""

from collections import Counter
from datetime import UTC, datetime

import dagster as dg
from pydantic import Field

from pipelines.defs.findings import check_result
from pipelines.defs.metadata import OWNERS, markdown_table
from pipelines.defs.partitions import BY_MORNING
from pipelines.defs.resources import Workbench
from pipelines.defs.tables import table_metadata, table_tags
from pipelines.errors import nothing_personal
from pipelines.privacy.subjects.deadlines import answered_in_time
from pipelines.privacy.subjects.drawer import Drawer
from pipelines.privacy.subjects.requests import unanswered
from pipelines.privacy.subjects.service import carry_out, show
from pipelines.store.counts import count_rows
from pipelines.workbench import SUBJECT_FILES, make_office, told_sources
from schemas.tables.privacy import subject_request
from schemas.zone import OSLO

_REQUESTS = dg.AssetKey(["privacy", "subject_requests"])


class Asked(dg.Config):
    """Launchpad options of `subject_request`."""

    request_id: str = Field(description='Number of the request, as `make subject ARGS="open …"` printed it.')
    apply: bool = Field(
        default=False, description="Carry it out. Without it, what would be done is shown in numbers."
    )
    tell_sources: bool = Field(
        default=False,
        description=(
            "After an erasure or a rectification, also delete, blank or correct at Help Scout and Tripletex."
        ),
    )


@dg.op
def answer_request(context: dg.OpExecutionContext, config: Asked, workbench: Workbench) -> None:
    """Shows in numbers what a request would do, or carries it out."""
    with nothing_personal():
        settings, now = workbench.settings, datetime.now(UTC)
        office = make_office(settings, workbench.store, now)
        drawer = Drawer(settings.dagster_home / SUBJECT_FILES)
        if config.apply:
            with told_sources(
                settings, workbench.store, config.request_id, tell=config.tell_sources
            ) as sources:
                report = carry_out(office, drawer, config.request_id, now, sources=sources)
        else:
            report = show(office, drawer, config.request_id, now)
    context.log.info("%s: %s", report.request.kind, "done" if report.applied else "would be done")
    for name, number in report.numbers.items():
        context.log.info("%d %s", number, name)
    for done in report.told:
        context.log.info("%s: %s %s", done.source, done.action, done.result)
    if any(done.result == "failed" for done in report.told):
        raise dg.Failure("a source was not told: run the job again with tell_sources", allow_retries=False)


@dg.job(name="subject_request")
def subject_request_job() -> None:
    """Answers one request of a data subject (GDPR art. 15 to 21) by its number."""
    answer_request()


@dg.asset(
    key=_REQUESTS,
    group_name="privacy",
    kinds={"policy", "postgres"},
    owners=OWNERS,
    freshness_policy=BY_MORNING,
    tags=table_tags(subject_request),
    metadata=table_metadata(subject_request),
    check_specs=[
        dg.AssetCheckSpec("answered_in_time", asset=_REQUESTS, description=answered_in_time.__doc__)
    ],
)
def subject_requests(workbench: Workbench) -> dg.MaterializeResult:
    """One row per request of a data subject, without a name; files older than 30 days are removed."""
    now = datetime.now(UTC)
    with nothing_personal():
        drawer = Drawer(workbench.settings.dagster_home / SUBJECT_FILES)
        removed, untold = drawer.purge(now), drawer.untold(now)
        with workbench.store.crm.connect() as connection:
            waiting = unanswered(connection)
        rows = count_rows(workbench.store.crm, subject_request)
    finding = answered_in_time(waiting, now.astimezone(OSLO).date(), untold)
    kinds = Counter(str(request.kind) for request in waiting)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": rows,
            "open": len(waiting),
            "not_told": untold,
            "files_removed": removed,
            "open_by_kind": markdown_table("kind", "open", kinds),
        },
        check_results=[check_result(finding, "answered_in_time")],
    )
