"""The view of what may not be used for now (GDPR art. 18), as current as the restrictions are."""

from pipelines.defs.crm.assets import SOURCE_LINK
from pipelines.defs.tables import table_spec
from schemas.tables import views

RESTRICTION = table_spec(views.restriction, "privacy", deps=[SOURCE_LINK])
