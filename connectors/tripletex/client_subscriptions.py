"""Reads what customers subscribe to: the lines of recurring orders, open and closed.

An order is read whole with its lines, so that both are from one moment.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from connectors.pages import Page
from connectors.tripletex.client_objects import Objects
from connectors.tripletex.client_paging import SeenIds, id_of
from connectors.tripletex.client_windows import EVER, Windows
from schemas.payloads.tripletex import TripletexSubscription

logger = logging.getLogger(__name__)


def all_subscriptions(objects: Objects) -> Iterator[Page[TripletexSubscription]]:
    """The lines of every recurring order, each line once.

    One list holds open and closed orders, as the contract has no default for `isClosed`. Where no closed
    order came, the closed ones are asked for by themselves; should some come then, orders that were
    reopened in between are looked for once more.
    """
    look = _Look(objects)
    yield from look.orders()
    if not look.closed:
        yield from look.orders(isClosed=True)
        if look.closed:
            yield from look.orders()
    if dropped := objects.dropped_rows[TripletexSubscription.source]:
        logger.warning("recurring orders: %d that were not asked for came and were dropped", dropped)


def lines_of(objects: Objects, order_id: int) -> frozenset[int] | None:
    """Ids of the lines of a recurring order; None when the order is gone, or recurs no more."""
    value = objects.found("/order/{id}", order_id, "id,isSubscription,orderLines(id)")
    if value is None or value.get("isSubscription") is False:
        return None
    lines = value.get("orderLines")
    ids = (id_of(line) for line in lines) if isinstance(lines, list) else ()
    return frozenset(number for number in ids if number is not None)


class _Look:
    """One read of the recurring orders, in one or more lists."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._seen = SeenIds()
        self.closed = 0
        """Closed recurring orders that came."""

    def orders(self, **query: object) -> Iterator[Page[TripletexSubscription]]:
        """Those of one list that no list before held."""
        return Windows(
            self._objects,
            TripletexSubscription,
            "/order",
            "orderDate",
            {"isSubscription": True, **query},
            self._is_subscription,
            _lines,
        ).pages(*EVER, self._seen)

    def _is_subscription(self, order: Any) -> bool:
        if not isinstance(order, dict):
            return True
        is_subscription = order.get("isSubscription") is True
        self.closed += is_subscription and order.get("isClosed") is True
        return is_subscription


def _lines(order: Any) -> Iterator[Any]:
    """The order once for each of its lines, with the line in the place of all; null entries are no lines."""
    if not isinstance(order, dict):
        yield order
        return
    lines = order.get("orderLines")
    for line in lines if isinstance(lines, list) else ():
        if line is not None:
            yield {**order, "orderLines": line}
