"""The gate of clause S5: no path in the asset graph may lead from participants' data to anyone outside.

A pure function over a description of the graph; the definitions refuse to load when it finds something.
Knows no Dagster.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from schemas.errors import SafeError
from schemas.policy import PROCESSOR_CLAUSE, DataClass, Place, Policy

Kind = Literal["forwarding", "undeclared_recipient", "unclassified_sender", "unknown_class"]


class ForwardingError(SafeError, RuntimeError):
    """The graph could carry participants' data to someone outside; the message names each path."""


@dataclass(frozen=True, slots=True)
class Node:
    """One asset: its name, the class its tag gives its data, and the recipients it sends requests to."""

    key: str
    data_class: str | None = None
    """controller, processor or system; None where it has no tag."""
    recipients: frozenset[str] = frozenset()
    """Recipients of policy.yaml that the asset talks to; empty where it sends nothing."""


@dataclass(frozen=True, slots=True)
class Violation:
    """Something in the graph that must not be."""

    kind: Kind
    path: tuple[str, ...]
    """Assets from where the data are to where they would be sent."""
    recipient: str | None = None

    def __str__(self) -> str:
        route = " → ".join(self.path)
        return {
            "forwarding": f"participants' data could reach {self.recipient}: {route}",
            "undeclared_recipient": f"{route} sends to {self.recipient}, which policy.yaml does not declare",
            "unclassified_sender": f"{route} sends to {self.recipient} and has no data class tag",
            "unknown_class": f"{route} has a data class tag that is none of {', '.join(get_args(DataClass))}",
        }[self.kind]


def violations(
    nodes: Iterable[Node], edges: Iterable[tuple[str, str]], policy: Policy
) -> tuple[Violation, ...]:
    """What is wrong with a graph; () when participants' data stay where they are.

    `edges` are (upstream, downstream) keys; one that names an unknown asset stands for an untagged one that
    sends nothing. Data are taken to flow along every edge, through assets without a tag and through those
    tagged otherwise: a tag says what an asset means to hold, not what reaches it.
    """
    by_key = {node.key: node for node in nodes}
    downstream: dict[str, list[str]] = defaultdict(list)
    for upper, lower in sorted(set(edges)):
        downstream[upper].append(lower)
    found = [*_misdeclared(by_key.values(), policy)]
    for node in sorted(by_key.values(), key=lambda node: node.key):
        if node.data_class == "processor":
            found += _ways_out(node.key, by_key, downstream)
    return tuple(found)


def refuse_forwarding(nodes: Iterable[Node], edges: Iterable[tuple[str, str]], policy: Policy) -> None:
    """Raise ForwardingError, naming every violation, so that the definitions do not load."""
    found = violations(nodes, edges, policy)
    if found:
        listed = "; ".join(policy.at(_PLACES[one.kind], str(one)) for one in found)
        raise ForwardingError(f"the definitions are refused: {listed}")


_PLACES: Mapping[Kind, Place] = {
    "forwarding": ("clauses", PROCESSOR_CLAUSE),
    "undeclared_recipient": ("recipients",),
    "unclassified_sender": ("data",),
    "unknown_class": ("data",),
}
"""Where the policy says what is violated."""


def _misdeclared(nodes: Iterable[Node], policy: Policy) -> list[Violation]:
    found = []
    for node in sorted(nodes, key=lambda node: node.key):
        if node.data_class is not None and node.data_class not in get_args(DataClass):
            found.append(Violation("unknown_class", (node.key,)))
        for recipient in sorted(node.recipients):
            if recipient not in policy.recipients:
                found.append(Violation("undeclared_recipient", (node.key,), recipient))
            if node.data_class is None:
                found.append(Violation("unclassified_sender", (node.key,), recipient))
    return found


def _ways_out(start: str, by_key: Mapping[str, Node], downstream: Mapping[str, list[str]]) -> list[Violation]:
    """The shortest path from one asset to each asset below it (or itself) that sends."""
    came_from: dict[str, str | None] = {start: None}
    queue = deque([start])
    found = []
    while queue:
        key = queue.popleft()
        node = by_key.get(key)
        for recipient in sorted(node.recipients if node else ()):
            found.append(Violation("forwarding", _path(key, came_from), recipient))
        for lower in downstream.get(key, ()):
            if lower not in came_from:
                came_from[lower] = key
                queue.append(lower)
    return found


def _path(end: str, came_from: Mapping[str, str | None]) -> tuple[str, ...]:
    path = [end]
    while (upper := came_from[path[-1]]) is not None:
        path.append(upper)
    return tuple(reversed(path))
