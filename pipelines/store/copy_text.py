"""Frames in the text format of COPY, column by column: several times quicker than row by row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

# Rows that are turned into text at a time: large enough that COPY pays, small enough for memory.
BLOCK_ROWS = 50_000

NULL = r"\N"

_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def text_blocks(frame: pd.DataFrame, columns: Sequence[str]) -> Iterator[str]:
    """A frame in the text format of COPY, in blocks of BLOCK_ROWS lines."""
    for start in range(0, len(frame), BLOCK_ROWS):
        block = frame.iloc[start : start + BLOCK_ROWS]
        texts = [_as_text(block[name]) for name in columns]
        yield "\n".join(map("\t".join, zip(*texts, strict=True))) + "\n"


def _as_text(series: pd.Series[Any]) -> list[str]:
    """The values of one column as COPY writes them; missing ones as NULL."""
    if isinstance(series.dtype, pd.DatetimeTZDtype):
        stamps = series.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy().astype("datetime64[us]")
        texts = np.char.add(np.datetime_as_string(stamps), "+00")
        return [NULL if missing else text for text, missing in zip(texts, np.isnat(stamps), strict=True)]
    if series.dtype == np.bool_:
        return ["t" if value else "f" for value in series.tolist()]
    if isinstance(series.dtype, np.dtype) and series.dtype.kind in "iu":
        return list(map(str, series.tolist()))
    values = series.tolist()
    if set(map(type, values)) <= {str, type(None)}:
        return _escaped(values)
    return [_value_as_text(value) for value in values]


def _escaped(values: list[str | None]) -> list[str]:
    joined = "".join(value for value in values if value is not None)
    if any(sign in joined for sign in "\\\t\n\r"):
        return [NULL if value is None else value.translate(_ESCAPES) for value in values]
    return [NULL if value is None else value for value in values]


def _value_as_text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return _array_literal(value).translate(_ESCAPES)
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return NULL
    if isinstance(value, bool | np.bool_):
        return "t" if value else "f"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, float):
        return repr(float(value))
    if isinstance(value, bytes):
        return rf"\\x{value.hex()}"
    if isinstance(value, str | int | Decimal | np.integer):
        return str(value).translate(_ESCAPES)
    raise TypeError(f"no COPY text for {type(value).__name__}")


def _array_literal(values: Sequence[Any]) -> str:
    quoted = (
        "NULL" if value is None else '"' + str(value).replace("\\", r"\\").replace('"', r"\"") + '"'
        for value in values
    )
    return "{" + ",".join(quoted) + "}"
