"""Shows or carries out one request by its number: the whole of what a job or the command line does.

Results are numbers, paths of files and names of sources; what is personal lies in the files only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from pipelines.privacy.disclosures import note_sent
from pipelines.privacy.subjects import erasure
from pipelines.privacy.subjects.access import Dossier, collect, collect_disclosures
from pipelines.privacy.subjects.access_page import access_page
from pipelines.privacy.subjects.drawer import Drawer
from pipelines.privacy.subjects.finding import Hints, find, find_one
from pipelines.privacy.subjects.handling import (
    Office,
    handle_access,
    handle_disclosures,
    handle_erasure,
    handle_objection,
    handle_rectification,
    handle_release,
    handle_restriction,
    handle_withdrawal,
    receive,
    released_keys,
)
from pipelines.privacy.subjects.propagation import (
    Done,
    HelpScout,
    Step,
    Tripletex,
    plan_corrections,
    plan_propagation,
    propagate,
)
from pipelines.privacy.subjects.receipts import Receipt
from pipelines.privacy.subjects.requests import Request, read_request
from pipelines.privacy.subjects.rights import (
    Corrections,
    RequestKind,
    check_corrections,
    count_objections,
)

_ABOUT_KEYS: frozenset[RequestKind] = frozenset({"objection", "withdrawal", "release"})


@dataclass(frozen=True, slots=True)
class Sources:
    """Clients that can be told of an erasure or a correction; None where a source is not configured."""

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
    """Open a case and keep its hints. Raises HintError before anything is written.

    An objection, its withdrawal and a release are about addresses and numbers; everything else is about one
    person, so it has to be clear of several who (`finding.find_one`).
    """
    with office.engine.connect() as connection:
        (find if kind in _ABOUT_KEYS else find_one)(connection, hints)
    request = receive(office, kind, received_at, now)
    drawer.keep(request.request_id, hints, corrections or {})
    return request


def add_name(drawer: Drawer, request_id: str, name: str) -> None:
    """Say who is asking, in a case that was opened without. Raises DrawerError for one that is answered."""
    drawer.keep(request_id, replace(drawer.hints(request_id), name=name), drawer.corrections(request_id))


def show(office: Office, drawer: Drawer, request_id: str, now: datetime) -> Report:
    """What carrying the request out would do. Changes nothing. Raises CorrectionError as `carry_out`."""
    hints = drawer.hints(request_id)
    steps: tuple[Step, ...] = ()
    with office.engine.connect() as connection:
        request = read_request(connection, request_id)
        match request.kind:
            case "access":
                numbers: Mapping[str, int] = collect(
                    connection, office.policy, hints, now, office.suppression.secrets
                ).counts()
            case "disclosures":
                told = collect_disclosures(connection, office.policy, hints, now).disclosures
                numbers = {"disclosures": len(told)}
            case "erasure":
                plan = erasure.preview(connection, office.policy, hints, now)
                numbers, steps = plan.counts(), plan_propagation(plan)
            case "rectification":
                found, corrections = find_one(connection, hints), drawer.corrections(request_id)
                check_corrections(found, corrections)
                numbers, steps = found.counts(), plan_corrections(corrections)
            case "withdrawal":
                keys = hints.keys() | find(connection, hints).keys
                numbers = {"keys_noted": count_objections(connection, office.secrets, keys)}
            case "release":
                held = office.suppression.contains(connection, released_keys(hints))
                numbers = {"keys_held_back": len(held)}
            case "restriction":
                numbers = find_one(connection, hints).counts()
            case "objection":
                numbers = find(connection, hints).counts()
    return Report(request, False, numbers, told=propagate(steps, helpscout=None, tripletex=None))


def carry_out(
    office: Office, drawer: Drawer, request_id: str, now: datetime, *, sources: Sources | None = None
) -> Report:
    """Carry a request out, write the person's files and the receipt, and throw the hints away.

    `sources` are told of an erasure or a correction where they are given; without them it stays to be done,
    and the same call with them does it later. Safe to call again after a kill. Raises CorrectionError for a
    correction that does not fit the person's records.
    """
    with office.engine.connect() as connection:
        request = read_request(connection, request_id)
    if request.answered_at is not None:
        return Report(request, True, {}, told=_tell(office, drawer, request_id, sources, now))
    hints = drawer.hints(request_id)
    files: list[Path] = []
    match request.kind:
        case "access":
            dossier, receipt = handle_access(office, request, hints, now)
            files += _written(drawer, request_id, "dossier", dossier)
            numbers: Mapping[str, int] = dossier.counts()
        case "erasure":
            with office.engine.connect() as connection:
                plan = erasure.preview(connection, office.policy, hints, now)
            if not drawer.steps(request_id):
                drawer.keep_steps(request_id, plan_propagation(plan))
            plan, receipt = handle_erasure(office, request, hints, now)
            numbers = plan.counts()
        case "disclosures":
            dossier, receipt = handle_disclosures(office, request, hints, now)
            files += _written(drawer, request_id, "disclosures", dossier)
            numbers = _counts(receipt)
        case "restriction":
            receipt = handle_restriction(office, request, hints, now)
            numbers = _counts(receipt)
        case "objection":
            receipt = handle_objection(office, request, hints, now)
            numbers = _counts(receipt)
        case "rectification":
            corrections = drawer.corrections(request_id)
            drawer.keep_steps(request_id, plan_corrections(corrections))
            _, receipt = handle_rectification(office, request, hints, corrections, now)
            numbers = _counts(receipt)
        case "withdrawal":
            receipt = handle_withdrawal(office, request, hints, now)
            numbers = _counts(receipt)
        case "release":
            receipt = handle_release(office, request, hints, now)
            numbers = _counts(receipt)
    files.append(drawer.write(request_id, "receipt.json", receipt.to_json()))
    drawer.forget(request_id, steps=False)
    with office.engine.connect() as connection:
        answered = read_request(connection, request_id)
    told = _tell(office, drawer, request_id, sources, now)
    return Report(answered, True, numbers, tuple(files), told)


def _written(drawer: Drawer, request_id: str, name: str, dossier: Dossier) -> Iterator[Path]:
    """A dossier as data, and as a page in each language."""
    yield drawer.write(request_id, f"{name}.json", dossier.to_json())
    yield drawer.write(request_id, f"{name}.html", access_page(dossier))
    yield drawer.write(request_id, f"{name}.en.html", access_page(dossier, "en"))


def _tell(
    office: Office, drawer: Drawer, request_id: str, sources: Sources | None, now: datetime
) -> tuple[Done, ...]:
    """Tell the sources what is still to be told; a step that failed stays for the next call."""
    steps = drawer.steps(request_id)
    if sources is None:
        return propagate(steps, helpscout=None, tripletex=None)
    told = propagate(
        steps,
        helpscout=sources.helpscout,
        tripletex=sources.tripletex,
        dry_run=False,
        noting=partial(_note, office, request_id, now),
    )
    open_steps = [
        step for step, done in zip(steps, told, strict=True) if done.result in ("failed", "not_configured")
    ]
    if open_steps:
        drawer.keep_steps(request_id, open_steps)
    else:
        drawer.forget(request_id, steps=True)
    return told


def _note(office: Office, request_id: str, now: datetime, step: Step) -> None:
    """The ledger of disclosures, before the step is sent."""
    with office.engine.begin() as connection:
        for sending in step.sendings():
            note_sent(
                connection,
                office.policy,
                sending,
                purpose="accountability",
                records=[(step.source, step.source_id)],
                run_id=request_id,
                now=now,
            )


def _counts(receipt: Receipt) -> Mapping[str, int]:
    counts = receipt.statement["counts"]
    assert isinstance(counts, dict), "receipts state what was done in numbers"
    return counts
