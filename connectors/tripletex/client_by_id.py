"""Reads one object by its id: what a webhook has pointed at. Knows no list and no window."""

from __future__ import annotations

from typing import TypeVar

from connectors.errors import PermanentError
from connectors.fate import Gone
from connectors.pages import Page, read_page
from connectors.tripletex.client_objects import Objects
from schemas.payloads.base import Payload

P = TypeVar("P", bound=Payload)


def by_id(objects: Objects, payload: type[P], path: str, object_id: int) -> Page[P] | Gone:
    """The object as it is now, or that the API no longer has it. A 404 without its code says nothing."""
    try:
        return read_page(payload, [objects.one(payload, path, object_id)])
    except PermanentError as error:
        if error.status != 404:
            raise
    fate = objects.fate(path, object_id)
    return fate if isinstance(fate, Gone) else read_page(payload, [objects.one(payload, path, object_id)])
