"""Shows or carries out one request by its number: the whole of what a job or the command line does.

Results are numbers, paths of files and names of sources; what is personal lies in the files only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pipelines.privacy.subjects import erasure
from pipelines.privacy.subjects.access import collect
from pipelines.privacy.subjects.drawer import Drawer
from pipelines.privacy.subjects.finding import Hints, find
from pipelines.privacy.subjects.handling import (
    Office,
    handle_access,
    handle_erasure,
    handle_objection,
    handle_rectification,
    handle_restriction,
    receive,
)
from pipelines.privacy.subjects.propagation import (
    Done,
    HelpScout,
    Tripletex,
    plan_propagation,
    propagate,
)
from pipelines.privacy.subjects.receipts import Receipt
from pipelines.privacy.subjects.requests import Request, read_request
from pipelines.privacy.subjects.rights import Corrections, RequestKind


@dataclass(frozen=True, slots=True)
class Sources:
    """Clients that can be told of an erasure; None where a source is not configured."""

    helpscout: HelpScout | None = None
    tripletex: Tripletex | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, or done, for one request."""

    request: Request
    applied: bool
    numbers: Mapping[str, int]
    files: tuple[Path, ...] = ()
    told: tuple[Done, ...] = field(default=())
    """What the sources were told, or would be."""


def open_case(
    office: Office,
    drawer: Drawer,
    kind: RequestKind,
    hints: Hints,
    received_at: datetime,
    now: datetime,
    corrections: Corrections | None = None,
) -> Request:
    """Open a case and keep its hints. Raises HintError before anything is written."""
    hints.keys()
    request = receive(office, kind, received_at, now)
    drawer.keep(request.request_id, hints, corrections or {})
    return request


def show(office: Office, drawer: Drawer, request_id: str, now: datetime) -> Report:
    """What carrying the request out would do. Changes nothing."""
    hints = drawer.hints(request_id)
    with office.engine.connect() as connection:
        request = read_request(connection, request_id)
        if request.kind == "access":
            return Report(
                request,
                False,
                collect(connection, office.policy, hints, now, office.suppression.secrets).counts(),
            )
        if request.kind != "erasure":
            return Report(request, False, find(connection, hints).counts())
        plan = erasure.preview(connection, office.policy, hints, now)
    told = propagate(plan_propagation(plan), helpscout=None, tripletex=None)
    return Report(request, False, plan.counts(), told=told)


def carry_out(
    office: Office, drawer: Drawer, request_id: str, now: datetime, *, sources: Sources | None = None
) -> Report:
    """Carry a request out, write the person's files and the receipt, and throw the hints away.

    `sources` are told of an erasure where they are given; without them it stays to be done, and the same
    call with them does it later. Safe to call again after a kill.
    """
    with office.engine.connect() as connection:
        request = read_request(connection, request_id)
    if request.answered_at is not None:
        return Report(request, True, {}, told=_tell(drawer, request_id, sources))
    hints = drawer.hints(request_id)
    files: list[Path] = []
    match request.kind:
        case "access":
            dossier, receipt = handle_access(office, request, hints, now)
            files.append(drawer.write(request_id, "dossier.json", dossier.to_json()))
            files.append(drawer.write(request_id, "dossier.html", dossier.to_html()))
            numbers: Mapping[str, int] = dossier.counts()
        case "erasure":
            with office.engine.connect() as connection:
                plan = erasure.preview(connection, office.policy, hints, now)
            if not drawer.steps(request_id):
                drawer.keep_steps(request_id, plan_propagation(plan))
            plan, receipt = handle_erasure(office, request, hints, now)
            numbers = plan.counts()
        case "restriction":
            receipt = handle_restriction(office, request, hints, now)
            numbers = _counts(receipt)
        case "objection":
            receipt = handle_objection(office, request, hints, now)
            numbers = _counts(receipt)
        case "rectification":
            _, receipt = handle_rectification(office, request, hints, drawer.corrections(request_id), now)
            numbers = _counts(receipt)
    files.append(drawer.write(request_id, "receipt.json", receipt.to_json()))
    drawer.forget(request_id, steps=False)
    with office.engine.connect() as connection:
        answered = read_request(connection, request_id)
    return Report(answered, True, numbers, tuple(files), _tell(drawer, request_id, sources))


def _tell(drawer: Drawer, request_id: str, sources: Sources | None) -> tuple[Done, ...]:
    """Tell the sources what is still to be told; a step that failed stays for the next call."""
    steps = drawer.steps(request_id)
    if sources is None:
        return propagate(steps, helpscout=None, tripletex=None)
    told = propagate(steps, helpscout=sources.helpscout, tripletex=sources.tripletex, dry_run=False)
    open_steps = [
        step for step, done in zip(steps, told, strict=True) if done.result in ("failed", "not_configured")
    ]
    if open_steps:
        drawer.keep_steps(request_id, open_steps)
    else:
        drawer.forget(request_id, steps=True)
    return told


def _counts(receipt: Receipt) -> Mapping[str, int]:
    counts = receipt.statement["counts"]
    assert isinstance(counts, dict), "receipts state what was done in numbers"
    return counts
