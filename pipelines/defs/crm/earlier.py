"""The matching's numbers of about a week ago, out of Dagster's own history of the cards."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from pipelines.defs.metadata import SINGLETON_SHARE
from pipelines.identity.findings import Earlier

_REVIEWS = "reviews"
_WEEK = timedelta(days=7)


def earlier(instance: dg.DagsterInstance, cards: dg.AssetKey) -> Earlier | None:
    """Those of the first run of the last seven days; None when there was none."""
    since = (datetime.now(UTC) - _WEEK).timestamp()
    records = instance.fetch_materializations(
        dg.AssetRecordsFilter(cards, after_timestamp=since), limit=1, ascending=True
    ).records
    made = records[0].asset_materialization if records else None
    if made is None:
        return None
    metadata = made.metadata
    shares = {
        entity: value.value
        for entity, name in SINGLETON_SHARE.items()
        if isinstance(value := metadata.get(name), dg.FloatMetadataValue) and value.value is not None
    }
    reviews = metadata.get(_REVIEWS)
    if not isinstance(reviews, dg.IntMetadataValue) or reviews.value is None:
        return None
    return Earlier(shares, reviews.value)
