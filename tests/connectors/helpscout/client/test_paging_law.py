"""The law of reading: what was there throughout is read, in any world, at any rate of change."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.simulation.server import LoopbackServer
from tests.connectors.helpscout.client.account import Churn, busy_account, client_of, ids_of


@settings(max_examples=15, deadline=None)
@given(
    records=st.integers(20, 160),
    size=st.integers(6, 40),
    apart=st.sampled_from([timedelta(0), timedelta(seconds=1), timedelta(minutes=20)]),
    hours=st.sampled_from([None, 2, 30, 24 * 365]),
    lag=st.sampled_from([0.0, 2.0]),
    seconds=st.sampled_from([0.0, 0.4, 3.0]),
    edits=st.integers(0, 3),
    adds=st.integers(0, 2),
    deletes=st.integers(0, 2),
    seed=st.integers(0, 10**6),
)
@example(20, 6, timedelta(0), 2, 0.0, 3.0, 2, 2, 2, 112963)
@example(20, 6, timedelta(0), 2, 0.0, 3.0, 2, 2, 2, 357456)
def test_nothing_that_was_there_throughout_is_missed(
    loopback: LoopbackServer,
    records: int,
    size: int,
    apart: timedelta,
    hours: int | None,
    lag: float,
    seconds: float,
    edits: int,
    adds: int,
    deletes: int,
    seed: int,
) -> None:
    time, state, simulator = busy_account(records, size, apart)
    simulator.behaviour.index_lag = lag
    start = None if hours is None else time.moment - timedelta(hours=hours)
    due = {
        number for number, stored in state.conversations.items() if not start or stored.modified_at >= start
    }
    simulator.faults.between_requests = Churn(state, time, edits, adds, deletes, seed, seconds)
    loopback.app = simulator.app
    client = client_of(loopback, state, time)
    read = set(ids_of(client.conversations(start, None)))
    client.close()
    assert due & set(state.conversations) <= read
