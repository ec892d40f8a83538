"""Evidence that personal keys give, as columns: the rules, how sure each is, the tree that holds a person.

Knows nothing of keys or organisations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import minimum_spanning_tree

from pipelines.identity.clustering import Edge
from pipelines.identity.features import Ints
from pipelines.identity.name_pairs import NamePairs
from pipelines.identity.normalise.names import Relation

# Rules of the deterministic tier by the relation of names: what the link rests on, and how sure it is.
BY_RELATION = {
    Relation.EQUAL: ("name", 0.99),
    Relation.VARIANT: ("name_variant", 0.985),
    Relation.SIMILAR: ("similar_name", 0.97),
    Relation.INITIAL: ("abbreviated_name", 0.965),
    Relation.PARTIAL: ("part_of_name", 0.96),
    Relation.RENAMED: ("", 0.94),
    Relation.MISSING: ("", 0.95),
    Relation.CONFLICT: ("", 0.0),
}
RULES = sorted(
    {
        f"{kind}{'_and_' + name if name else ''}"
        for kind in ("email", "phone")
        for name, _ in BY_RELATION.values()
    }
    | {"renamed_email", "renamed_phone", "spelled_email", "spelled_phone", "decision"}
)
RULE_CODE = {rule: at for at, rule in enumerate(RULES)}


@dataclass(frozen=True)
class Edges:
    """Edges as columns."""

    left: Ints
    right: Ints
    score: np.ndarray
    rule: Ints

    @staticmethod
    def of(edges: list[Edge]) -> Edges:
        """As columns, in the order given."""
        return Edges(
            np.array([edge.left for edge in edges], dtype=np.int64),
            np.array([edge.right for edge in edges], dtype=np.int64),
            np.array([edge.score for edge in edges], dtype=float),
            np.array([RULE_CODE[edge.rule] for edge in edges], dtype=np.int64),
        )

    @staticmethod
    def joined(parts: list[Edges]) -> Edges:
        """One after another."""
        return Edges(
            *(
                np.concatenate([getattr(part, name) for part in parts])
                for name in ("left", "right", "score", "rule")
            )
        )


def key_rule(kind: str, relation: Relation) -> str:
    """The rule by which a key of that kind joins names of that relation."""
    name = BY_RELATION[relation][0]
    return f"{kind}_and_{name}" if name else kind


def relations(pairs: NamePairs, a: Ints, b: Ints) -> Ints:
    """Relations of two columns of names, each distinct pair once."""
    width = len(pairs.names) + 2
    unique, inverse = np.unique((a + 1) * width + b + 1, return_inverse=True)
    codes = np.fromiter(
        (int(pairs.relation(int(pair // width) - 1, int(pair % width) - 1)) for pair in unique.tolist()),
        dtype=np.int64,
        count=len(unique),
    )
    return codes[inverse] if len(codes) else np.zeros(0, dtype=np.int64)


def spanning(size: int, sure: Edges, more: list[Edge]) -> list[Edge]:
    """The best edges that hold every cluster together, one less than its rows."""
    rules = sorted({edge.rule for edge in more} | set(RULES))
    code = {rule: at for at, rule in enumerate(rules)}
    recode = np.array([code[rule] for rule in RULES], dtype=np.int64)
    left = np.concatenate([sure.left, np.array([edge.left for edge in more], dtype=np.int64)])
    right = np.concatenate([sure.right, np.array([edge.right for edge in more], dtype=np.int64)])
    score = np.concatenate([sure.score, np.array([edge.score for edge in more], dtype=float)])
    rule = np.concatenate([recode[sure.rule], np.array([code[edge.rule] for edge in more], dtype=np.int64)])
    if not len(left):
        return []
    frame = pd.DataFrame({"left": left, "right": right, "score": score, "rule": rule})
    frame = frame.sort_values(["left", "right", "score", "rule"], ascending=[True, True, False, True])
    frame = frame.drop_duplicates(["left", "right"]).reset_index(drop=True)
    # Distinct weights in a fixed order make the tree unique.
    order = np.lexsort((frame["right"], frame["left"], -frame["score"]))
    weight = np.empty(len(frame))
    weight[order] = np.arange(1, len(frame) + 1)
    graph = csr_array((weight, (frame["left"], frame["right"])), shape=(size, size))
    tree = minimum_spanning_tree(graph).tocoo()
    chosen = frame.iloc[order[tree.data.astype(np.int64) - 1]].sort_values(["left", "right"])
    return [
        Edge(int(a), int(b), float(s), rules[int(r)])
        for a, b, s, r in chosen[["left", "right", "score", "rule"]].itertuples(index=False)
    ]
