"""One simulated account with its switches and its search index, as the endpoints see it."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from starlette.responses import Response

from connectors.helpscout.simulator_behaviour import HelpScoutBehaviour
from connectors.helpscout.simulator_http import Call, Refusal
from connectors.helpscout.simulator_index import Index, LiveList
from connectors.helpscout.simulator_lists import Selection
from connectors.helpscout.simulator_records import Merge, Stored, Table
from connectors.helpscout.simulator_state import HelpScoutState
from connectors.simulation.faults import Faults
from connectors.simulation.gate import Simulator

Handler = Callable[[Call], Response]
Routes = Sequence[tuple[str, str, Handler]]
"""Method, path and handler."""


class Account:
    """What every endpoint needs: current records, indexed lists, switches."""

    def __init__(self, simulator: Simulator, state: HelpScoutState, behaviour: HelpScoutBehaviour) -> None:
        self._simulator = simulator
        self.state = state
        self.behaviour = behaviour
        self.index = Index(state)

    @property
    def faults(self) -> Faults:
        """The faults in force."""
        return self._simulator.faults

    def clock(self) -> datetime:
        """The time that rules tokens and cursors."""
        return self._simulator.clock()

    def catch_up(self) -> None:
        """Let the account's own time pass: deletions that are due, changes that reach the index."""
        self.state.settle_deletions()
        self.index.catch_up(self.behaviour.index_lag, self.state.now())

    def record(self, table: Table, record_id: int) -> Stored:
        """A record as a GET by id finds it: current, whatever the index says.

        Raises Refusal: 404 when there is none, 403 (by default) when it is hidden from this user.
        """
        stored = self.state.table(table).get(record_id)
        if stored is None:
            raise Refusal(404)
        if not self.faults.visible(table, stored.payload):
            raise Refusal(self.behaviour.forbidden_status)
        return stored

    def follow(self, merge: Merge | None, folder: str) -> None:
        """Raise a Refusal with 301 for a record that was merged away not too long ago."""
        if merge is None or self.state.now() - merge.at > timedelta(days=self.behaviour.merge_days):
            return
        raise Refusal(301, headers={"Location": f"{folder}/{merge.survivor}"})

    def live(self, name: str, table: Table, selection: Selection) -> LiveList:
        """The rows of a selection, in order.

        Kept between pages, unless something may change them that the change log of this table does not
        tell: other tables, or a switch that hides rows.
        """
        indexed = self.index.table(table)

        def keeps(stored: Stored) -> bool:
            return selection.keeps(stored) and self.faults.visible(table, stored.payload)

        if self.faults.hidden is not None or not selection.own_records_only:
            return LiveList(indexed, keeps, selection.sort_key)
        switches = (self.behaviour.modified_since_inclusive, self.behaviour.spam_in_all)
        kept = self._simulator.views.get(
            (name, selection.parameters, switches),
            0,
            lambda: LiveList(indexed, selection.keeps, selection.sort_key),
        )
        return kept.refresh()
