"""The page for a person who asked for access: a dossier as HTML that stands alone and loads nothing.

Made for screen readers too: its language is named, headings are in order, tables have headers and captions.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pipelines.privacy.records import Language
from pipelines.privacy.subjects.access import Dossier, Row
from pipelines.privacy.subjects.access_names import FIELDS, KINDS, TECHNICAL
from pipelines.privacy.subjects.access_values import FIXED, RULES, VALUES
from pipelines.privacy.subjects.access_words import SECTIONS
from schemas.policy import Bilingual
from schemas.zone import OSLO


def access_page(dossier: Dossier, language: Language = "nb") -> str:
    """All of a dossier as one page, in Norwegian (`nb`) or English (`en`)."""
    return _Page(dossier, language).whole()


class _Page:
    """One dossier in one language."""

    def __init__(self, dossier: Dossier, language: Language) -> None:
        self._dossier = dossier
        self._language = language
        self._is_whole = "records" in dossier.parts

    def whole(self) -> str:
        """The document."""
        title = self._say("title" if self._is_whole else "disclosures_title")
        sections = [
            f'<section aria-labelledby="{name}"><h2 id="{name}">{self._say(name)}</h2>'
            f"{self._part(name)}</section>"
            for name in self._dossier.parts
        ]
        return "\n".join(
            (
                "<!doctype html>",
                f'<html lang="{self._language}"><head><meta charset="utf-8">'
                '<meta name="viewport" content="width=device-width, initial-scale=1">'
                f"<title>{title}</title><style>{_STYLE}</style></head><body><main>",
                f"<h1>{title}</h1>",
                self._introduction(),
                *sections,
                "</main></body></html>\n",
            )
        )

    def _introduction(self) -> str:
        one = self._dossier.controller
        contents = "".join(
            f'<li><a href="#{name}">{self._say(name)}</a></li>' for name in self._dossier.parts
        )
        return (
            f"<p>{self._say('introduction' if self._is_whole else 'disclosures_introduction')}</p>"
            f"<p>{self._say('controller')}: {_safe(one['name'])}, {self._say('organization_number')} "
            f"{_safe(one['organization_number'])}.<br>{self._say('questions')}: {_safe(one['contact'])}.<br>"
            f"{self._say('made_at')}: {self._shown('made_at', self._dossier.made_at)}.</p>"
            f'<nav aria-label="{self._say("contents")}"><ul>{contents}</ul></nav>'
        )

    def _part(self, name: str) -> str:
        rows: Sequence[Row] = getattr(self._dossier, name)
        if not rows:
            return f"<p>{self._say('nothing')}</p>"
        match name:
            case "records":
                return "".join(map(self._record, rows))
            case "activity":
                return "".join(
                    f"<h3>{self._kind(kind)}</h3>{self._table(self._kind(kind), same)}"
                    for kind, same in _by_kind(rows).items()
                )
            case "information":
                return "".join(
                    f"<h3>{self._text(one['title'])}</h3><p>{self._text(one['text'])}</p>" for one in rows
                )
            case _:
                return self._table(self._say(name), rows)

    def _record(self, record: Row) -> str:
        """One source record: its fields below each other, and what keeps it from being used or deleted."""
        title = f"{self._kind(record['source'])}, {self._say('number')} {_safe(record['source_id'])}"
        notes = f"<p><strong>{self._say('restricted')}</strong></p>" if record.get("restricted") else ""
        if duties := record.get("held_by_law"):
            told = " ".join(map(self._text, duties))
            notes += f"<p><strong>{self._say('held_by_law')}</strong> {told}</p>"
        fields = "".join(
            f'<tr><th scope="row">{self._field(name)}</th><td>{self._shown(name, value)}</td></tr>'
            for name, value in record["values"].items()
            if name not in TECHNICAL
        )
        table = f'<table class="record">{_caption(title)}<tbody>{fields}</tbody></table>'
        return f"<h3>{title}</h3>{notes}{_framed(table, title)}"

    def _table(self, title: str, rows: Sequence[Row]) -> str:
        """Rows under the names of their columns; the first column names the row."""
        names = [name for name in dict.fromkeys(name for row in rows for name in row) if name not in _UNSEEN]
        head = "".join(f'<th scope="col">{self._field(name)}</th>' for name in names)
        first, *others = names
        body = "".join(
            f'<tr><th scope="row">{self._shown(first, row.get(first))}</th>'
            + "".join(f"<td>{self._shown(name, row.get(name))}</td>" for name in others)
            + "</tr>"
            for row in rows
        )
        return _framed(
            f"<table>{_caption(title)}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>", title
        )

    def _shown(self, name: str, value: Any) -> str:
        """A value as a person reads it; texts that are held in English alone are marked as such."""
        match value:
            case None:
                return ""
            case Bilingual():
                return self._text(value)
            case bool():
                return self._say("yes" if value else "no")
            case list() | tuple():
                between = "; " if any(isinstance(part, Bilingual) for part in value) else ", "
                return between.join(self._shown(name, part) for part in value)
            case datetime():
                return f"{value.astimezone(OSLO):{_TIME[self._language]}}"
            case date():
                return f"{value:{_DAY[self._language]}}"
            case Decimal():
                return _safe(f"{value:f}".replace(".", "," if self._language == "nb" else "."))
        return self._word(name, str(value))

    def _word(self, name: str, value: str) -> str:
        words = _VOCABULARIES.get(name, VALUES if name in FIXED else {})
        if (known := words.get(value)) is not None:
            return self._text(known)
        in_english = name in _ENGLISH and self._language != "en"
        return f'<span lang="en">{_safe(value)}</span>' if in_english else _safe(value)

    def _field(self, name: str) -> str:
        return self._text(FIELDS[name])

    def _kind(self, name: str) -> str:
        return self._text(KINDS[name])

    def _say(self, name: str) -> str:
        return self._text(SECTIONS[name])

    def _text(self, text: Bilingual) -> str:
        return _safe(text.nb if self._language == "nb" else text.en)


def _by_kind(rows: Iterable[Row]) -> Mapping[str, list[Row]]:
    """Rows of one kind together, in the order of the first of each."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row["what"], []).append(
            {name: value for name, value in row.items() if name != "what"}
        )
    return groups


