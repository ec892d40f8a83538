"""Matching at size: `python -m tests.benchmarks.matching --records 1000000 --peer …/bin/python`.

Prints records, CPU seconds and peak memory for growing worlds, how many records a change reaches, and, where
`--peer` names the Python of an environment with Splink 5, what that takes for the same records.
"""

from __future__ import annotations

import argparse
import csv
import resource
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from pipelines.identity.closure import blocks, gathered, key_hashes
from pipelines.identity.features import Features, features
from pipelines.identity.keys import match_keys
from pipelines.identity.match import match
from pipelines.identity.providers import as_public, crowds, providers
from tests.worlds.score import NO_DECISIONS
from tests.worlds.world import World

RECORDS_A_PERSON = 2.85


def main() -> None:
    """One line for each tenth, third and whole of the size asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=300_000)
    parser.add_argument("--changed", type=int, default=100, help="changed records whose reach is measured")
    parser.add_argument("--peer", help="the Python of an environment that has Splink 5")
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
    _peer(arguments.peer, data, cpu)
    data = as_public(data, providers(data, crowds(data)))
    everyone = np.arange(len(data))
    own = [(everyone, key_hashes("record", list(map(str, everyone))))]
    block = blocks(len(data), *gathered([*match_keys(data), *own])).of_record
    changed = np.random.default_rng(1).choice(len(data), arguments.changed, replace=False)
    reached = np.isin(block, block[changed])
    print(f"{arguments.changed} changed records reach {np.count_nonzero(reached)} in their blocks")


def _peer(python: str | None, data: Features, ours: float) -> None:
    """What Splink takes for the same records, whose keys it is given as they are cleaned here."""
    if python is None:
        print("Splink was not measured: --peer names no Python that has it (`pip install splink`)")
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "records.csv"
        _write_keys(path, data)
        script = Path(__file__).with_name("splink_peer.py")
        command = [python, str(script), str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"Splink was not measured: {python} has no Splink 5, or it failed ({done.returncode})")
        return
    wall, cpu, peak, clusters = done.stdout.split()[-4:]
    print(
        f"   Splink on the same, cleaned records: {wall} s, {cpu} s CPU, peak {peak} GiB, {clusters} clusters"
        f"; ours takes {ours / float(cpu):.2f} of its CPU, cleaning included"
    )


def _write_keys(path: Path, data: Features) -> None:
    """One address, number, name and company of each record that carries a person."""
    first: dict[str, dict[int, str]] = {"email": {}, "phone": {}}
    for kind, held, values in (
        ("email", data.emails, [value.key for value in data.email_values]),
        ("phone", data.phones, [value.key for value in data.phone_values]),
    ):
        for row, value in zip(held.row.tolist(), held.value.tolist(), strict=True):
            first[kind].setdefault(row, values[value])
    names = [" ".join(name.key) for name in data.names]
    with path.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow(["unique_id", "email", "phone", "name", "company"])
        for row in np.flatnonzero(data.has_person).tolist():
            company = data.companies[data.company[row]].core if data.company[row] >= 0 else ""
            keys = (first["email"].get(row, ""), first["phone"].get(row, ""), names[data.name[row]], company)
            lines.writerow([row, *keys])


if __name__ == "__main__":
    main()
