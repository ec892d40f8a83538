"""COPY and set-based writes: every value arrives as it was, and a row that did not change is not written."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql as pg

from pipelines.store.bulk import (
    Written,
    append,
    delete,
    read_frame,
    replace,
    replace_from,
    stage_scope,
    upsert,
)

_METADATA = sa.MetaData()
THINGS = sa.Table(
    "thing",
    _METADATA,
    sa.Column("key", sa.BigInteger(), primary_key=True, autoincrement=False),
    sa.Column("text", sa.Text()),
    sa.Column("group", sa.Text()),
    sa.Column("flag", sa.Boolean()),
    sa.Column("amount", sa.Numeric()),
    sa.Column("ratio", sa.Double()),
    sa.Column("day", sa.Date()),
    sa.Column("stamp", sa.DateTime(timezone=True)),
    sa.Column("names", pg.ARRAY(sa.Text())),
    sa.Column("raw", sa.LargeBinary()),
    sa.Column("touched_at", sa.DateTime(timezone=True)),
)


@pytest.fixture
def connection(crm_engine: sa.Engine) -> Iterator[sa.Connection]:
    with crm_engine.connect() as connection:
        _METADATA.create_all(connection)
        yield connection


def _frame(**columns: list[Any]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})


def _texts(connection: sa.Connection) -> dict[int, str | None]:
    return dict(map(tuple, connection.execute(sa.select(THINGS.c.key, THINGS.c.text))))


_TEXT = st.one_of(
    st.none(),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12),
    st.sampled_from(["\\N", "\\", "\t", "a\nb", "\r", "\\t", "", "NULL", '"', "{}"]),
)
_ROW = st.tuples(
    _TEXT,
    st.one_of(st.none(), st.booleans()),
    st.one_of(st.none(), st.decimals(allow_nan=False, allow_infinity=False, places=2)),
    st.one_of(st.none(), st.floats(allow_nan=False)),
    st.one_of(st.none(), st.dates(date(1900, 1, 1))),
    st.one_of(st.none(), st.datetimes(timezones=st.just(UTC))),
    st.one_of(st.none(), st.lists(_TEXT, max_size=3)),
    st.one_of(st.none(), st.binary(max_size=5)),
)
_COLUMNS = ["text", "flag", "amount", "ratio", "day", "stamp", "names", "raw"]


@given(st.lists(_ROW, max_size=8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_value_arrives_as_it_was(connection: sa.Connection, rows: list[tuple[Any, ...]]) -> None:
    columns = {name: [row[at] for row in rows] for at, name in enumerate(_COLUMNS)}
    frame = _frame(key=list(range(len(rows))), **columns)
    connection.execute(sa.delete(THINGS))
    append(connection, THINGS, frame)
    read = read_frame(
        connection, sa.select(THINGS.c.key, *(THINGS.c[name] for name in _COLUMNS)).order_by("key")
    )
    assert [tuple(row) for row in read[_COLUMNS].to_numpy(dtype=object)] == rows


def test_columns_of_plain_types_arrive_too(connection: sa.Connection) -> None:
    frame = pd.DataFrame(
        {
            "key": np.array([1, 2, 3]),
            "flag": np.array([True, False, True]),
            "ratio": [0.25, math.nan, -1e300],
            "stamp": pd.to_datetime(
                pd.Series(["2026-03-29T01:30:00+01:00", None, "1969-12-31T23:59:59.999999Z"]),
                utc=True,
                format="ISO8601",
            ),
        }
    )
    append(connection, THINGS, frame)
    rows = connection.execute(
        sa.select(THINGS.c.flag, THINGS.c.ratio, THINGS.c.stamp).order_by(THINGS.c.key)
    ).all()
    assert [tuple(row) for row in rows] == [
        (True, 0.25, datetime(2026, 3, 29, 0, 30, tzinfo=UTC)),
        (False, None, None),
        (True, -1e300, datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
    ]


def test_counts_that_may_be_unknown_arrive_too(connection: sa.Connection) -> None:
    frame = pd.DataFrame({"key": np.array([1, 2]), "amount": pd.array([7, pd.NA], dtype="Int64")})
    append(connection, THINGS, frame)
    assert connection.scalars(sa.select(THINGS.c.amount).order_by(THINGS.c.key)).all() == [Decimal(7), None]


def test_a_value_of_a_kind_that_copy_does_not_know_is_refused(connection: sa.Connection) -> None:
    with pytest.raises(TypeError, match="no COPY text for object"):
        append(connection, THINGS, _frame(key=[1], text=[object()]))


def test_more_rows_than_a_block_arrive_once_each(
    connection: sa.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.store.copy_text.BLOCK_ROWS", 3)
    append(connection, THINGS, _frame(key=list(range(10)), text=[str(at) for at in range(10)]))
    assert _texts(connection) == {at: str(at) for at in range(10)}


@pytest.mark.parametrize("many", [0, 1_000_000])
def test_replace_makes_the_table_equal_and_counts_what_it_did(
    connection: sa.Connection, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    """Whichever way the planner is told to go."""
    monkeypatch.setattr("pipelines.store.bulk._MANY_ROWS", many)
    assert replace(connection, THINGS, _frame(key=[1, 2, 3], text=["a", "b", None])) == Written(inserted=3)
    done = replace(connection, THINGS, _frame(key=[2, 3, 4], text=["b", "c", "d"]))
    assert done == Written(inserted=1, updated=1, deleted=1)
    assert _texts(connection) == {2: "b", 3: "c", 4: "d"}
    assert replace(connection, THINGS, _frame(key=[2, 3, 4], text=["b", "c", "d"])).changed == 0
    assert connection.scalar(sa.text("SHOW enable_nestloop")) == "on"


def test_an_equal_row_is_not_written_again(connection: sa.Connection) -> None:
    append(connection, THINGS, _frame(key=[1, 2], text=["a", None]))
    version = sa.text('SELECT xmin::text, ctid::text FROM thing ORDER BY "key"')
    before = connection.execute(version).all()
    replace(connection, THINGS, _frame(key=[1, 2], text=["a", None]))
    assert connection.execute(version).all() == before


def test_the_time_stamp_moves_only_on_a_change(connection: sa.Connection) -> None:
    append(connection, THINGS, _frame(key=[1, 2], text=["a", "b"]))
    replace(connection, THINGS, _frame(key=[1, 2], text=["a", "B"]), touch="touched_at")
    touched = connection.execute(sa.select(THINGS.c.key).where(THINGS.c.touched_at.is_not(None))).scalars()
    assert list(touched) == [2]


def test_columns_that_the_frame_lacks_are_left_alone(connection: sa.Connection) -> None:
    append(connection, THINGS, _frame(key=[1], text=["a"], group=["g"]))
    replace(connection, THINGS, _frame(key=[1], text=["b"]))
    assert connection.execute(sa.select(THINGS.c.text, THINGS.c.group)).one() == ("b", "g")


def test_rows_outside_the_scope_are_neither_changed_nor_deleted(connection: sa.Connection) -> None:
    append(connection, THINGS, _frame(key=[1, 2, 3], text=["a", "b", "c"], group=["x", "x", "y"]))
    done = replace(
        connection,
        THINGS,
        _frame(key=[2, 4], text=["B", "d"], group=["x", "x"]),
        within=stage_scope(connection, THINGS, _frame(group=["x"]), "group"),
    )
    assert done == Written(inserted=1, updated=1, deleted=1)
    assert _texts(connection) == {2: "B", 3: "c", 4: "d"}


def test_a_scope_of_nothing_deletes_nothing(connection: sa.Connection) -> None:
    append(connection, THINGS, _frame(key=[1], text=["a"], group=["x"]))
    nothing = stage_scope(connection, THINGS, _frame(group=[]), "group")
    assert replace(connection, THINGS, _frame(key=[], text=[]), within=nothing).changed == 0


def test_what_is_within_a_scope_can_be_deleted_alone(connection: sa.Connection) -> None:
    append(connection, THINGS, _frame(key=[1, 2, 3], group=["x", "y", "x"]))
    scope = stage_scope(connection, THINGS, _frame(group=["x", "z"]), "group")
    assert delete(connection, THINGS, scope) == 2
    assert list(_texts(connection)) == [2]


def test_a_frame_without_the_key_is_refused(connection: sa.Connection) -> None:
    with pytest.raises(ValueError, match=r"thing: the key columns \['key'\] are missing"):
        replace(connection, THINGS, _frame(text=["a"]))


def test_a_query_can_say_what_the_table_should_hold(connection: sa.Connection) -> None:
    values = sa.values(sa.column("key", sa.BigInteger), sa.column("text", sa.Text))

    def wanted(rows: list[tuple[int, str]]) -> sa.Select[Any]:
        return sa.select(values.data(rows).alias("wanted"))

    assert replace_from(connection, THINGS, wanted([(1, "a"), (2, "b")])) == Written(inserted=2)
    done = replace_from(connection, THINGS, wanted([(2, "B"), (3, "c")]))
    assert done == Written(inserted=1, updated=1, deleted=1)
    assert _texts(connection) == {2: "B", 3: "c"}
    assert replace_from(connection, THINGS, wanted([(2, "B"), (3, "c")])).changed == 0


def test_an_upsert_deletes_nothing(connection: sa.Connection) -> None:
    append(connection, THINGS, _frame(key=[1, 2], text=["a", "b"]))
    done = upsert(connection, THINGS, ["key", "text"], [(2, "B"), (3, "c")])
    assert done == Written(inserted=1, updated=1)
    assert _texts(connection) == {1: "a", 2: "B", 3: "c"}


def test_an_answer_is_read_with_its_columns_even_when_empty(connection: sa.Connection) -> None:
    frame = read_frame(connection, sa.select(THINGS.c.key, THINGS.c.amount))
    assert (list(frame.columns), len(frame)) == (["key", "amount"], 0)
    append(connection, THINGS, _frame(key=[1], amount=[Decimal("1.50")]))
    assert read_frame(connection, sa.select(THINGS.c.amount))["amount"].tolist() == [Decimal("1.50")]
