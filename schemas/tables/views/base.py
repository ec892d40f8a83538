"""The metadata of views and what their queries share.

Metadata of their own, so that nothing creates, empties or rewrites views as tables.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from schemas.tables.base import NAMING
from schemas.zone import ZONE_NAME

metadata = sa.MetaData(naming_convention=NAMING)

NOW: sa.ColumnElement[Any] = sa.func.now()
"""The instant of a query, where no other is asked about."""


def day_in_norway(moment: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The date in Norway at an instant."""
    return sa.cast(sa.func.timezone(ZONE_NAME, moment), sa.Date())
