"""What a person decided about organisations: applied last, and it wins."""

from __future__ import annotations

import numpy as np

from pipelines.identity.features import UNIT
from pipelines.identity.organization_state import Resolution


def decide(state: Resolution) -> None:
    """Join and part what decisions say of records that bear no person."""
    organizational = [pair for pair in state.decisions.same if _both_bear(state, pair)]
    for left, right in organizational:
        if state.node[left] < 0 and state.node[right] < 0:
            state.node[left] = state.known.new(state.company_of(left), None, -1, left)
        keep, gone = (left, right) if state.node[left] >= 0 else (right, left)
        if state.node[gone] >= 0 and state.known.unit_row[int(state.node[gone])] >= 0:
            keep, gone = gone, keep
        old, new = int(state.node[gone]), int(state.node[keep])
        if old != new:
            moved = state.node == old if old >= 0 else np.isin(np.arange(state.size), [gone])
            state.node[moved] = new
            state.rule[moved & (np.arange(state.size) == gone)] = "decision"
    for left, right in state.decisions.different:
        if (
            not _both_bear(state, (left, right))
            or state.node[left] != state.node[right]
            or state.node[left] < 0
        ):
            continue
        leaves = (
            right
            if state.data.source[left] == UNIT
            or (state.data.source[right] != UNIT and state.score[left] >= state.score[right])
            else left
        )
        with_it = state.decisions.same_group(leaves)
        node = state.known.new(state.company_of(leaves), None, -1, leaves)
        for row in with_it:
            if state.node[row] == state.node[leaves] and row != leaves:
                state.node[row] = node
        state.node[leaves] = node
        state.rule[leaves] = "decision"


def _both_bear(state: Resolution, pair: tuple[int, int]) -> bool:
    return all(not state.data.has_person[row] for row in pair)
