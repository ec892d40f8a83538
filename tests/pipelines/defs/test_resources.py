"""No asset's value is ever written to a file, and what a run opened is closed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from pipelines.defs.resources import NoFiles, Workbench
from pipelines.settings import ConfigurationError


def materialize(asset: dg.AssetsDefinition, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        [asset], instance=instance, resources={"io_manager": NoFiles()}, raise_on_error=False
    )


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("value", [pd.DataFrame({"email": ["kari@example.no"]}), "kari@example.no", 0, []])
def test_an_asset_that_returns_a_value_fails_and_leaves_no_file(
    value: Any, instance: dg.DagsterInstance
) -> None:
    @dg.asset
    def careless() -> Any:
        return value

    done = materialize(careless, instance)
    assert not done.success
    assert files_below(Path(instance.storage_directory())) == []
    [failure] = done.get_step_failure_events()
    assert failure.step_failure_data.user_failure_data is not None
    description = str(failure.step_failure_data.user_failure_data.description)
    assert "careless returned a value" in description
    assert "kari" not in description


def test_an_asset_that_returns_what_dagster_shows_passes(instance: dg.DagsterInstance) -> None:
    @dg.asset
    def careful() -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster reads the bare annotation
        return dg.MaterializeResult(metadata={"dagster/row_count": 3})

    assert materialize(careful, instance).success


def test_an_asset_that_returns_nothing_passes(instance: dg.DagsterInstance) -> None:
    @dg.asset
    def silent() -> None:
        """Writes to the store itself."""

    assert materialize(silent, instance).success


def test_a_source_that_is_not_configured_has_no_client(nothing_configured: None) -> None:
    workbench = Workbench()
    assert [workbench.client(system) for system in ("helpscout", "tripletex", "brreg", "pindena")] == [
        None
    ] * 4


def test_faulty_configuration_is_told_in_one_line_when_it_is_first_needed(
    nothing_configured: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELPSCOUT_URL", "somewhere")
    workbench = Workbench()
    with pytest.raises(ConfigurationError, match=r"^HELPSCOUT_URL "):
        workbench.client("helpscout")
