"""The audiences as Dagster runs them: one step, several assets, and a check on the right one of them."""

from __future__ import annotations

import dagster as dg

from pipelines.defs.audiences.assets import built_audiences
from pipelines.defs.resources import NoFiles, Workbench


def test_a_night_builds_the_audiences_and_checks_each_where_it_belongs(
    only_a_store: None, instance: dg.DagsterInstance
) -> None:
    resources = {"workbench": Workbench(), "io_manager": NoFiles()}
    result = dg.materialize([built_audiences], instance=instance, resources=resources)
    checks = {one.check_name: (one.asset_key, one.passed) for one in result.get_asset_check_evaluations()}
    assert checks == {
        "no_ended_customer": (dg.AssetKey(["crm", "audience_member"]), True),
        "nobody_who_objected": (dg.AssetKey(["crm", "audience_course_invitations"]), True),
    }
