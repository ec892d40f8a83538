"""The registration system's own tables, as external assets: one is expired, the other is never read."""

from pipelines.defs.tables import table_spec
from schemas.tables import platform

ACCESS_LOG = table_spec(platform.access_log, "platform")
PARTICIPANT_SUBMISSION = table_spec(platform.participant_submission, "platform")
