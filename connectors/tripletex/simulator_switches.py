"""What is not known of the Tripletex API, or differs between its releases and accounts, as switches."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass
class Switches:
    """What is not known of the real API, or differs between its releases and accounts."""

    full_result_size: Literal["look-ahead", "exact"] = "look-ahead"
    """Since March 2026 `from + count + 1` while more rows exist; the exact total before that."""
    changed_since: Literal["works", "ignored", "misses_sub_objects"] = "misses_sub_objects"
    """Whether `changedSince` filters, and whether it sees a change of an address."""
    case_sensitive: bool = True
    """Whether `email=` and the like tell upper from lower case."""
    name_match: Literal["contains", "prefix"] = "contains"
    """How `customerName` is compared."""
    hidden_rows: Literal["drop", "null"] = "drop"
    """What becomes of a row that the credentials may not see."""
    hidden_fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Per kind of object (`Customer`): fields that silently drop out."""
    forbidden: tuple[str, ...] = ()
    """Regular expressions of paths that the credentials may not call."""
    row_limit: int = 10_000
    """Most rows a query may match, on the lists named in `row_limited`."""
    row_limited: frozenset[str] = frozenset({"Invoice", "Order"})
    """Kinds of object to which the row limit applies; whether customers belong to them is unknown."""
    ignored: frozenset[str] = frozenset()
    """Parameters that are ignored although the contract has them, as a misspelt one is."""
    unstated_defaults: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Per kind of object (`Order`): what a parameter stands at when it is not given, where the contract names
    no default (`{"isClosed": "false"}`)."""
    address_without_id: Literal["replace", "merge"] = "replace"
    """What a PUT does with an address that carries no id."""
    put_loses_customer_role: bool = False
    """Whether a PUT turns a customer that is a supplier too into a supplier only."""
    beta: bool = True
    """Whether the credentials may use the endpoints marked BETA."""
    reverse_messages: bool = False
    """Whether `validationMessages` come in the other order."""
