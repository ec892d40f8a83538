"""Signs that the matching went astray: too much on one card, too little brought together, too much undecided.

They warn. What must not be published at all is refused before it is written (`publish.Limits`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.findings import Finding
from pipelines.identity.overview import Overview, Sizes

PERSON_RECORDS = 200
"""Source records on a person's card from which it is looked at: hardly anybody leaves so many."""
ORGANIZATION_SHARE, ENOUGH_RECORDS = 0.2, 1_000
"""Part of all organisations' records on one card from which it is looked at, once there are enough."""
SINGLETON_RISE, ENOUGH_CARDS = 0.05, 100
"""Rise, in a week, of the share of cards with one record, and the fewest cards of which a share is taken."""
REVIEW_GROWTH, REVIEW_PAIRS = 0.5, 50
"""Growth of the queue in a week, as a share and in pairs; both must be exceeded."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """The numbers of about a week ago."""

    singleton_shares: Mapping[str, float]
    """For `person` and `organization`: cards with one record among all, 0 to 1."""
    reviews: int


def largest_card(now: Overview) -> Finding:
    """No card holds more source records than one customer is likely to leave."""
    person, organization = now.sizes["person"], now.sizes["organization"]
    numbers = {"person": person.most, "organization": organization.most}
    too_large = []
    if person.most > PERSON_RECORDS:
        too_large.append(f"person {person.largest[0][0]} with {person.most:,}")
    part = ORGANIZATION_SHARE * organization.records
    if organization.records >= ENOUGH_RECORDS and organization.most > part:
        too_large.append(f"organization {organization.largest[0][0]} with {organization.most:,}")
    if not too_large:
        return Finding(True, "no card is suspiciously large", numbers)
    return Finding(
        False,
        f"many source records on one card: {'; '.join(too_large)}. crm.match_link tells what holds it"
        ' together; take a key that many share out by `make decide ARGS="not-identifying …"`',
        numbers,
    )


def share_of_singletons(now: Overview, earlier: Earlier | None) -> Finding:
    """The share of cards with one record only has not jumped: what belonged together still meets."""
    numbers = {entity: sizes.singletons for entity, sizes in now.sizes.items()}
    if earlier is None:
        return Finding(True, "nothing to compare with yet", numbers)
    jumped = [
        f"{entity}: {before:.0%} to {sizes.singleton_share:.0%}"
        for entity, sizes in now.sizes.items()
        if (before := earlier.singleton_shares.get(entity)) is not None and _jumped(before, sizes)
    ]
    if not jumped:
        return Finding(True, "as many cards as before have more than one record", numbers)
    return Finding(
        False,
        f"far more cards than a week ago have one record only ({', '.join(jumped)}): did a source stop"
        " sending e-mail addresses, phones or organisation numbers, or was a source added?",
        numbers,
    )


def review_queue_growth(waiting: int, earlier: Earlier | None) -> Finding:
    """The pairs that wait for a person have not become many more within a week."""
    numbers = {"waiting": waiting}
    if earlier is None:
        return Finding(True, "nothing to compare with yet", numbers)
    numbers["a_week_ago"] = earlier.reviews
    grown = waiting - earlier.reviews
    if grown <= max(REVIEW_PAIRS, REVIEW_GROWTH * earlier.reviews):
        return Finding(True, "the queue has not grown much", numbers)
    return Finding(
        False,
        f"{grown:,} more pairs than a week ago wait for a person: `make decide ARGS=list` shows them",
        numbers,
    )


def _jumped(before: float, now: Sizes) -> bool:
    return now.cards >= ENOUGH_CARDS and now.singleton_share > before + SINGLETON_RISE
