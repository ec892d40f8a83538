"""A YAML file with the line of each of its parts, so that whatever is wrong is told with the line to mend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from schemas.errors import SafeError

Place = tuple[str | int, ...]
"""Where in the file something stands: `("retention", 3, "period")`."""


class PolicyError(SafeError, ValueError):
    """The policy file cannot be used; the message names file, line and what to mend."""


@dataclass(frozen=True, slots=True)
class SourceMap:
    """The lines of a file by place; without lines for a document that was not read from a file."""

    file: str
    lines: Mapping[Place, int] = field(default_factory=dict)

    def locate(self, place: Place, problem: str) -> str:
        """`policy.yaml line 12 (data.crm.person): …`, at the nearest place that has a line."""
        dotted = ".".join(str(part) for part in place)
        if not self.lines:
            return f"{self.file} ({dotted}): {problem}"
        known = next((place[:end] for end in range(len(place), -1, -1) if place[:end] in self.lines), ())
        return f"{self.file} line {self.lines.get(known, 1)} ({dotted}): {problem}"


def read_document(path: Path) -> tuple[Any, SourceMap]:
    """The content of a YAML file and where each part of it is. Raises PolicyError for what is not YAML."""
    tree, content = _parsed(path)
    return content, SourceMap(path.name, dict(_lines(tree)) if tree is not None else {(): 1})


class _Loader(yaml.CSafeLoader):
    """Leaves days as texts, so that one that is none is refused with its line, as everything else is."""


_Loader.yaml_implicit_resolvers = {
    sign: [one for one in resolvers if one[0] != "tag:yaml.org,2002:timestamp"]
    for sign, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def _parsed(path: Path) -> tuple[yaml.Node | None, Any]:
    """The file as a tree, which knows lines, and as a document. Raises PolicyError."""
    try:
        text = path.read_text(encoding="utf-8")
        loader = _Loader(text)
        tree = loader.get_single_node()
        document = None if tree is None else loader.construct_document(tree)
    except OSError as error:
        raise PolicyError(f"{path.name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise PolicyError(f"{path.name} line {line}: is not UTF-8") from None
    except yaml.reader.ReaderError as error:
        line = text.encode()[: error.position].count(b"\n") + 1
        raise PolicyError(f"{path.name} line {line}: {error.reason}") from None
    except yaml.YAMLError as error:
        # What is never closed is missed at the end, which counts as a line more.
        line = min(getattr(getattr(error, "problem_mark", None), "line", 0), text.count("\n")) + 1
        problem = getattr(error, "problem", None) or "is not YAML"
        raise PolicyError(f"{path.name} line {line}: {problem}") from None
    for name, line in _doubled(tree) if tree is not None else ():
        raise PolicyError(f"{path.name} line {line}: {name} is given twice")
    return tree, document


def _doubled(node: yaml.Node) -> Iterator[tuple[str, int]]:
    """Keys that stand twice in one mapping, with their line: YAML would keep the last without a word."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                yield key.value, key.start_mark.line + 1
            seen.add(key.value)
            yield from _doubled(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _doubled(item)


def _lines(node: yaml.Node, path: Place = ()) -> Iterator[tuple[Place, int]]:
    yield path, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _lines(value, (*path, key.value))
            yield (*path, key.value), key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _lines(value, (*path, index))
