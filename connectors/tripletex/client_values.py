"""Reads a list by a parameter that takes many values at once (ids, numbers), as many as a query holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from connectors.errors import PermanentError
from connectors.tripletex.client_objects import TOO_MANY_ROWS

VALUES_PER_REQUEST = 400
"""Values in one query: about 5,000 characters, below what web servers accept of a request line."""

_URL_TOO_LONG = (400, 413, 414, 431)

T = TypeVar("T")


def in_parts(read: Callable[[Sequence[int]], Iterator[T]], values: Sequence[int]) -> Iterator[T]:
    """What `read` gives for the values, some of them at a time.

    A query that is too long, or matches too many, is halved: then something may come twice. Raises
    PermanentError when a single value is refused.
    """
    for place in range(0, len(values), VALUES_PER_REQUEST):
        yield from _part(read, values[place : place + VALUES_PER_REQUEST])


def listed(values: Sequence[int]) -> str:
    """The values as the API takes them: `17,18,19`."""
    return ",".join(map(str, values))


def _part(read: Callable[[Sequence[int]], Iterator[T]], values: Sequence[int]) -> Iterator[T]:
    try:
        yield from read(values)
    except PermanentError as error:
        is_too_much = error.code == TOO_MANY_ROWS or error.status in _URL_TOO_LONG
        if not is_too_much or len(values) == 1:
            raise
        middle = len(values) // 2
        yield from _part(read, values[:middle])
        yield from _part(read, values[middle:])
