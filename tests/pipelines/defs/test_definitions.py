"""What a reader of the Dagster UI is told about every asset, and that it loads without any setting."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pipelines.settings import Settings
from schemas.policy import load_policy
from schemas.tables import all_tables, qualified

ROOT = Path(__file__).parents[3]

# Names that say nothing on a node of the graph, which shows the last part of a key and no more.
SAYS_NOTHING = {"api", "contacts", "customers", "data", "forms", "items", "rows", "table", "units", "users"}

_IMPORT_EVERYTHING = """
import importlib, pkgutil, warnings
import dagster as dg
import pipelines.defs
warnings.simplefilter("error", DeprecationWarning)
warnings.simplefilter("error", dg.SupersessionWarning)
warnings.filterwarnings("ignore", message="The `__fields__` attribute", module="dagster_shared")
names = [module.name for module in pkgutil.walk_packages(pipelines.defs.__path__, "pipelines.defs.")]
for name in names:
    importlib.import_module(name)
from pipelines.definitions import defs
dg.Definitions.validate_loadable(defs())
print(len(names))
"""


def test_the_definitions_load_with_nothing_configured_and_nothing_deprecated(tmp_path: Path) -> None:
    """In a process of its own: modules imported before would not warn again."""
    unset = {name.upper() for name in Settings.model_fields}
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    done = subprocess.run(
        [sys.executable, "-c", _IMPORT_EVERYTHING],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 15


def _specs(definitions: dg.Definitions) -> list[dg.AssetSpec]:
    return list(definitions.resolve_all_asset_specs())


def test_every_asset_says_what_it_is_whose_it_is_and_what_class_of_data_it_holds(
    definitions: dg.Definitions,
) -> None:
    classes = {"controller", "processor", "system"}
    lacking = {
        spec.key.to_user_string(): missing
        for spec in _specs(definitions)
        if (
            missing := [
                name
                for name, there in (
                    ("description", spec.description),
                    ("owner", spec.owners),
                    ("kind", spec.kinds),
                    ("group", spec.group_name not in (None, "default")),
                    ("data class", spec.tags.get("data_class") in classes),
                )
                if not there
            ]
        )
    }
    assert lacking == {}


def _options(definitions: dg.Definitions) -> dict[str, str | None]:
    """What launchpads ask, as `job.step.option`, with what they say of it."""
    return {
        f"{job.name}.{step}.{name}": option.description
        for job in definitions.get_repository_def().get_all_jobs()
        for step, node in job.run_config_schema.config_type.fields["ops"].config_type.fields.items()  # type: ignore[attr-defined]  # the root of a run's configuration has fields
        if (config := node.config_type.fields.get("config")) is not None
        for name, option in getattr(config.config_type, "fields", {}).items()
    }


def test_every_option_of_a_launchpad_says_what_it_does(definitions: dg.Definitions) -> None:
    options = _options(definitions)
    assert "legal_hold.keep_or_let_go.until" in options
    assert [name for name, description in options.items() if not description] == []


def test_every_job_schedule_and_sensor_says_what_it_does(definitions: dg.Definitions) -> None:
    repository = definitions.get_repository_def()
    shown: tuple[Any, ...] = (
        *(job for job in repository.get_all_jobs() if not job.name.startswith("__")),
        *repository.schedule_defs,
        *repository.sensor_defs,
    )
    assert len(shown) > 20
    assert [one.name for one in shown if not one.description] == []


def test_a_node_can_be_told_by_the_last_part_of_its_key(definitions: dg.Definitions) -> None:
    names = Counter(spec.key.path[-1] for spec in _specs(definitions))
    assert [name for name, number in names.items() if number > 1] == []
    assert names.keys() & SAYS_NOTHING == set()


def test_the_shown_columns_of_every_table_are_those_it_has_with_their_categories(
    definitions: dg.Definitions,
) -> None:
    tables = {qualified(table): table for table in all_tables()}
    shown = {
        str(spec.metadata["dagster/table_name"]): spec.metadata["dagster/column_schema"]
        for spec in _specs(definitions)
        if "dagster/table_name" in spec.metadata
    }
    for name, schema in shown.items():
        assert isinstance(schema, dg.TableSchema)
        assert [(column.name, column.tags.get("category")) for column in schema.columns] == [
            (column.name, column.info["category"]) for column in tables[name].columns
        ]
        assert all(column.description for column in schema.columns), name
    types = {column.name: column.type for column in shown["crm.identity_event"].columns}
    assert (types["event_id"], types["entity_id"], types["occurred_at"]) == ("bigint", "uuid", "timestamptz")


def test_every_table_of_landing_crm_and_platform_is_an_asset(definitions: dg.Definitions) -> None:
    """What a read notes down for itself is told on the assets that it is kept for."""
    bookkeeping = {
        f"landing.{name}" for name in "activity cursor load rejected brreg_name webhook_mark world".split()
    }
    shown = {spec.metadata.get("dagster/table_name") for spec in _specs(definitions)}
    wanted = {qualified(table) for table in all_tables() if table.schema in ("landing", "crm", "platform")}
    assert wanted - shown - bookkeeping == set()


def test_classes_and_clauses_of_a_table_are_those_of_the_policy(definitions: dg.Definitions) -> None:
    data = load_policy().data
    for spec in _specs(definitions):
        table = spec.metadata.get("dagster/table_name")
        if table is None:
            continue
        clauses = {tag.removeprefix("clause/") for tag in spec.tags if tag.startswith("clause/")}
        assert (spec.tags["data_class"], clauses) == (data[table].data_class, set(data[table].clauses)), table


def test_groups_are_never_left_and_entered_again(definitions: dg.Definitions) -> None:
    """Collapsed to boxes, the graph reads in one direction: no arrow returns to a group it came from.

    The privacy group reads and writes the registration system's log, which has a group of its own.
    """
    graph = definitions.resolve_asset_graph()
    arrows: dict[str, set[str]] = {}
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        for parent in node.parent_keys:
            source, target = str(graph.get(parent).group_name), str(node.group_name)
            if source != target:
                arrows.setdefault(source, set()).add(target)

    def reachable(start: str) -> set[str]:
        met, edge = set(), set(arrows.get(start, ()))
        while edge:
            met |= edge
            edge = {far for near in edge for far in arrows.get(near, ())} - met
        return met

    assert [group for group in arrows if group in reachable(group)] == []


def test_every_windowed_asset_shares_one_partitions_definition_and_backfills_in_one_run(
    definitions: dg.Definitions,
) -> None:
    graph = definitions.resolve_asset_graph()
    partitioned = [graph.get(key) for key in graph.get_all_asset_keys() if graph.get(key).is_partitioned]
    assert len(partitioned) == 5
    assert len({id(node.partitions_def) for node in partitioned}) == 1
    assert {node.backfill_policy for node in partitioned} == {dg.BackfillPolicy.single_run()}


@pytest.mark.parametrize("job", ["nightly", "retention"])
def test_a_job_runs_in_one_process(definitions: dg.Definitions, job: str) -> None:
    """A process for each step costs three seconds of CPU and shares nothing."""
    assert definitions.resolve_job_def(job).executor_def == dg.in_process_executor


def test_the_nightly_job_makes_every_asset_that_can_be_made(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    made = definitions.resolve_job_def("nightly").asset_layer.selected_asset_keys
    marked = {key for key in graph.materializable_asset_keys if graph.get(key).group_name == "webhooks"}
    assert {key.path[-1] for key in marked} == {"helpscout_marked", "tripletex_marked"}
    assert set(graph.materializable_asset_keys) - marked == set(made)


def test_what_people_rely_on_has_a_deadline_in_the_morning(definitions: dg.Definitions) -> None:
    """Sources have none: a deadline is of an asset, and says nothing of the day that is missing."""
    graph = definitions.resolve_asset_graph()
    made = graph.materializable_asset_keys
    due = {key: graph.get(key).freshness_policy for key in made}
    relied_on = {key for key in made if graph.get(key).group_name in ("crm", "privacy")}
    assert {key for key, policy in due.items() if policy is not None} == relied_on
    assert len({policy for policy in due.values() if policy is not None}) == 1


def test_the_cards_are_rebuilt_only_when_every_read_adds_up(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    landing = {
        key
        for key in graph.materializable_asset_keys
        if str(graph.get(key).metadata.get("dagster/table_name")).startswith("landing.")
    }
    blocking = {
        check.asset_key
        for check in graph.asset_check_keys
        if check.name == "adds_up" and graph.get(check).blocking
    }
    assert landing == blocking
