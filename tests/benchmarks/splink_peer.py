"""The peer of `matching.py`: Splink on the same records, with keys that are clean already.

Runs by itself in an environment that has Splink 5 and nothing of this project: `python splink_peer.py FILE`,
FILE a CSV of unique_id, email, phone, name, company. Prints one line: seconds, CPU seconds, peak, clusters.
"""

from __future__ import annotations

import resource
import sys
import time


def main(path: str) -> None:
    """Block on address, phone, and name with company; train, predict and cluster as its manual shows."""
    import duckdb
    import splink.comparison_library as compare
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    database = duckdb.connect()
    database.execute("CREATE TABLE records AS SELECT * FROM read_csv(?, all_varchar = true)", [path])
    begun, processor = time.perf_counter(), time.process_time()
    rules = [block_on("email"), block_on("phone"), block_on("name", "company")]
    settings = SettingsCreator(
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=rules,
        comparisons=[
            compare.JaroWinklerAtThresholds("name", [0.9]),
            compare.ExactMatch("email"),
            compare.ExactMatch("phone"),
            compare.ExactMatch("company"),
        ],
    )
    api = DuckDBAPI(connection=database)
    linker = Linker(api.register("records"), settings, log_level=50)
    linker.training.estimate_probability_two_random_records_match(rules, recall=0.8)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("email"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("name", "company"))
    pairs = linker.inference.predict(threshold_match_probability=0.9)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, 0.9)
    counted = database.table(clusters.physical_name).aggregate("count(DISTINCT cluster_id)").fetchall()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    seconds, spent = time.perf_counter() - begun, time.process_time() - processor
    print(f"{seconds:.1f} {spent:.1f} {peak:.2f} {counted[0][0]}")


if __name__ == "__main__":
    main(sys.argv[1])
