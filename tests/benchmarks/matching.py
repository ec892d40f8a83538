"""Matching at size: `python -m tests.benchmarks.matching --records 1000000`.

Prints records, CPU seconds and peak memory for growing worlds, and how many records a change reaches.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np

from pipelines.identity.blocks import organization_keys, person_keys, reachable
from pipelines.identity.decisions import Decisions
from pipelines.identity.features import features
from pipelines.identity.match import match
from pipelines.identity.organizations import match_organizations
from tests.worlds.score import NO_DECISIONS
from tests.worlds.world import World

RECORDS_A_PERSON = 2.85


def main() -> None:
    """One line for each tenth, third and whole of the size asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=300_000)
    parser.add_argument("--changed", type=int, default=100, help="changed records whose reach is measured")
    arguments = parser.parse_args()
    for share in (0.1, 0.33, 1.0):
        records = World(77, int(arguments.records * share / RECORDS_A_PERSON)).records
        wall, cpu = time.perf_counter(), time.process_time()
        match(records, NO_DECISIONS)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(
            f"{len(records):>9} records: {wall:6.1f} s, {cpu:6.1f} s CPU, "
            f"{cpu / len(records) * 1e6:5.1f} µs CPU a record, peak {peak:.2f} GiB"
        )
    data = features(records)
    organizations = match_organizations(data, Decisions())
    changed = np.random.default_rng(1).choice(len(data), arguments.changed, replace=False)
    for name, keys in (
        ("organisations", organization_keys(data)),
        ("persons", person_keys(data, organizations)),
    ):
        reached = int(reachable(keys, changed, len(data)).sum())
        print(f"{arguments.changed} changed records reach {reached} for {name}")


if __name__ == "__main__":
    main()
