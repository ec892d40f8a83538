"""The CSV export: what is in it, who may read it, and that every disclosure is noted."""

from __future__ import annotations

import csv
import os
import stat
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipelines.audiences.export import export_audience, forget_exports, withdraw_exports
from pipelines.privacy.keys import email_keys
from schemas.tables.privacy import disclosure
from tests.pipelines.audiences.conftest import NOW, Town


@pytest.fixture
def members(town: Town) -> Town:
    """A town with two members of each audience."""
    for email, name in (("ola@a.example.no", "Ola Eksempel"), ("kari@b.example.no", "Kari Eksempel")):
        town.contact(town.person(email, full_name=name), town.customer(), email)
    town.build()
    return town


def test_an_export_holds_the_members_and_is_for_its_owner_only(members: Town, tmp_path: Path) -> None:
    path, number = export_audience(members.engine, "course_invitations", tmp_path / "exports", "run", NOW)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    assert number == 2
    assert [row["email"] for row in rows] == ["kari@b.example.no", "ola@a.example.no"]
    assert rows[1]["legal_basis"].startswith("Marketing Act § 15")
    assert path.name == "course_invitations-20260504T013000Z.csv"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t"])
def test_no_cell_is_a_formula(town: Town, tmp_path: Path, sign: str) -> None:
    town.contact(
        town.person("ola@a.example.no", full_name=f"{sign}SUM(A1)"), town.customer(), "ola@a.example.no"
    )
    town.build()
    path, _ = export_audience(town.engine, "important_updates", tmp_path, "run", NOW)
    assert f";'{sign}SUM(A1);" in path.read_text(encoding="utf-8-sig")


def test_the_disclosure_of_each_person_is_noted_under_the_record_of_the_address(
    members: Town, tmp_path: Path
) -> None:
    export_audience(members.engine, "course_invitations", tmp_path, "run", NOW)
    with members.engine.connect() as connection:
        rows = connection.execute(sa.select(disclosure)).all()
    assert {(row.recipient, row.purpose, row.source, row.source_id) for row in rows} == {
        ("own_staff", "course_invitations", "helpscout_customer", "1")
    }
    assert [row.categories for row in rows] == [["user.behavior", "user.contact.email", "user.name"]] * 2


def test_without_the_disclosure_there_is_no_file(
    members: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("pipelines.audiences.export._disclose", broken)
    with pytest.raises(RuntimeError):
        export_audience(members.engine, "important_updates", tmp_path, "run", NOW)
    assert list(tmp_path.glob("*.csv")) == []


def test_an_unknown_audience_is_refused(members: Town, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="important_updates and course_invitations"):
        export_audience(members.engine, "everybody", tmp_path, "run", NOW)


def test_old_exports_are_removed_and_nothing_else(members: Town, tmp_path: Path) -> None:
    path, _ = export_audience(members.engine, "important_updates", tmp_path, "run", NOW)
    other = tmp_path / "notat.csv"
    other.touch()
    for each in (path, other):
        os.utime(each, (NOW.timestamp(), NOW.timestamp()))
    assert forget_exports(tmp_path, NOW + timedelta(days=14)) == 0
    assert forget_exports(tmp_path, NOW + timedelta(days=14, seconds=1)) == 1
    assert other.exists()


@pytest.mark.parametrize(
    ("name", "text", "goes"),
    [
        (
            "important_updates-20261120T030000Z.csv",
            "\ufeffemail;full_name\r\nSol.Vik@example.no;Sol\r\n",
            True,
        ),
        ("important_updates-20261120T030000Z.csv", 'email,full_name\n"sol.vik@example.no",Sol\n', True),
        ("course_invitations-20261120T030000Z.csv", "email;full_name\r\nlisol.vik@example.no;Li\r\n", False),
        ("course_invitations-20261120T030000Z.csv", "email;full_name\r\n", False),
        ("my_own_notes.csv", "email\nsol.vik@example.no\n", False),
    ],
    ids=["as it was written", "as a spreadsheet saved it", "of others", "of nobody", "not ours"],
)
def test_a_list_with_one_who_may_no_longer_be_written_to_is_withdrawn(
    tmp_path: Path, name: str, text: str, goes: bool
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    assert withdraw_exports(tmp_path, frozenset(email_keys("sol.vik@example.no"))) == goes
    assert (tmp_path / name).exists() is not goes
    assert withdraw_exports(tmp_path / "nowhere", frozenset()) == 0


def test_a_list_as_it_is_exported_is_known_by_each_of_its_addresses(members: Town, tmp_path: Path) -> None:
    path, number = export_audience(members.engine, "important_updates", tmp_path, "run", NOW)
    assert number > 0
    written = path.read_bytes()
    lines = written.decode("utf-8-sig").splitlines()[1:]
    for line in lines:
        path.write_bytes(written)
        assert withdraw_exports(tmp_path, frozenset(email_keys(line.split(";")[0]))) == 1


def test_the_policy_may_give_exports_months(
    members: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schemas.policy.Policy.copy_period", lambda policy, copy_id: "P1M")
    path, _ = export_audience(members.engine, "important_updates", tmp_path, "run", NOW)
    os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    assert forget_exports(tmp_path, NOW + timedelta(days=31)) == 0
    assert forget_exports(tmp_path, NOW + timedelta(days=31, seconds=1)) == 1
