"""What a check found: passed or not, why in one sentence, and its numbers. No personal value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of a check. `why` is one sentence that says what to do where it failed."""

    passed: bool
    why: str
    numbers: Mapping[str, int] = field(default_factory=dict)
