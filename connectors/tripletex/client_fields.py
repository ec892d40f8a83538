"""The `fields` that a request asks for: exactly those that the payload declares, as Tripletex nests them.

`*` would bring what no clause covers, so it is never sent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TypeAlias

from pydantic import AliasChoices, AliasPath

from schemas.payloads.base import Payload

FieldPath: TypeAlias = tuple[str, ...]
"""`("postalAddress", "city")`: a field of the API's object, from the outside in."""

_Tree: TypeAlias = "dict[str, _Tree]"

CHANGES: FieldPath = ("changes",)
CHANGE_TIMES: FieldPath = ("changes", "timestamp")
"""An entry of `changes` also names the employee who made it; only its time is read."""


def declared_paths(payload: type[Payload]) -> list[FieldPath]:
    """The fields of a payload, as the API names them, each once."""
    paths: dict[FieldPath, None] = {}
    for name, field in payload.model_fields.items():
        alias = field.validation_alias
        for choice in alias.choices if isinstance(alias, AliasChoices) else [alias or name]:
            parts = choice.path if isinstance(choice, AliasPath) else [choice]
            path = tuple(str(part) for part in parts)
            paths[CHANGE_TIMES if path == CHANGES else path] = None
    return list(paths)


def with_whole_changes(paths: Sequence[FieldPath]) -> list[FieldPath]:
    """The fields, with whole changes in the place of their times: some servers know no narrower ones."""
    return [CHANGES if path == CHANGE_TIMES else path for path in paths]


def refused_names(declared: Sequence[FieldPath], known: Collection[FieldPath]) -> list[str]:
    """What of the declared fields a server does not know, as names to remember (`postalAddress.city`).

    `changes.timestamp` where it knows whole changes only, `changes` where it knows none.
    """
    refused = [path for path in declared if path not in known]
    return [".".join(CHANGES if path == CHANGE_TIMES and CHANGES not in known else path) for path in refused]


def without(declared: Sequence[FieldPath], names: Collection[str]) -> list[FieldPath]:
    """The declared fields that are left when a server has refused these: the other way of `refused_names`."""
    paths = with_whole_changes(declared) if ".".join(CHANGE_TIMES) in names else declared
    if ".".join(CHANGES) in names:
        paths = [path for path in paths if path[:1] != CHANGES]
    return [path for path in paths if ".".join(path) not in names]


def written(paths: Sequence[FieldPath]) -> str:
    """The value of the `fields` parameter: `id,postalAddress(city,country(isoAlpha2Code))`."""
    tree: _Tree = {}
    for path in paths:
        branch = tree
        for part in path:
            branch = branch.setdefault(part, {})
    return ",".join(_texts(tree))


def _texts(tree: _Tree) -> Iterator[str]:
    for name, branch in tree.items():
        yield f"{name}({','.join(_texts(branch))})" if branch else name
