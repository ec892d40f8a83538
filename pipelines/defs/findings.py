"""Findings of plain functions as Dagster shows them."""

import dagster as dg

from pipelines.findings import Finding


def check_result(
    finding: Finding,
    name: str | None = None,
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR,
    *,
    asset: dg.AssetKey | None = None,
) -> dg.AssetCheckResult:
    """A finding as an asset check's result; `name` and `asset` where one step evaluates several."""
    return dg.AssetCheckResult(
        passed=finding.passed,
        asset_key=asset,
        check_name=name,
        severity=severity,
        description=finding.why,
        metadata=dict(finding.numbers),
    )
