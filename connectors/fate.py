"""What became of one record at its source: the answer to a question by its id.

A record that is missing from a sweep is only gone when the source says so itself.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Present:
    """The source still has the record."""


@dataclass(frozen=True, slots=True)
class Gone:
    """The source says that it has no such record. A refusal (403) or a failure (5xx) is never this."""


@dataclass(frozen=True, slots=True)
class MovedTo:
    """The record was merged into another one of the same kind."""

    id: int


Fate = Present | Gone | MovedTo
