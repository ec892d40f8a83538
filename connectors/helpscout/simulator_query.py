"""Help Scout's search language: `(email:"x" AND modifiedAt:[A TO B])` as a predicate on records.

Knows the grammar only; which fields a record has is the caller's matter.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

Item = TypeVar("Item")
Predicate = Callable[[Item], bool]
Field = Callable[["Value"], Predicate[Item]]
"""Compiles what stands after a field's colon; may raise QueryError."""


class QueryError(ValueError):
    """The query does not follow the grammar. The message quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Value:
    """What stands after `field:`: texts (one, or several joined by OR) or a range of times."""

    texts: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    is_range: bool = False

    def within(self, moment: datetime) -> bool:
        """Whether a time lies in the range; both ends belong to it, `*` leaves one open."""
        after_start = self.start is None or moment >= self.start
        return after_start and (self.end is None or moment <= self.end)


def parse_query(text: str, fields: Mapping[str, Field[Item]]) -> Predicate[Item]:
    """Compile a query to a predicate.

    `fields` says how each searchable field is compiled. Raises QueryError for a query that cannot be
    read, for an unknown field and for a time that is not `yyyy-MM-ddTHH:mm:ssZ`.
    """
    parser = _Parser(_tokens(text), fields)
    predicate = parser.either()
    parser.expect_end()
    return predicate


def parse_time(text: str) -> datetime:
    """A time as the API takes it: UTC, whole seconds. Raises QueryError for anything else."""
    if not _TIME.fullmatch(text):
        raise QueryError("malformed date")
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise QueryError("malformed date") from None


_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<range>\[\s*(?P<start>[^\s\]]+)\s+TO\s+(?P<end>[^\s\]]+)\s*\])
      | (?P<quoted>"(?:[^"\\]|\\.)*")
      | (?P<mark>[():])
      | (?P<word>[^\s():"\[\]]+)
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: str = ""
    end: str = ""


def _tokens(text: str) -> list[_Token]:
    tokens, position, text = [], 0, text.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise QueryError("unreadable query")
        kind = next(name for name in ("range", "quoted", "mark", "word") if match[name])
        value = match[kind]
        if kind == "quoted":
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        tokens.append(_Token(kind, value, match["start"] or "", match["end"] or ""))
        position = match.end()
    return tokens


class _Parser(Generic[Item]):
    """Recursive descent: either := both (OR both)*; both := one ([AND] one)*."""

    def __init__(self, tokens: list[_Token], fields: Mapping[str, Field[Item]]) -> None:
        self._tokens = tokens
        self._fields = fields
        self._next = 0

    def either(self) -> Predicate[Item]:
        options = [self._both()]
        while self._skip_word("OR"):
            options.append(self._both())
        return lambda item: any(option(item) for option in options)

    def expect_end(self) -> None:
        if self._next < len(self._tokens):
            raise QueryError("unreadable query")

    def _both(self) -> Predicate[Item]:
        parts = [self._one()]
        while self._skip_word("AND") or self._starts_term():
            parts.append(self._one())
        return lambda item: all(part(item) for part in parts)

    def _one(self) -> Predicate[Item]:
        if self._skip_word("NOT"):
            inner = self._one()
            return lambda item: not inner(item)
        if self._skip_mark("("):
            group = self.either()
            self._require_mark(")")
            return group
        name = self._take("word").text
        self._require_mark(":")
        field = self._fields.get(name)
        if field is None:
            raise QueryError("unknown field")
        return field(self._value())

    def _value(self) -> Value:
        token = self._peek()
        if token is not None and token.kind == "range":
            self._next += 1
            return Value(start=_bound(token.start), end=_bound(token.end), is_range=True)
        if self._skip_mark("("):
            texts = [self._text()]
            while self._skip_word("OR"):
                texts.append(self._text())
            self._require_mark(")")
            return Value(tuple(texts))
        return Value((self._text(),))

    def _text(self) -> str:
        token = self._peek()
        if token is None or token.kind not in ("word", "quoted"):
            raise QueryError("a value is missing")
        self._next += 1
        return token.text

    def _starts_term(self) -> bool:
        token = self._peek()
        if token is None or (token.kind == "word" and token.text == "OR"):
            return False
        return token.kind == "word" or token == _Token("mark", "(")

    def _peek(self) -> _Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _take(self, kind: str) -> _Token:
        token = self._peek()
        if token is None or token.kind != kind:
            raise QueryError("unreadable query")
        self._next += 1
        return token

    def _skip_word(self, word: str) -> bool:
        return self._skip(_Token("word", word))

    def _skip_mark(self, mark: str) -> bool:
        return self._skip(_Token("mark", mark))

    def _skip(self, wanted: _Token) -> bool:
        if self._peek() != wanted:
            return False
        self._next += 1
        return True

    def _require_mark(self, mark: str) -> None:
        if not self._skip_mark(mark):
            raise QueryError("a bracket or colon is missing")


def _bound(text: str) -> datetime | None:
    return None if text == "*" else parse_time(text)
