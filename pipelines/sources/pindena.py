"""Reads the own registration system: sign-ups for own courses, and order forms (clauses S2 and S4)."""

from __future__ import annotations

from connectors.pindena.client import PindenaClient
from pipelines.sources.reading import Desk, Run, land, since, until
from pipelines.store.landing import Tally
from schemas.payloads.pindena import CourseSignup, OrderForm


def read_course_signups(desk: Desk, client: PindenaClient, run: Run) -> Tally:
    """Sign-ups for the configured courses updated since the last read; all of them on the first."""
    start = since(desk, CourseSignup.source, run)
    pages = client.course_signups(updated_after=start, updated_before=until(run))
    return land(desk, run, CourseSignup, pages, client, start=start)


def read_order_forms(desk: Desk, client: PindenaClient, run: Run) -> Tally:
    """Forms of the configured order activities updated since the last read; all of them on the first."""
    start = since(desk, OrderForm.source, run)
    pages = client.order_forms(updated_after=start, updated_before=until(run))
    return land(desk, run, OrderForm, pages, client, start=start)
