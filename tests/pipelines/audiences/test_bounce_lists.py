"""A mail tool's list: the address, when, hard or soft, and a status code; nothing else of it is used."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from openpyxl import Workbook

from pipelines.audiences.bounce_lists import read_bounces
from pipelines.dropped.sheets import SheetFault
from pipelines.privacy.bounces import Bounce

NOW = datetime(2026, 5, 4, 1, 30, tzinfo=UTC)
OLA = "ola@fjellrev.example.no"


def read(text: str) -> list[Bounce]:
    return read_bounces(text.encode(), NOW)


def fault(text: str) -> str:
    with pytest.raises(SheetFault) as caught:
        read(text)
    assert "ola" not in str(caught.value).lower()
    return str(caught.value)


def test_a_row_becomes_a_bounce() -> None:
    assert read("E-post;Dato;Type;Kode\n Ola@Fjellrev.example.no ;2026-05-03 12:00;Hard bounce;5.1.1\n") == [
        Bounce(OLA, datetime(2026, 5, 3, 10, 0, tzinfo=UTC), "hard", "5.1.1")
    ]


def test_titles_and_kinds_of_english_tools_are_known() -> None:
    text = f"Recipient,Timestamp,Bounce type,Subject\n{OLA},2026-05-03T12:00:00Z,Transient,Kjære Ola\n"
    assert read(text) == [Bounce(OLA, datetime(2026, 5, 3, 12, 0, tzinfo=UTC), "soft")]


@pytest.mark.parametrize(
    ("when", "moment"),
    [
        ("2026-05-03T12:00:00+02:00", datetime(2026, 5, 3, 10, tzinfo=UTC)),
        ("2026-05-03 12:00:00", datetime(2026, 5, 3, 10, tzinfo=UTC)),
        ("2026-01-03", datetime(2026, 1, 2, 23, tzinfo=UTC)),
        ("03.05.2026 12:00", datetime(2026, 5, 3, 10, tzinfo=UTC)),
        ("03.05.2026", datetime(2026, 5, 2, 22, tzinfo=UTC)),
        ("46145", datetime(2026, 5, 2, 22, tzinfo=UTC)),
        ("46145.5", datetime(2026, 5, 3, 10, tzinfo=UTC)),
    ],
)
def test_times_are_norwegian_where_they_say_nothing_else(when: str, moment: datetime) -> None:
    (bounce,) = read(f"E-post;Dato;Type\n{OLA};{when};hard\n")
    assert bounce.bounced_at == moment


def test_dates_of_a_workbook_are_read() -> None:
    book, file = Workbook(), io.BytesIO()
    assert book.active is not None
    book.active.append(["E-post", "Dato", "Type"])
    book.active.append([OLA, datetime(2026, 5, 3, 12, 0), "hard"])  # noqa: DTZ001  # as Excel has them
    book.save(file)
    (bounce,) = read_bounces(file.getvalue(), NOW)
    assert bounce.bounced_at == datetime(2026, 5, 3, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (f"smtp; 550 5.1.1 <{OLA}>: user unknown", "5.1.1"),
        ("550 no such user", "550"),
        ("mailbox full", None),
        ("sent from 192.0.2.4.1", None),
        (f"{OLA} is Ola Eksempel", None),
        ("", None),
    ],
)
def test_of_a_reason_only_its_code_is_taken(reason: str, code: str | None) -> None:
    (bounce,) = read(f'E-post;Dato;Type;Reason\n{OLA};2026-05-03;hard;"{reason}"\n')
    assert bounce.code == code


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("E-post;Type\nola@a.example.no;hard\n", "no column for the time"),
        ("Dato;Type\n2026-05-03;hard\n", "no column for the e-mail address"),
        ("E-post;Dato\nola@a.example.no;2026-05-03\n", "no column for the kind"),
        ("E-post;Dato;Type\n", "holds no bounce"),
        ("E-post;Dato;Type\nola@;2026-05-03;hard\n", "row 2: there is no e-mail address"),
        ("E-post;Dato;Type\nola@a.example.no;2026-05-03;blokkert\n", "row 2: the bounce is neither"),
        ("E-post;Dato;Type\nola@a.example.no;05/04/2026;hard\n", "row 2: the time"),
        ("E-post;Dato;Type\nola@a.example.no;0001-01-01T00:00:00+14:00;hard\n", "row 2: the time"),
        ("E-post;Dato;Type\nola@a.example.no;2026-05-06;hard\n", "row 2: the time"),
    ],
)
def test_a_list_with_one_fault_is_refused_whole(text: str, words: str) -> None:
    assert words in fault(text)


def test_the_clock_of_the_mail_tool_may_be_off_by_a_day() -> None:
    day = f"E-post;Dato;Type\n{OLA};2026-05-05T01:{{minutes}}:00Z;hard\n"
    assert [bounce.bounced_at for bounce in read(day.format(minutes="30"))] == [NOW + timedelta(days=1)]
    assert "lies ahead" in fault(day.format(minutes="31"))
