"""The folder of exports: each good file once, each bad one set aside whole with a report."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipelines.applications.intake import Intake, load_folder
from pipelines.dropped.folder import SET_ASIDE, waiting_files
from pipelines.privacy.keys import email_keys
from pipelines.privacy.suppression import Suppression
from pipelines.sources.reading import Desk
from schemas.tables.landing import TABLES
from schemas.tables.registration import application_file

SECRET = b"s" * 32
NOW = datetime(2026, 5, 4, 1, 30, tzinfo=UTC)
GOOD = "Navn;E-post;Firma\nOla Eksempel;ola@fjellrev.example.no;Fjellrev AS\nKari Prøve;kari@b.example.no;\n"
BAD = GOOD + "en celle\n"


@pytest.fixture
def desk(crm_engine: sa.Engine) -> Desk:
    return Desk(crm_engine, Suppression(SECRET), expired=None)


def put(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def load(desk: Desk, folder: Path, now: datetime = NOW) -> Intake:
    return load_folder(desk, folder, {202}, SECRET, "run", now, sleep=lambda seconds: None)


def count(desk: Desk, table: sa.Table) -> int:
    with desk.engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_a_good_file_is_loaded_and_removed(desk: Desk, tmp_path: Path) -> None:
    path = put(tmp_path, "bestillinger.csv", GOOD)
    intake = load(desk, tmp_path)
    assert (intake.loaded, intake.rows, intake.stored, intake.set_aside) == (1, 2, 2, 0)
    assert not path.exists()
    assert count(desk, TABLES["order_form"]) == 2


def test_a_file_that_arrives_twice_is_loaded_once_whatever_its_name(desk: Desk, tmp_path: Path) -> None:
    put(tmp_path, "a.csv", GOOD)
    load(desk, tmp_path)
    put(tmp_path, "b.CSV", GOOD)
    intake = load(desk, tmp_path)
    assert (intake.loaded, intake.seen_before) == (0, 1)
    assert waiting_files(tmp_path) == []
    assert count(desk, application_file) == 1


def test_what_retention_removed_does_not_come_back_with_the_same_file(desk: Desk, tmp_path: Path) -> None:
    put(tmp_path, "a.csv", GOOD)
    load(desk, tmp_path)
    with desk.engine.begin() as connection:
        connection.execute(sa.delete(TABLES["order_form"]))
    put(tmp_path, "a.csv", GOOD)
    load(desk, tmp_path)
    assert count(desk, TABLES["order_form"]) == 0


def test_a_bad_file_is_set_aside_whole_and_the_others_are_loaded(desk: Desk, tmp_path: Path) -> None:
    put(tmp_path, "a.csv", BAD)
    put(tmp_path, "b.csv", GOOD.replace("ola@", "ola2@"))
    intake = load(desk, tmp_path)
    assert (intake.loaded, intake.set_aside) == (1, 1)
    assert (tmp_path / SET_ASIDE / "a.csv").read_text(encoding="utf-8") == BAD
    report = (tmp_path / SET_ASIDE / "a.csv.report.txt").read_text(encoding="utf-8")
    assert "row 4 has 1 cells" in report
    assert "example.no" not in report
    assert count(desk, TABLES["order_form"]) == 2
    assert load(desk, tmp_path).set_aside == 0


def test_a_mended_file_is_loaded_when_it_is_put_back(desk: Desk, tmp_path: Path) -> None:
    put(tmp_path, "a.csv", BAD)
    load(desk, tmp_path)
    put(tmp_path, "a.csv", GOOD)
    assert load(desk, tmp_path).loaded == 1


def test_a_kill_after_the_rows_were_stored_changes_nothing(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "a.csv", GOOD)

    def killed(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("pipelines.applications.intake._note", killed)
        with pytest.raises(KeyboardInterrupt):
            load(desk, tmp_path)
    intake = load(desk, tmp_path)
    assert (intake.loaded, intake.rows, intake.stored) == (1, 2, 0)
    assert count(desk, TABLES["order_form"]) == 2


def test_somebody_who_was_erased_does_not_come_back_by_file(desk: Desk, tmp_path: Path) -> None:
    with desk.engine.begin() as connection:
        desk.suppression.add(connection, email_keys("ola@fjellrev.example.no"), "erasure")
    put(tmp_path, "a.csv", GOOD)
    intake = load(desk, tmp_path)
    assert (intake.rows, intake.stored, intake.suppressed) == (2, 1, 1)


def test_what_was_set_aside_is_not_kept_for_ever(desk: Desk, tmp_path: Path) -> None:
    path = put(tmp_path, "a.csv", BAD)
    os.utime(path, (0, 0))
    load(desk, tmp_path, datetime.now(UTC))
    assert len(list((tmp_path / SET_ASIDE).iterdir())) == 2
    later = load(desk, tmp_path, datetime.now(UTC) + timedelta(days=31))
    assert later.removed == 1
    assert list((tmp_path / SET_ASIDE).iterdir()) == []


def test_hidden_and_other_files_are_left_alone(desk: Desk, tmp_path: Path) -> None:
    for name in (".a.csv", "~$b.xlsx", "notat.txt"):
        put(tmp_path, name, GOOD)
    load(desk, tmp_path)
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("a.xls", b"\xd0\xcf\x11\xe0" + bytes(512), "older kind"),
        ("a.ods", b"PK\x03\x04" + bytes(64), "no workbook that can be read"),
    ],
)
def test_a_table_of_another_kind_is_set_aside_with_what_to_do(
    desk: Desk, tmp_path: Path, name: str, content: bytes, word: str
) -> None:
    """Left alone, it would never be loaded and nobody would know."""
    (tmp_path / name).write_bytes(content)
    intake = load(desk, tmp_path)
    assert (intake.set_aside, intake.loaded) == (1, 0)
    assert word in intake.faults[0]
    assert not (tmp_path / name).exists()


def test_a_folder_that_is_not_there_holds_nothing(desk: Desk, tmp_path: Path) -> None:
    assert load(desk, tmp_path / "ikke her") == Intake()