def _caption(title: str) -> str:
    return f'<caption class="unseen">{title}</caption>'


def _framed(table: str, title: str) -> str:
    """A table that can be scrolled sideways, by keyboard too, where the window is narrow."""
    return f'<div class="wide" role="region" aria-label="{title}" tabindex="0">{table}</div>'


def _safe(text: object) -> str:
    return html.escape(str(text))


_UNSEEN = TECHNICAL | frozenset(
    "organization_id customer_id mailbox_id order_id product_id first_seen_at last_changed_at".split()
)
"""What a table of many rows leaves out, so that it can be taken in at a glance; the data file has it."""
_VOCABULARIES: Mapping[str, Mapping[str, Bilingual]] = {
    "rule": RULES,
    "source": KINDS,
    "what": KINDS,
    "about": KINDS,
    "field": FIELDS,
}
"""Columns whose values are names of rules, kinds or columns."""
_ENGLISH = frozenset({"reason", "reasons", "warnings", "legal_basis"})
"""Columns that the pipeline fills with English sentences."""
_DAY: Mapping[Language, str] = {"nb": "%d.%m.%Y", "en": "%Y-%m-%d"}
_TIME: Mapping[Language, str] = {"nb": "%d.%m.%Y kl. %H.%M", "en": "%Y-%m-%d %H:%M"}
_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;color:#1a1a1a;background:#fff;margin:0}"
    "main{max-width:76rem;margin:2rem auto;padding:0 1rem}"
    "h2{margin-top:2.5rem;border-bottom:2px solid #1a1a1a}h3{margin:1.5rem 0 .5rem}"
    "table{border-collapse:collapse;width:100%}"
    "th,td{border:1px solid #767676;padding:.3rem .6rem;text-align:left;vertical-align:top;"
    "overflow-wrap:break-word}"
    "thead th{background:#e8eef4}tbody th{font-weight:600}.record th{width:35%}.wide{overflow-x:auto}"
    "a{color:#0b4a8f}.unseen{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}"
    "@media print{@page{size:A4 landscape}body{font-size:.75rem}"
    "main{max-width:none;margin:0}.wide{overflow:visible}nav{display:none}"
    "tr,h3{break-inside:avoid;break-after:auto}h2,h3{break-after:avoid}}"
)
