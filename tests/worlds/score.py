"""How well matching does on labelled worlds: `python -m tests.worlds.score --seed 11 --people 10000`."""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean

import pandas as pd

from pipelines.identity.match import Matching, match
from tests.worlds.world import World

NO_DECISIONS = pd.DataFrame(
    columns=[
        "decision",
        "left_source",
        "left_source_id",
        "right_source",
        "right_source_id",
        "key_kind",
        "key_value",
    ]
)


@dataclass(frozen=True)
class Score:
    """Shares between 0 and 1."""

    precision: float  # joined pairs that are one person
    recall: float  # pairs that evidence links and that were joined
    traps: float  # trap pairs that were joined
    bcubed: float  # B-cubed F1 over records of persons
    organization_precision: float  # records linked to a register unit that belong to it
    organization_recall: float  # company customers of register units that were linked
    affiliation_precision: float  # the same over persons' records
    affiliation_recall: float


def score(world: World, matching: Matching) -> Score:
    """The figures of one outcome."""
    person = matching.person.tolist()
    truth = world.person
    joined = pairs(person)
    right = sum(truth[a] == truth[b] and truth[a] >= 0 for a, b in joined)
    evident, traps = world.evident(), world.traps()
    together = set(joined)
    customers = [
        at for at, row in enumerate(world.rows) if row["source"] == "tripletex_customer" and truth[at] < 0
    ]
    persons = [at for at, row in enumerate(world.rows) if truth[at] >= 0]
    return Score(
        right / len(joined) if joined else 1.0,
        len(evident & together) / len(evident) if evident else 1.0,
        len(traps & together) / len(traps) if traps else 0.0,
        bcubed(person, truth),
        *linked(world, matching, customers),
        *linked(world, matching, persons),
    )


def pairs(labels: Sequence[int]) -> list[tuple[int, int]]:
    """All pairs of rows with one label."""
    groups: dict[int, list[int]] = defaultdict(list)
    for at, label in enumerate(labels):
        if label >= 0:
            groups[label].append(at)
    return [pair for rows in groups.values() for pair in combinations(rows, 2)]


def bcubed(labels: Sequence[int], truth: Sequence[int]) -> float:
    """B-cubed F1: for every record, how pure and how complete the card it is on."""
    rows = [at for at, true in enumerate(truth) if true >= 0]
    clusters = Counter(labels[at] for at in rows if labels[at] >= 0)
    people = Counter(truth[at] for at in rows)
    both = Counter((labels[at], truth[at]) for at in rows)
    pure, complete = [], []
    for at in rows:
        if labels[at] < 0:
            pure.append(1.0)
            complete.append(1 / people[truth[at]])
            continue
        common = both[labels[at], truth[at]]
        pure.append(common / clusters[labels[at]])
        complete.append(common / people[truth[at]])
    precision, recall = fmean(pure), fmean(complete)
    return 2 * precision * recall / (precision + recall)


def linked(world: World, matching: Matching, rows: Iterable[int]) -> tuple[float, float]:
    """Precision and recall of links to register units; a sub-unit's main unit counts as right."""
    unit_of_label = {
        int(matching.organization[at]): world.organization[at] for at in world.registered.values()
    }
    parents = {org.ident: org.parent.ident for org in world.organizations if org.parent}
    right = wrong = wanted = 0
    for at in rows:
        true = world.organization[at]
        said = unit_of_label.get(int(matching.organization[at]))
        registered = true in world.registered
        wanted += registered
        if said is None:
            continue
        if said == true or parents.get(true) == said or parents.get(said) == true:
            right += 1
        else:
            wrong += 1
    return (right / (right + wrong) if right + wrong else 1.0), (right / wanted if wanted else 1.0)


def main() -> None:
    """Print the figures of the worlds asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, nargs="+", default=[11])
    parser.add_argument("--people", type=int, default=10_000)
    arguments = parser.parse_args()
    for seed in arguments.seed:
        world = World(seed, arguments.people)
        records = world.records
        started = time.perf_counter()
        matching = match(records, NO_DECISIONS)
        seconds = time.perf_counter() - started
        figures = score(world, matching)
        print(
            f"seed {seed}: {len(records)} records in {seconds:.1f} s, "
            f"{len(matching.reviews)} reviews, {len(matching.guards)} guards"
        )
        for name, value in vars(figures).items():
            print(f"  {name:24s} {value:.4f}")


if __name__ == "__main__":
    main()
