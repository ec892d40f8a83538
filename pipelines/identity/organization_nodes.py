"""The organisations met so far: their names, where each was met first, and who belongs under whom.

A node is an organisation before it has a label of its own. Knows nothing of addresses or persons.
"""

from __future__ import annotations

from collections import defaultdict

from pipelines.identity.company_index import compatible_names, domain_likeness
from pipelines.identity.normalise.organizations import CompanyName


class Nodes:
    """The organisations, numbered from 0 in the order in which they were met."""

    def __init__(self) -> None:
        self.names: list[CompanyName] = []
        self.form: list[str | None] = []
        self.unit_row: list[int] = []  # canonical row of the register's unit, -1 without
        self.first_row: list[int] = []
        self.by_number: dict[str, int] = {}
        self.parent: dict[int, int] = {}
        self.below: dict[int, list[int]] = defaultdict(list)  # sub-units under the unit on top
        self.other_names: dict[int, list[CompanyName]] = defaultdict(list)  # former ones, customers' own

    def new(self, name: CompanyName, form: str | None, unit_row: int, row: int) -> int:
        """Add one, first met at a canonical row."""
        self.names.append(name)
        self.form.append(form)
        self.unit_row.append(unit_row)
        self.first_row.append(row)
        return len(self.names) - 1

    def group(self) -> None:
        """Note who is below whom, once every parent is known."""
        for node in sorted(self.parent):
            self.below[self.top(node)].append(node)

    def top(self, node: int) -> int:
        """The organisation on top of a sub-unit; any other is on top itself."""
        seen = set()
        while node in self.parent and node not in seen:
            seen.add(node)
            node = self.parent[node]
        return node

    def bears(self, node: int) -> list[CompanyName]:
        """The name of an organisation, then its former ones and those that customers' records give it."""
        return [self.names[node], *self.other_names.get(node, ())]

    def may_mean(self, written: CompanyName, node: int) -> bool:
        """Whether a written name may be short for or a slip of any name of an organisation."""
        return any(compatible_names(written, name) for name in self.bears(node))

    def likeness(self, label: str, node: int) -> int:
        """How much a domain's label looks like any name of an organisation: 0 to 3, as `domain_likeness`."""
        return max(domain_likeness(label, name) for name in self.bears(node))
