"""`.env.example` documents every variable that there is, and no other."""

from __future__ import annotations

import re

from pipelines.settings import PROJECT, Settings


def test_every_variable_is_documented_and_none_that_is_not_there() -> None:
    documented = set(re.findall(r"^#([A-Z_]+)=", (PROJECT / ".env.example").read_text(), re.MULTILINE))
    known = {name.upper() for name in Settings.model_fields}
    databases = {"DAGSTER_DATABASE_URL", "POSTGRES_PASSWORD", "CRM_PASSWORD", "DAGSTER_PASSWORD"}
    assert documented - known <= databases
    assert known - documented <= {"DAGSTER_HOME"}
