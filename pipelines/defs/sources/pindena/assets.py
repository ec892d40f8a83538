"""Pindena's own registration system (clauses S2 and S4): own courses and own forms, nobody else's."""

from connectors.pindena.client import PindenaClient
from pipelines.defs.sources.landing_asset import ERROR, Check, landing_asset
from pipelines.sources import pindena
from pipelines.sources.activities import every_activity_read
from pipelines.sources.reading import Desk, Run
from pipelines.store.tally import Tally
from schemas.payloads.pindena import CourseSignup, OrderForm

_ALSO = (Check(every_activity_read, ERROR),)


@landing_asset(CourseSignup, name="course_signups", partitioned=True, also_checked=_ALSO)
def course_signups(desk: Desk, client: PindenaClient, run: Run) -> Tally:
    """One row per sign-up for an own course: name, company, e-mail and phone number."""
    return pindena.read_course_signups(desk, client, run)


@landing_asset(OrderForm, name="order_forms", partitioned=True, also_checked=_ALSO)
def order_forms(desk: Desk, client: PindenaClient, run: Run) -> Tally:
    """One row per sample-solution or order form that was sent in."""
    return pindena.read_order_forms(desk, client, run)
