"""Describes the loaded asset graph for the gate of clause S5: no way out for participants' data."""

from __future__ import annotations

import dagster as dg

from pipelines.privacy import forwarding
from schemas.policy import load_policy


def refuse_forwarding(defs: dg.Definitions) -> None:
    """Raise ForwardingError when an asset of processor class lies upstream of one that sends."""
    nodes, edges = describe(defs)
    forwarding.refuse_forwarding(nodes, edges, load_policy())


def describe(defs: dg.Definitions) -> tuple[list[forwarding.Node], list[tuple[str, str]]]:
    """Nodes with their tags `data_class` and `recipient`, and edges (upstream, downstream) by asset key."""
    graph = defs.resolve_asset_graph()
    nodes, edges = [], []
    for key in graph.get_all_asset_keys():
        asset = graph.get(key)
        recipient = asset.tags.get("recipient")
        nodes.append(
            forwarding.Node(
                key.to_user_string(),
                asset.tags.get("data_class"),
                frozenset({recipient} if recipient else ()),
            )
        )
        edges += [(parent.to_user_string(), key.to_user_string()) for parent in asset.parent_keys]
    return nodes, edges
