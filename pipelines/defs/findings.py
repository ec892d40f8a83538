"""Findings of plain functions as Dagster shows them."""

import dagster as dg

from pipelines.findings import Finding


def check_result(
    finding: Finding,
    name: str | None = None,
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR,
) -> dg.AssetCheckResult:
    """A finding as an asset check's result; `name` where one step evaluates several."""
    return dg.AssetCheckResult(
        passed=finding.passed,
        check_name=name,
        severity=severity,
        description=finding.why,
        metadata=dict(finding.numbers),
    )
