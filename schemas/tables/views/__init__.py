"""Read-only views of the crm schema: part of the read contract, beside the tables that they are made from.

Their columns are declared as those of tables are.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from schemas.tables.base import qualified
from schemas.tables.views.audiences import course_invitations as audience_course_invitations
from schemas.tables.views.audiences import important_updates as audience_important_updates
from schemas.tables.views.audiences import members_of
from schemas.tables.views.base import metadata
from schemas.tables.views.billing import billing, bills
from schemas.tables.views.licenses import license, licenses
from schemas.tables.views.restrictions import restriction, restrictions

__all__ = [
    "AUDIENCES",
    "DEFINITIONS",
    "audience_course_invitations",
    "audience_important_updates",
    "billing",
    "bills",
    "license",
    "licenses",
    "metadata",
    "restriction",
    "restrictions",
]

AUDIENCES: Mapping[str, sa.Table] = {
    "important_updates": audience_important_updates,
    "course_invitations": audience_course_invitations,
}
"""The view of each audience."""

DEFINITIONS: Mapping[str, sa.Select[Any]] = {
    **{qualified(view): members_of(audience) for audience, view in AUDIENCES.items()},
    qualified(license): licenses(),
    qualified(billing): bills(),
    qualified(restriction): restrictions(),
}
"""The query behind each view, by its name (`crm.billing`)."""
