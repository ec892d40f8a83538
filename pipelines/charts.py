"""Numbers to be looked at, as Markdown for Dagster's metadata: tables with bars, a picture with lines.

Dagster shows Markdown of less than 1,000 characters at once and hides the rest behind a link, so all of it is
short. Whoever calls gives names of sources, rules and days, and counts; never a value of anybody. Must know
neither the store nor Dagster.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import cycle
from xml.sax.saxutils import escape

SHOWN_AT_ONCE = 1_000
"""Characters of Markdown that Dagster's UI (1.13) shows without a click."""

_BAR = 10
"""Characters of the longest bar."""
_EIGHTHS = " ▏▎▍▌▋▊▉"
_COLOURS = ("#0072b2", "#d55e00", "#009e73")
"""Told apart also by those who do not see red from green, on a light page and on a dark one."""
_INK = "#7a7f87"
_WIDTH, _HEIGHT, _LEFT, _PLOT = 420, 140, 44, 110
"""Pixels: beside a short name, an asset's overview leaves 440 of them for a value on a laptop."""


def bars(
    rows: Mapping[str, float],
    heading: tuple[str, str],
    *,
    against: Mapping[str, float] | None = None,
    held_against: str = "ideal",
) -> str:
    """One row per name: its number, what it is held `against` where given, and a bar of that length."""
    most = max(rows.values(), default=0)
    names = (heading[0], heading[1], *([held_against] if against is not None else []), " ")
    lines_ = [_row(names), "|---|" + "---:|" * (len(names) - 2) + "---|"]
    for name, number in rows.items():
        other = [f"{against[name]:,.0f}" if name in against else "–"] if against is not None else []
        lines_.append(_row((name, f"{number:,.0f}", *other, bar(number, most))))
    return "\n".join(lines_)


def overlap(groups: Mapping[tuple[str, ...], int], what: str, *, most: int = 12) -> str:
    """How many belong to which sets at once: a row per combination, with a dot under each name that is in it.

    The largest combinations come first; beyond `most` the rest is one row.
    """
    names = sorted({name for combination in groups for name in combination})
    ordered = sorted(groups.items(), key=lambda item: (-item[1], item[0]))
    shown, rest = ordered[:most], sum(number for _, number in ordered[most:])
    largest = max([*(number for _, number in shown), rest], default=0)
    lines_ = [_row((*names, what, " ")), "|" + ":-:|" * len(names) + "---:|---|"]
    for combination, number in shown:
        dots = ("●" if name in combination else "·" for name in names)
        lines_.append(_row((*dots, f"{number:,}", bar(number, largest))))
    if rest:
        lines_.append(_row((*["…"] * len(names), f"{rest:,}", bar(rest, largest))))
    return "\n".join(lines_)


def bar(number: float, most: float) -> str:
    """A bar that is full where the number is the most there is, to the eighth of a character."""
    eighths = round(_BAR * 8 * number / most) if most > 0 else 0
    if number > 0:
        eighths = max(eighths, 1)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def lines(series: Mapping[str, Sequence[tuple[date, float]]], name: str) -> str:
    """A picture of one line per series, from zero; each ends with its name and number.

    Points are left out evenly until Dagster shows the picture at once.
    """
    given = {key: points for key, points in series.items() if points}
    if not given:
        return "no numbers yet"
    picture = ""
    for most in (30, 24, 18, 12, 8, 4):
        picture = _image(_drawn({key: _thinned(points, most) for key, points in given.items()}), name)
        if len(picture) < SHOWN_AT_ONCE:
            break
    return picture


def _drawn(series: Mapping[str, Sequence[tuple[date, float]]]) -> str:
    """The SVG of some lines, each of at least one point."""
    days = [day for points in series.values() for day, _ in points]
    first, last = min(days), max(days)
    ends = [f"{key} {points[-1][1]:,.0f}" for key, points in series.items()]
    right = _WIDTH - 10 - round(max(map(len, ends)) * 6.2)
    top = _round_up(max(number for points in series.values() for _, number in points))

    def at(day: date, number: float) -> tuple[int, int]:
        x = right if first == last else _LEFT + (right - _LEFT) * (day - first).days / (last - first).days
        return round(x), round(8 + _PLOT * (1 - number / top))

    across = "".join(f"M{_LEFT} {8 + _PLOT * half // 2}H{right}" for half in range(3))
    labels = [(0, 12, _short(top)), (0, 12 + _PLOT // 2, _short(top / 2)), (_LEFT, _HEIGHT - 6, _day(first))]
    if last > first:
        labels.append((right - 46, _HEIGHT - 6, _day(last)))
    paths = []
    heights = _apart([at(*points[-1])[1] for points in series.values()])
    for colour, points, end, height in zip(cycle(_COLOURS), series.values(), ends, heights, strict=False):
        path = "L".join(f"{x} {y}" for x, y in (at(*point) for point in points))
        # A line of one point would not be seen: its round end makes it a dot.
        paths.append(f"<path d='M{path}{'h0' if len(points) == 1 else ''}' stroke='{colour}'/>")
        labels.append((right + 8, height + 4, end))
    texts = "".join(f"<text x='{x}' y='{y}'>{escape(text)}</text>" for x, y, text in labels)
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{_WIDTH}' height='{_HEIGHT}'"
        f" font-family='sans-serif' font-size='11'><path d='{across}' stroke='{_INK}' stroke-opacity='.4'/>"
        f"<g fill='none' stroke-width='3' stroke-linecap='round'>{''.join(paths)}</g>"
        f"<g fill='{_INK}'>{texts}</g></svg>"
    )


def _image(svg: str, name: str) -> str:
    """A picture as Markdown. It is not packed: what it shows can be searched for."""
    for character, code in (("%", "%25"), ("#", "%23"), ("<", "%3C"), (">", "%3E")):
        svg = svg.replace(character, code)
    return f"![{name}](<data:image/svg+xml;utf8,{svg}>)"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _day(day: date) -> str:
    return f"{day:%d.%m.%y}"


def _thinned(points: Sequence[tuple[date, float]], most: int) -> list[tuple[date, float]]:
    """At most so many of the points, evenly chosen, the last one always among them."""
    step = math.ceil(len(points) / most)
    return list(points)[::-step][::-1]


def _round_up(number: float) -> float:
    """The next number that reads well on an axis: 1, 2 or 5 times a power of ten; at least 2."""
    if number <= 2:
        return 2.0
    power: float = 10 ** math.floor(math.log10(number))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= number)


def _short(number: float) -> str:
    """`1,500`, `20k`, `3.5M`."""
    if number >= 1e6:
        return f"{number / 1e6:g}M"
    return f"{number / 1e3:g}k" if number >= 1e4 else f"{number:,g}"


def _apart(heights: Sequence[int], least: int = 12) -> list[int]:
    """The heights, moved as far as needed so that no two labels lie on each other: the lowest stays."""
    moved = list(heights)
    below = math.inf
    for place in sorted(range(len(heights)), key=heights.__getitem__, reverse=True):
        below = moved[place] = round(min(moved[place], below - least))
    return moved
