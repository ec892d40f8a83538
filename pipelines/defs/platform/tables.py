"""The registration system's own tables, as external assets: one is expired, the other is never read."""

import dagster as dg

from pipelines.defs.metadata import OWNERS, table_metadata, table_tags
from schemas.tables import platform

ACCESS_LOG, PARTICIPANT_SUBMISSION = (
    dg.AssetSpec(
        key=["platform", table.name],
        group_name="platform",
        description=table.comment,
        owners=OWNERS,
        kinds={"postgres"},
        tags=table_tags(table),
        metadata=table_metadata(table),
    )
    for table in (platform.access_log, platform.participant_submission)
)
