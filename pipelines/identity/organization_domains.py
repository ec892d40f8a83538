"""Whose a mail domain is, by who was seen at it and whose name it spells.

A domain that several use belongs to nobody, with the reason, unless one of them is clearly meant.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Set as AbstractSet

from pipelines.identity.organization_nodes import Nodes

ADDRESSES_FOR_AN_UNLIKE_DOMAIN = 3
"""A domain that only one organisation is seen with, and whose name is unlike it, must be seen at so many
different addresses before it stands for that organisation: one client with its accountant's is not enough."""
MOST_ADDRESSES = 10
"""So many addresses that nine in ten of them say whose a domain is, though others are seen there."""
SPELLED = 3
"""The highest `domain_likeness`."""


def owner_of(
    label: str,
    seen: AbstractSet[int],
    namesakes: AbstractSet[int],
    votes: Counter[int],
    declared: AbstractSet[int],
    nodes: Nodes,
) -> tuple[int | None, str | None]:
    """(owner, reason why the domain does not identify by itself), each None where there is none.

    `label` is what the domain spells; `seen` are organisations met at it and not gone, `namesakes` those that
    bear what it spells, `votes` the different addresses of each, `declared` those that give it as their site.
    """
    owners = seen | {nodes.top(node) for node in namesakes} if seen else seen
    if not owners:
        return None, None
    alike = {node: likeness for node in owners if (likeness := nodes.likeness(label, node))}
    # Of namesakes the one that was seen there; a better name that was never seen there is a doubt.
    most_alike = max((alike.get(node, 0) for node in seen), default=0)
    alike = {n: likeness for n, likeness in alike.items() if n in seen or likeness > most_alike}
    owners = seen | set(alike)
    if len(owners) == 1:
        (node,) = owners
        known = node in declared or alike.get(node, 0) > 1 or votes[node] >= ADDRESSES_FOR_AN_UNLIKE_DOMAIN
        return (node if known else None), None
    best = [node for node, likeness in alike.items() if likeness > 1]
    if len(best) == 1 and len(alike) == 1:
        (node,) = best
        if votes[node] < _of_its_group(node, votes, nodes):
            return None, "organisations with near names share it"
        reason = (
            None if votes[node] * 2 > sum(votes.values()) else "addresses of other organisations stand on it"
        )
        return node, reason
    if len(alike) > 1:
        return _foremost(label, alike, votes, nodes), "organisations with near names share it"
    node, most = votes.most_common(1)[0] if votes else (-1, 0)
    if len(declared) == 1:
        (site,) = declared
        # Clients with their accountant's address are many with one address each; a company that keeps
        # its web site in the name of its holding company has many addresses there itself.
        rival = max((count for other, count in votes.items() if other != site), default=0)
        if rival < ADDRESSES_FOR_AN_UNLIKE_DOMAIN or votes[site] * 2 > sum(votes.values()):
            return site, "addresses of other organisations stand on it"
    if most >= MOST_ADDRESSES and most * 10 >= 9 * sum(votes.values()):
        return node, None
    return None, "several organisations use it"


def _of_its_group(node: int, votes: Counter[int], nodes: Nodes) -> int:
    """How many addresses organisations have there whose names begin with the same word as the node's own."""
    first = nodes.names[node].words[:1]
    return sum(
        count for other, count in votes.items() if other != node and nodes.names[other].words[:1] == first
    )


def _foremost(label: str, alike: dict[int, int], votes: Counter[int], nodes: Nodes) -> int | None:
    """The one of several near names that a domain spells, None when the others may be meant as well.

    A shorter name leaves a part of the label unexplained; members of a group explain all of it, and only
    when next to nobody of theirs is seen there it is not theirs too.
    """
    spelled = [node for node, likeness in alike.items() if likeness == SPELLED]
    if len(spelled) != 1:
        return None
    (node,) = spelled
    total = sum(votes.values())
    if votes[node] >= MOST_ADDRESSES and votes[node] * 10 >= total * 9:
        return node
    shorter = all(
        label.startswith(name.core) and name.core != label
        for other in alike
        if other != node
        for name in nodes.bears(other)
    )
    return node if shorter and votes[node] * 2 > total else None
