"""How fast records are landed, beside dlt and a bare COPY: `python -m tests.benchmarks.landing`.

Loads contacts into an empty table, then the same with 1 % changed; the peer merges the same rows into the
same server in the same run. Prints rows a second, CPU microseconds a row, peaks of memory and the ratios.
The peer lives outside of the project:

    uv pip install --target DIRECTORY "dlt[postgres]==1.31" pyarrow
    python -m tests.benchmarks.landing --peer DIRECTORY
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from connectors.pages import Page, read_page
from pipelines.privacy.suppression import Suppression
from pipelines.store.embedded import embedded_url
from pipelines.store.engines import make_engine
from pipelines.store.landing import Lander
from pipelines.store.migrate import migrate_crm
from schemas.payloads.tripletex import TripletexContact
from schemas.tables.landing import TABLES
from tests.benchmarks.measured import Cost, Meter

PAGE = 1_000
ONE_OF = 100
TABLE = TABLES["tripletex_contact"]
PEER = Path(__file__).with_name("landing_dlt.py")
MODES = {
    "default": "dlt, as it comes",
    "csv": "dlt, csv and upsert",
    "arrow": "dlt, arrow and csv",
    "nested": "dlt, records as sent",
}
"""Ways to use the peer: with flat rows of the columns that are kept, or with what the API sends."""
STARTED = datetime(2026, 1, 1, tzinfo=UTC)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--peer", type=Path, help='folder of: uv pip install --target FOLDER "dlt[postgres]"')
    parser.add_argument("--modes", nargs="*", choices=MODES, default=list(MODES), help="ways to use the peer")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = embedded_url(Path(folder) / "postgres", "landing")
        engine = make_engine(url)
        migrate_crm(engine)
        _measure(engine, url, Path(folder), arguments)
        engine.dispose()


def _measure(engine: sa.Engine, url: sa.URL, folder: Path, arguments: argparse.Namespace) -> None:
    count: int = arguments.records
    meter = Meter(engine)
    bare = _bare_copy(engine, meter, count)
    _tell("bare COPY into a table alike", "first load", count, bare)
    ours = {}
    for name, parse in (("valid records", _valid), ("raw records", _raw)):
        _empty(engine)
        for load, changed in (("first load", False), ("1 % changed", True)):
            ours[name, load] = _land(engine, meter, parse, count, changed=changed)
            _tell(f"ours, {name}", load, count, ours[name, load])
    for load in ("first load", "1 % changed"):
        ratio = ours["valid records", load].cpu / bare.cpu
        print(f"upsert, {load}: {ratio:.2f} times the CPU of a bare COPY")
    if arguments.peer is None or not (arguments.peer / "dlt").is_dir():
        print(
            "the peer is missing, so there is no ratio to dlt; get it outside of the project: uv pip install"
            ' --target DIRECTORY "dlt[postgres]==1.31" pyarrow, then --peer DIRECTORY'
        )
        return
    for mode in arguments.modes:
        for load, cost in _peer(meter, url, folder, arguments.peer, mode, count):
            _tell(MODES[mode], load, count, cost)
            name = "raw records" if mode == "nested" else "valid records"
            mine = ours[name, load]
            print(
                f"  ours ({name}): {cost.wall / mine.wall:.1f} times as fast,"
                f" with 1/{cost.cpu / mine.cpu:.1f} of the CPU"
            )


def items(count: int, *, changed: bool) -> Iterator[dict[str, Any]]:
    """Contacts as Tripletex sends them; with `changed`, one of a hundred has a new number and version."""
    for number in range(1, count + 1):
        is_new = changed and number % ONE_OF == 0
        stamps = [STARTED + timedelta(minutes=number), STARTED + timedelta(minutes=2 * number + is_new)]
        yield {
            "id": number,
            "version": 2 if is_new else 1,
            "firstName": f"Fornavn{number % 977}",
            "lastName": f"Etternavn{number % 5003}",
            "email": f"kontakt{number}@firma{number % 9973}.example.no",
            "phoneNumberMobile": f"4{number + 10_000_000 * is_new:07}",
            "phoneNumberWork": f"22{number % 1_000_000:06}",
            "customer": {"id": number % 9973},
            "isInactive": number % 17 == 0,
            "changes": [{"timestamp": stamp.isoformat()} for stamp in stamps],
        }


def _raw(count: int, *, changed: bool) -> list[list[dict[str, Any]]]:
    """Pages as they come over the wire; validation is part of landing them."""
    found = list(items(count, changed=changed))
    return [found[start : start + PAGE] for start in range(0, count, PAGE)]


def _valid(count: int, *, changed: bool) -> list[Page[TripletexContact]]:
    """Pages that were validated before the clock starts."""
    return [read_page(TripletexContact, page) for page in _raw(count, changed=changed)]


def _land(
    engine: sa.Engine, meter: Meter, parse: Callable[..., Sequence[Any]], count: int, *, changed: bool
) -> Cost:
    pages = parse(count, changed=changed)
    lander = Lander(engine, TripletexContact, run_id="benchmark", suppression=Suppression(b"s" * 32))
    # A client holds a page at a time; that all of them lie here is not to cost anybody anything.
    gc.freeze()
    meter.lap()
    tally = lander.land(
        page if isinstance(page, Page) else read_page(TripletexContact, page) for page in pages
    )
    cost = meter.lap()
    gc.unfreeze()
    expected = count // ONE_OF if changed else count
    if tally.stored != expected or tally.difference:
        raise SystemExit(f"{tally.stored} records were stored instead of {expected}")
    return cost


def _bare_copy(engine: sa.Engine, meter: Meter, count: int) -> Cost:
    """The floor: the same values into a table of the same columns, key and index, from tuples."""
    columns = [*TripletexContact.model_fields, "content_hash"]
    rows = [
        (*(getattr(record, name) for name in TripletexContact.model_fields), bytes(16))
        for page in _valid(count, changed=False)
        for record in page.records
    ]
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE TABLE bare (LIKE {TABLE.fullname} INCLUDING ALL)")
    meter.lap()
    with engine.begin() as connection:
        cursor = connection.connection.cursor()
        with cursor.copy(f"COPY bare ({', '.join(columns)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    cost = meter.lap()
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE bare")
    return cost


def _empty(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(f"TRUNCATE {TABLE.fullname}")


def _peer(
    meter: Meter, url: sa.URL, folder: Path, peer: Path, mode: str, count: int
) -> Iterator[tuple[str, Cost]]:
    """The peer's cost of both loads. Its own CPU as it tells it, the server's as the meter does."""
    loads = {"first load": False, "1 % changed": True}
    files = []
    for load, changed in loads.items():
        path = folder / f"{load[0]}.jsonl"
        files.append(str(path))
        with path.open("w") as file:
            if mode == "nested":
                file.writelines(json.dumps(item) + "\n" for item in items(count, changed=changed))
                continue
            for page in _valid(count, changed=changed):
                file.writelines(record.model_dump_json() + "\n" for record in page.records)
    job = {
        "mode": mode,
        "files": files,
        # The peer insists on a host; the one that counts is the folder of the server's socket.
        "url": f"postgresql://{url.username}:-@localhost/{url.database}?host={url.query['host']}",
    }
    environment = os.environ | {"PYTHONPATH": str(peer)}
    process = subprocess.Popen(
        [sys.executable, str(PEER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    meter.lap()
    json.dump(job, process.stdin)
    process.stdin.close()
    for load in loads:
        line = process.stdout.readline()
        if not line:
            raise SystemExit(
                f"the peer has failed ({MODES[mode]}, {load}); run {PEER.name} by hand to see why"
            )
        told = json.loads(line)
        yield load, Cost(told["wall"], told["python"], meter.lap().postgres, told["peak"])
    process.wait()


def _tell(what: str, load: str, count: int, cost: Cost) -> None:
    print(
        f"{what:30} {load:12} {count / cost.wall:9,.0f} rows/s {cost.cpu / count * 1e6:6.1f} µs CPU a row"
        f" ({cost.python / count * 1e6:.1f} client, {cost.postgres / count * 1e6:.1f} server),"
        f" peak {cost.peak:,.0f} MiB",
        flush=True,
    )


if __name__ == "__main__":
    main()
