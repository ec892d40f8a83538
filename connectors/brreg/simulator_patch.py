"""RFC 6902 operations between two JSON values, as the Brreg simulator's feeds tell of changes."""

from collections.abc import Mapping
from typing import Any

Operation = dict[str, Any]


def differences(before: Any, after: Any, path: str = "") -> list[Operation]:
    """RFC 6902 operations that turn one JSON value into another."""
    if before == after:
        return []
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        operations: list[Operation] = []
        for key in before:
            if key not in after:
                operations.append({"op": "remove", "path": f"{path}/{_escaped(key)}"})
        for key, value in after.items():
            inner = f"{path}/{_escaped(key)}"
            if key in before:
                operations += differences(before[key], value, inner)
            else:
                operations.append({"op": "add", "path": inner, "value": value})
        return operations
    if isinstance(before, list) and isinstance(after, list):
        common = min(len(before), len(after))
        operations = [
            operation
            for position in range(common)
            for operation in differences(before[position], after[position], f"{path}/{position}")
        ]
        operations += [
            {"op": "remove", "path": f"{path}/{position}"}
            for position in range(len(before) - 1, common - 1, -1)
        ]
        operations += [
            {"op": "add", "path": f"{path}/{position}", "value": after[position]}
            for position in range(common, len(after))
        ]
        return operations
    return [{"op": "replace", "path": path, "value": after}]


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
