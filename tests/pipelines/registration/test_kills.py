"""Whatever breaks and wherever the process dies: run again, everyone is in Tripletex once."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from connectors.tripletex.simulator import TripletexSimulator
from tests.pipelines.registration.kills import Round, histories, live_through, nobody_is_there_twice
from tests.pipelines.registration.office import Office, Wire

HISTORIES = int(os.environ.get("KILL_HISTORIES", "50"))
"""500 for the benchmark. Each slip that was tried (a note left out, too short a wait) shows within ten."""

Happen = Callable[[list[Round]], None]


@pytest.fixture
def happen(office: Office, simulator: TripletexSimulator) -> Happen:
    """Lets one history happen, and judges its end."""

    def live(history: list[Round]) -> None:
        wire = Wire(office.client._egress, office.time.now, office.state)
        try:
            live_through(office, simulator, wire, history)
            nobody_is_there_twice(office)
        finally:
            wire.remove()

    return live


@settings(
    max_examples=HISTORIES,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=histories())
def test_no_history_of_kills_and_faults_makes_anybody_twice(happen: Happen, history: list[Round]) -> None:
    happen(history)
