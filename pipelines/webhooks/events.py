"""Which source entity an event of a webhook is about. Events about anything else mark nothing."""

from __future__ import annotations

from collections.abc import Mapping

_ENTITIES: Mapping[str, Mapping[str, str]] = {
    "helpscout": {"customer": "helpscout_customer", "convo": "helpscout_conversation"},
    "tripletex": {
        "customer": "tripletex_customer",
        "contact": "tripletex_contact",
        "invoice": "tripletex_invoice",
    },
}
"""By system and by the first word of the event (`customer.updated`, `convo.agent.reply.created`)."""


def source_of(system: str, event: str) -> str | None:
    """The source entity whose records the event names; None where nothing of it is read."""
    return _ENTITIES.get(system, {}).get(event.partition(".")[0])
