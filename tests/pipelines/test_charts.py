"""What people look at: bars as long as their numbers, lines where the numbers are, shown without a click."""

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import pairwise
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.charts import SHOWN_AT_ONCE, bar, bars, lines, overlap

DAY = date(2026, 5, 1)
COUNTS = st.integers(0, 10_000_000)


def picture(markdown: str) -> ElementTree.Element:
    """The SVG of a Markdown image, as a browser reads it."""
    found = re.fullmatch(r"!\[[^\]]+\]\(<data:image/svg\+xml;utf8,([^<>\n]*)>\)", markdown)
    assert found, markdown
    return ElementTree.fromstring(unquote(found[1]))


def texts(svg: ElementTree.Element) -> list[str]:
    return [str(element.text) for element in svg.iter("{http://www.w3.org/2000/svg}text")]


def paths(svg: ElementTree.Element) -> list[list[tuple[int, int]]]:
    """The points of each drawn line."""
    [group] = [one for one in svg if one.get("stroke-width")]
    return [
        [(int(x), int(y)) for x, y in re.findall(r"[ML](\d+) (\d+)", str(path.get("d")))] for path in group
    ]


@given(COUNTS, COUNTS)
def test_a_bar_is_as_long_as_its_share_and_is_seen_where_there_is_anything(number: int, more: int) -> None:
    most = number + more
    drawn = bar(number, most)
    assert len(drawn) <= 10
    assert bool(drawn) == (number > 0)
    assert len(bar(most, most)) in (0, 10)
    if number:
        assert abs(len(drawn) - 10 * number / most) <= 1


def test_each_row_tells_its_number_and_what_it_is_held_against() -> None:
    table = bars(
        {"order_form": 1_200, "brreg_unit": 0}, ("source", "requests"), against={"order_form": 1_000}
    )
    assert table.splitlines() == [
        "| source | requests | ideal |   |",
        "|---|---:|---:|---|",
        f"| order_form | 1,200 | 1,000 | {'█' * 10} |",
        "| brreg_unit | 0 | – |  |",
    ]


def test_combinations_are_told_by_dots_the_largest_first_and_the_rest_in_one_row() -> None:
    groups = {("b",): 3, ("a", "b"): 40, ("a",): 3, ("c",): 1}
    rows = [line.strip("| ").split(" | ") for line in overlap(groups, "cards", most=2).splitlines()]
    assert rows[0][:4] == ["a", "b", "c", "cards"]
    assert [row[:4] for row in rows[2:]] == [
        ["●", "●", "·", "40"],
        ["●", "·", "·", "3"],
        ["…", "…", "…", "4"],
    ]


def test_lines_rise_with_their_numbers_and_end_with_their_names() -> None:
    people = [(DAY + timedelta(days), 100.0 + 10 * days) for days in range(5)]
    svg = picture(lines({"people": people, "organisations": [(DAY, 70), (DAY + timedelta(4), 70)]}, "cards"))
    first, second = paths(svg)
    assert [x for x, _ in first] == sorted({x for x, _ in first})
    assert [y for _, y in first] == sorted({y for _, y in first}, reverse=True)
    assert second[0][1] == second[1][1] > first[0][1]
    assert {"people 140", "organisations 70", "01.05.26", "05.05.26", "200"} <= {*texts(svg)}


def test_one_day_is_a_dot() -> None:
    svg = picture(lines({"people": [(DAY, 143)]}, "cards"))
    assert len(paths(svg)[0]) == 1
    assert "h0" in ElementTree.tostring(svg, encoding="unicode")


def test_names_of_lines_that_end_together_do_not_lie_on_each_other() -> None:
    svg = picture(lines({name: [(DAY, 5)] for name in ("a", "b", "c")}, "cards"))
    heights = sorted(int(str(one.get("y"))) for one in svg.iter() if str(one.text).endswith(" 5"))
    assert len(heights) == 3
    assert all(lower - higher >= 12 for higher, lower in pairwise(heights))


def test_without_numbers_there_is_no_picture() -> None:
    assert lines({"people": []}, "cards") == "no numbers yet"


@pytest.mark.parametrize("days", [1, 2, 30, 365, 4_000])
@pytest.mark.parametrize("series", [1, 2, 3])
def test_a_picture_is_shown_at_once_however_long_the_time_is(days: int, series: int) -> None:
    """Dagster hides longer Markdown behind a link. The last day is always told."""
    points = [(DAY + timedelta(day), 1_000_000.0 + day) for day in range(days)]
    drawn = lines({f"organisations {number}": points for number in range(series)}, "cards")
    assert len(drawn) < SHOWN_AT_ONCE
    assert f"organisations 0 {points[-1][1]:,.0f}" in texts(picture(drawn))


def test_the_rows_of_all_sources_are_shown_at_once() -> None:
    names = {f"helpscout_conversation_{number}": 123_456 for number in range(10)}
    assert len(bars(names, ("source", "requests"), against=names)) < SHOWN_AT_ONCE


def test_what_could_be_taken_for_markup_is_a_letter() -> None:
    assert "a<b>&c 1" in texts(picture(lines({"a<b>&c": [(DAY, 1)]}, "cards")))
