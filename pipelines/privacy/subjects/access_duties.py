"""What a person is told of the duties that keep their data past its period, or from erasure.

The law of a duty that policy.yaml declares, in its words, and until when. Never the case: a hold's reason,
and a basis that is not declared, are an operator's text, and a pending case may not be given away.
"""

from __future__ import annotations

from collections.abc import Iterable

from pipelines.privacy.holds import RowHold, last_day, longest_first
from schemas.policy import Bilingual, Policy


def duties_told(policy: Policy, holds: Iterable[RowHold]) -> tuple[Bilingual, ...]:
    """A sentence or two for each duty behind some holds on the same data, the longest first, each once."""
    return tuple(dict.fromkeys(_told(policy, hold) for hold in longest_first(holds)))


def told_of_basis(policy: Policy, basis: str) -> str:
    """What will be told of a hold with that basis, for the one who is about to set it."""
    duty = policy.duty_of(basis)
    if duty is None:
        return (
            "Whoever asks is told of a duty, and not which: none under duties in policy.yaml has that basis"
        )
    if duty.withheld is not None:
        return f"Whoever asks is not told which duty it is ({duty.withheld.en})"
    return f"Whoever asks is told: {duty.text.en}"


def _told(policy: Policy, hold: RowHold) -> Bilingual:
    duty = policy.duty_of(hold.basis)
    if duty is None:
        return Bilingual(
            nb="En plikt til å beholde, eller et rettskrav. Spør oss om hvilken.",
            en="A duty to keep, or a legal claim. Ask us which.",
        )
    if duty.withheld is not None:
        return Bilingual(
            nb=f"Mer kan det ikke opplyses om ({duty.withheld.nb}).",
            en=f"No more may be told ({duty.withheld.en}).",
        )
    day = last_day(hold.until)
    how_long_nb = f"til og med {day:%d.%m.%Y}" if day else "så lenge plikten varer"
    how_long_en = f"until the end of {day:%Y-%m-%d}" if day else "as long as the duty lasts"
    return Bilingual(nb=f"{duty.text.nb}. Beholdes {how_long_nb}.", en=f"{duty.text.en}. Kept {how_long_en}.")
