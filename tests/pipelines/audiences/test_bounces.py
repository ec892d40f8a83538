"""Addresses that bounced: held as keyed hashes, kept out of the audiences, and gone with the person."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipelines.audiences.bounce_intake import BounceIntake, load_bounces
from pipelines.audiences.build import build_audiences
from pipelines.audiences.findings import nobody_whose_address_bounced
from pipelines.privacy.bounces import (
    Bounce,
    Kind,
    Noting,
    bounces_of,
    count_bounces,
    forget_bounces,
    hard_bounces,
    note_bounces,
    renew_bounces,
)
from pipelines.privacy.keys import email_keys
from pipelines.privacy.suppression import Suppression
from schemas import audience_reasons
from schemas.audience_reasons import BOUNCED, FELL_BACK
from schemas.tables.bounces import email_bounce
from tests.pipelines.audiences.conftest import NOW, SECRET, Town

OLA, PRIVATE, POST = "ola@fjellrev.example.no", "ola@privat.example.no", "post@fjellrev.example.no"


def note(
    town: Town,
    *addresses: str,
    kind: Kind = "hard",
    at: datetime = NOW - timedelta(days=1),
    secrets: tuple[bytes, ...] = (SECRET,),
) -> Noting:
    return note_list(town, [Bounce(address, at, kind, "5.1.1") for address in addresses], secrets)


def note_list(town: Town, bounces: list[Bounce], secrets: tuple[bytes, ...] = (SECRET,)) -> Noting:
    with town.engine.begin() as connection:
        ledger = Suppression(secrets[0], secrets[1:])
        return note_bounces(connection, secrets, ledger, bounces, "run", NOW)


def held(town: Town, *addresses: str, secrets: tuple[bytes, ...] = (SECRET,)) -> list[bool]:
    with town.engine.connect() as connection:
        noted = hard_bounces(connection, secrets)
    return [noted.holds(address) for address in addresses]


def rows(town: Town) -> int:
    with town.engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(email_bounce)) or 0


def contact(town: Town, *emails: str, sale: str | None = None) -> str:
    person = town.person(*emails)
    town.contact(person, town.customer(), sale or emails[0])
    return person


def test_an_address_that_bounced_is_not_written_to(town: Town) -> None:
    contact(town, OLA)
    note(town, OLA)
    found = town.build()
    assert found.members == {}
    assert found.excluded == {f"course_invitations: {BOUNCED}": 1, f"important_updates: {BOUNCED}": 1}


def test_the_persons_other_address_is_used_and_the_row_says_so(town: Town) -> None:
    contact(town, PRIVATE, OLA, sale=OLA)
    assert town.build().members == {"important_updates": 1, "course_invitations": 1}
    assert set(town.updated()) == {PRIVATE}
    note(town, PRIVATE)
    town.build("later")
    assert town.updated()[OLA].reason == "contact person of an active customer" + FELL_BACK
    assert town.changes("later") == []


def test_an_invitation_falls_back_on_an_address_from_a_sale_only(town: Town) -> None:
    """Marketing Act § 15: the address must have come with a sale, whatever others there are."""
    contact(town, PRIVATE, OLA, sale=OLA)
    note(town, OLA)
    assert town.build().members == {"important_updates": 1}
    person = contact(town, "siv@a.example.no", "siv@b.example.no")
    town.contact(person, town.customer(), "siv@b.example.no")
    note(town, "siv@a.example.no")
    town.build()
    assert town.invited()["siv@b.example.no"].legal_basis == audience_reasons.CUSTOMER


def test_an_invitation_may_fall_back_on_the_mailbox_of_the_company(town: Town) -> None:
    customer = town.customer()
    person = town.person(OLA, POST, roles=(POST,))
    town.contact(person, customer, OLA)
    note(town, OLA)
    town.build()
    assert town.invited()[POST].legal_basis == audience_reasons.NOT_A_PERSON


def test_a_soft_bounce_keeps_nobody_out(town: Town) -> None:
    contact(town, OLA)
    note(town, OLA, kind="soft")
    assert town.build().members == {"important_updates": 1, "course_invitations": 1}


def test_whose_address_bounces_falls_out_with_the_reason(town: Town) -> None:
    contact(town, OLA)
    town.build("first")
    note(town, OLA)
    town.build("second")
    assert town.changes("second") == [
        ("course_invitations", "out", BOUNCED),
        ("important_updates", "out", BOUNCED),
    ]


@pytest.mark.parametrize("in_one_list", [True, False])
@pytest.mark.parametrize(
    ("first", "second", "is_hard"),
    [
        (("hard", 2), ("soft", 1), False),
        (("soft", 2), ("hard", 1), True),
        (("hard", 1), ("soft", 2), True),
        (("soft", 1), ("hard", 1), True),
        (("hard", 1), ("soft", 1), True),
    ],
)
def test_the_newest_bounce_counts_in_whatever_order_they_are_told(
    town: Town, first: tuple[Kind, int], second: tuple[Kind, int], is_hard: bool, in_one_list: bool
) -> None:
    """Days ago. A mailbox that is full exists. Of two at one moment the hard one counts."""
    bounces = [Bounce(OLA, NOW - timedelta(days=days), kind) for kind, days in (first, second)]
    for some in [bounces] if in_one_list else [[one] for one in bounces]:
        note_list(town, some)
    assert (held(town, OLA), rows(town)) == ([is_hard], 1)


def test_an_address_is_meant_letter_for_letter(town: Town) -> None:
    """That a tag or a mistyped provider bounced says nothing of the mailbox that was meant."""
    note(town, "ola+kurs@fjellrev.example.no", "kari@gmial.com", "ola.nordmann@gmail.com")
    assert held(town, OLA, "kari@gmail.com", "olanordmann@gmail.com") == [False] * 3
    assert held(town, "ola+kurs@fjellrev.example.no", "kari@gmial.com") == [True] * 2


def test_the_same_list_again_changes_nothing(town: Town) -> None:
    assert note(town, OLA, PRIVATE) == Noting(noted=2)
    assert note(town, OLA, PRIVATE) == Noting(known=2)


def test_no_address_is_held_in_clear(town: Town) -> None:
    note(town, OLA)
    with town.engine.connect() as connection:
        assert "fjellrev" not in str(connection.execute(sa.select(email_bounce)).all())


def test_what_was_erased_is_not_noted(town: Town) -> None:
    with town.engine.begin() as connection:
        Suppression(SECRET).add(connection, email_keys(OLA), "erasure")
    assert note(town, OLA, PRIVATE) == Noting(noted=1, suppressed=1)


def test_a_bounce_past_its_period_is_not_noted(town: Town) -> None:
    """To the second, by the rule that would delete it."""
    year_ago = datetime.fromisoformat("2025-05-04T01:30:00+00:00")
    assert note(town, OLA, at=year_ago) == Noting(noted=1)
    assert note(town, PRIVATE, at=year_ago - timedelta(seconds=1)) == Noting(suppressed=1)


def test_a_changed_secret_recognises_the_old_entries_and_replaces_them(town: Town) -> None:
    new = b"n" * 32
    note(town, OLA, PRIVATE)
    assert held(town, OLA, secrets=(new, SECRET)) == [True]
    note(town, OLA, kind="soft", at=NOW, secrets=(new, SECRET))
    assert held(town, OLA, PRIVATE, secrets=(new, SECRET)) == [False, True]
    with town.engine.connect() as connection:
        assert count_bounces(connection, [new]) == {"hard": 0, "soft": 1, "unrecognised": 1}
        finding = nobody_whose_address_bounced(connection, [new])
    assert (finding.passed, finding.numbers["unrecognised_bounces"]) == (False, 1)


NEW = b"n" * 32


def key_ids(town: Town) -> set[str]:
    with town.engine.connect() as connection:
        return set(connection.scalars(sa.select(email_bounce.c.key_id)))


def test_what_is_met_under_an_old_secret_moves_to_the_present_one(town: Town) -> None:
    contact(town, OLA)
    note(town, OLA, PRIVATE)
    before = key_ids(town)
    build_audiences(town.engine, [NEW, SECRET], "run", NOW)
    assert OLA not in town.updated()
    assert held(town, OLA, PRIVATE, secrets=(NEW,)) == [True, False], "nobody has met the other"
    assert held(town, OLA, PRIVATE) == [False, True], "it is there once"
    with town.engine.connect() as connection:
        (one,) = bounces_of(connection, [NEW], [OLA])
    assert (one["kind"], one["code"], one["at"]) == ("hard", "5.1.1", NOW - timedelta(days=1))
    after = key_ids(town)
    assert before < after

    build_audiences(town.engine, [NEW, SECRET], "run", NOW)
    assert (rows(town), key_ids(town)) == (2, after)


def test_a_soft_bounce_moves_as_well(town: Town) -> None:
    """It keeps nobody out, so nothing but this meets it; the earlier secret could never be thrown away."""
    contact(town, OLA)
    note(town, OLA, kind="soft")
    build_audiences(town.engine, [NEW, SECRET], "run", NOW)
    with town.engine.connect() as connection:
        assert count_bounces(connection, [NEW]) == {"hard": 0, "soft": 1, "unrecognised": 0}
    assert OLA in town.updated()


def test_a_preview_moves_nothing(town: Town) -> None:
    contact(town, OLA)
    note(town, OLA)
    build_audiences(town.engine, [NEW, SECRET], "run", NOW, keep=False)
    assert held(town, OLA) == [True]


def test_of_notes_under_both_secrets_the_newer_one_counts(town: Town) -> None:
    """A hard bounce that was found out under a present secret is not made soft by an older note, or lost."""
    note(town, OLA, PRIVATE, at=NOW - timedelta(days=9), kind="soft")
    with town.engine.begin() as connection:
        for address, days in ((OLA, 3), (PRIVATE, 30)):
            one = Bounce(address, NOW - timedelta(days=days), "hard")
            note_bounces(connection, [NEW], Suppression(NEW), [one], "run", NOW)
    assert renew_bounces(town.engine, [NEW, SECRET], [OLA, PRIVATE]) == 2
    assert rows(town) == 2
    assert held(town, OLA, PRIVATE, secrets=(NEW,)) == [True, False]


def test_without_an_earlier_secret_nothing_is_moved(town: Town) -> None:
    note(town, OLA)
    assert renew_bounces(town.engine, [SECRET], [OLA]) == 0
    assert renew_bounces(town.engine, [SECRET, NEW], []) == 0
    assert held(town, OLA) == [True]


def test_what_is_held_of_a_person_can_be_told_and_taken_away(town: Town) -> None:
    note(town, OLA, "ola+kurs@fjellrev.example.no", PRIVATE)
    with town.engine.begin() as connection:
        (told,) = bounces_of(connection, [SECRET], [OLA.upper()])
        assert (told["email"], told["kind"], told["code"]) == (OLA, "hard", "5.1.1")
        assert forget_bounces(connection, [SECRET], [OLA, "ola+kurs@fjellrev.example.no"]) == 2
        assert forget_bounces(connection, [SECRET], []) == 0
    assert held(town, OLA, PRIVATE) == [False, True]


def test_the_check_finds_a_member_whose_address_bounced(town: Town) -> None:
    contact(town, OLA)
    town.build()
    with town.engine.connect() as connection:
        assert nobody_whose_address_bounced(connection, [SECRET]).passed
    note(town, OLA)
    with town.engine.connect() as connection:
        finding = nobody_whose_address_bounced(connection, [SECRET])
    assert (finding.passed, finding.numbers) == (
        False,
        {"bounced": 1, "hard_bounces": 1, "soft_bounces": 0, "unrecognised_bounces": 0},
    )


def test_lists_are_loaded_from_their_folder(town: Town, tmp_path: Path) -> None:
    text = f"E-post;Dato;Type\n{OLA};2026-05-03;hard\n{PRIVATE};2026-05-03;soft\n"
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(text)
    (tmp_path / "c.csv").write_text(text + "ola;;\n")
    done = load_bounces(town.engine, tmp_path, [SECRET], "run", NOW, sleep=lambda seconds: None)
    assert done == BounceIntake(
        set_aside=1,
        faults=["row 4: there is no e-mail address"],
        loaded=2,
        rows=4,
        noted=2,
        known=2,
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["set_aside"]
