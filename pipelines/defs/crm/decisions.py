"""A job for what people know about pairs of records: tried first, applied on request."""

from typing import Literal

import dagster as dg
from pydantic import Field

from pipelines.defs.resources import Workbench
from pipelines.errors import nothing_personal
from pipelines.identity.deciding import Decision, consider, decide


class Pair(dg.Config):
    """Launchpad options of `match_decision`. A key that identifies nobody is told by `make decide`."""

    decision: Literal["same", "different", "withdraw", "preview"] = Field(
        description=(
            "same or different: the two records are one customer, or two. withdraw: take a decision "
            "back. preview: what the next run of the cards would do, for example after a rule was "
            "changed."
        )
    )
    left_source: str = Field(
        default="",
        description="Source entity of the one record, e.g. helpscout_customer (crm.match_review names both).",
    )
    left_id: str = Field(default="", description="Its number at the source.")
    right_source: str = Field(
        default="", description="Source entity of the other record, e.g. course_signup."
    )
    right_id: str = Field(default="", description="Its number at the source.")
    decision_id: int = Field(
        default=0, description="Number of the decision to withdraw (crm.match_decision)."
    )
    reason: str = Field(
        default="", description="Why, kept with the decision. Nothing personal: Dagster keeps what is given."
    )
    apply: bool = Field(
        default=False,
        description=(
            "Write the decision and make the cards anew. Without it, what it would do is shown in numbers."
        ),
    )


@dg.op
def decide_pair(context: dg.OpExecutionContext, config: Pair, workbench: Workbench) -> None:
    """Shows in numbers what a decision would do, or carries it out."""
    withdrawn = [config.decision_id] if config.decision == "withdraw" else []
    decisions = (
        [
            Decision(
                config.decision,
                (config.left_source, config.left_id),
                (config.right_source, config.right_id),
                decided_by="dagster",
                reason=config.reason or None,
            )
        ]
        if config.decision in ("same", "different")
        else []
    )
    applied = config.apply and config.decision != "preview"
    with nothing_personal():
        engine = workbench.store.crm
        if applied:
            report = decide(engine, decisions, context.run.run_id, withdrawn)
        else:
            report = consider(engine, decisions, withdrawn).report
    context.log.info(
        "%s: %d cards merged, %d split, %d rows changed",
        "done" if applied else "would be done",
        report.merged,
        report.split,
        report.changed,
    )


@dg.job(name="match_decision")
def match_decision_job() -> None:
    """Two records are the same customer, or are not: shown, then applied (crm.match_review is the queue)."""
    decide_pair()
