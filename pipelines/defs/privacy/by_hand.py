"""Jobs for what people decide about keeping: legal holds, customers' instructions, the end of a restriction.

Each only shows what it would do until `apply` is given. `make privacy` does the same, and lists them.
"""

from datetime import UTC, datetime
from typing import Literal

import dagster as dg
from pydantic import Field

from pipelines.defs.days import day_of
from pipelines.defs.resources import Workbench
from pipelines.errors import nothing_personal
from pipelines.privacy import holds_legal, instructions, submissions
from pipelines.privacy.periods import midnight
from pipelines.privacy.subjects import rights
from pipelines.workbench import keep_ledger_copy, make_platform
from schemas.policy import load_policy

_BY = "dagster"


class HoldAsked(dg.Config):
    """Launchpad options of `legal_hold`."""

    act: Literal["set", "lift"] = Field(
        default="set",
        description="set: keep rows. lift: end the hold with the number `hold_id`, giving `reason`.",
    )
    data: str = Field(
        default="",
        description=(
            "Table whose rows are kept, e.g. landing.tripletex_invoice; for a card crm.person, "
            "crm.organization."
        ),
    )
    column: str = Field(
        default="", description="Column that names the rows, e.g. customer_id; empty: the table's key."
    )
    value: str = Field(
        default="",
        description="Its value, a number or the card's id; `*` in both keeps all rows of the table.",
    )
    basis: str = Field(
        default="", description="The duty to keep: a paragraph of a law, an order. Nothing personal."
    )
    reason: str = Field(
        default="",
        description=(
            "The case; when it is lifted, why the duty has ended. Nothing personal: Dagster keeps "
            "what is given."
        ),
    )
    until: str = Field(
        default="", description="Last day in Norway, e.g. 2031-12-31; empty: until it is lifted."
    )
    hold_id: int = Field(default=0, description="Number of the hold to lift (privacy.hold).")
    apply: bool = Field(
        default=False, description="Do it. Without it, what would be done is shown in numbers."
    )


class InstructionAsked(dg.Config):
    """Launchpad options of `customer_instruction`."""

    act: Literal["record", "withdraw", "handed_over"] = Field(
        default="record",
        description=(
            "record: a new instruction. withdraw: take one back. handed_over: what was to be returned"
            " has been."
        ),
    )
    kind: Literal["delete", "return"] = Field(
        default="delete",
        description=(
            "What is to be done with what participants submitted: delete it, or return it and delete it then."
        ),
    )
    customer_org: str = Field(
        default="", description="Customer who instructs, as the registration system names it."
    )
    activity_id: int = Field(default=0, description="Its event; 0: all of its events.")
    submitted_before: str = Field(
        default="", description="Day in Norway, e.g. 2026-11-01: what was submitted before it is meant."
    )
    document: str = Field(
        default="", description="Where what the customer wrote is kept, e.g. arkiv/2026/17."
    )
    instruction_id: int = Field(
        default=0,
        description="Number of the instruction that is withdrawn, or whose submissions were handed over.",
    )
    apply: bool = Field(
        default=False, description="Record it. Without it, what it is about is shown in numbers."
    )


class LiftingAsked(dg.Config):
    """Launchpad options of `lift_restriction`."""

    request_id: str = Field(description="Number of the request that the restriction came from.")
    person_was_told: str = Field(
        description="Day in Norway on which the person was told that it will be lifted (GDPR art. 18(3))."
    )
    apply: bool = Field(
        default=False, description="Lift it. Without it, what would be done is shown in numbers."
    )


@dg.op
def keep_or_let_go(context: dg.OpExecutionContext, config: HoldAsked, workbench: Workbench) -> None:
    """Sets a legal hold, or lifts one."""
    now, until = datetime.now(UTC), day_of(config.until, "until") if config.until else None
    with nothing_personal(), workbench.store.crm.begin() as connection:
        if config.act == "lift":
            holds_legal.lift_legal_hold(
                connection, config.hold_id, because=config.reason, lifted_by=_BY, now=now
            )
            number, kept = config.hold_id, {}
        else:
            wanted = holds_legal.Wanted(
                config.data,
                config.column or holds_legal.key_of(config.data),
                config.value,
                config.basis,
                config.reason,
                until,
            )
            platform = make_platform(workbench.settings, workbench.store)
            number = holds_legal.set_legal_hold(
                connection, load_policy(), wanted, set_by=_BY, now=now, platform=platform
            )
            kept = holds_legal.rows_meant(connection, wanted)
        if not config.apply:
            connection.rollback()
    for data, rows in kept.items():
        context.log.info("%d rows of %s", rows, data)
    _finish(context, workbench, config.apply, f"hold {number} {config.act}" if config.apply else config.act)


@dg.op
def note_instruction(context: dg.OpExecutionContext, config: InstructionAsked, workbench: Workbench) -> None:
    """Records what a customer instructed about its participants' submissions, or what became of it."""
    now, number = datetime.now(UTC), config.instruction_id
    before = day_of(config.submitted_before, "submitted_before") if config.act == "record" else None
    with nothing_personal(), workbench.store.crm.begin() as connection:
        if before is not None:
            number = instructions.record_instruction(
                connection,
                customer_org=config.customer_org,
                activity_id=config.activity_id or None,
                submitted_before=midnight(before),
                document=config.document,
                received_at=now,
                kind=config.kind,
                recorded_by=_BY,
            )
            if (platform := make_platform(workbench.settings, workbench.store)) is not None:
                one = instructions.read_instruction(connection, number)
                submissions.check_named(platform, one)
                meant = submissions.preview(platform, one)
                context.log.info("%d submissions are meant now", meant)
        elif config.act == "withdraw":
            instructions.withdraw(connection, number, config.document, now)
        else:
            instructions.note_handed_over(connection, number, config.document, now)
        if not config.apply:
            connection.rollback()
    told = f"instruction {number} {config.act}" if config.apply else config.act
    _finish(context, workbench, config.apply, told)


@dg.op
def end_restriction(context: dg.OpExecutionContext, config: LiftingAsked, workbench: Workbench) -> None:
    """Lifts the restriction of a request; the person has been told."""
    now, told_on = datetime.now(UTC), day_of(config.person_was_told, "person_was_told")
    with nothing_personal(), workbench.store.crm.begin() as connection:
        lifted = rights.lift_restriction(connection, config.request_id, now, told_on=told_on, lifted_by=_BY)
        if not config.apply:
            connection.rollback()
    _finish(context, workbench, config.apply, f"{lifted} records in use again")


@dg.job(name="legal_hold")
def legal_hold_job() -> None:
    """Keeps rows, a card or all of a table past their period because of a duty, or lifts such a hold."""
    keep_or_let_go()


@dg.job(name="customer_instruction")
def customer_instruction_job() -> None:
    """What a customer instructed about its participants' submissions (GDPR art. 28(3)(a) and (g))."""
    note_instruction()


@dg.job(name="lift_restriction")
def lift_restriction_job() -> None:
    """Ends the restriction of a request, after the person was told (GDPR art. 18(3))."""
    end_restriction()


def _finish(context: dg.OpExecutionContext, workbench: Workbench, applied: bool, what: str) -> None:
    """Say what was done, and copy it to a place apart: a restored backup is older."""
    if applied:
        with nothing_personal():
            keep_ledger_copy(workbench.settings, workbench.store)
    context.log.info("%s: %s", "done" if applied else "would be done", what)
