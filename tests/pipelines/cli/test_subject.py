"""`make subject`: what is written wrongly is said in one line, and no request is opened by it."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from pipelines.cli.subject import main
from schemas.tables.landing import TABLES
from schemas.tables.privacy import subject_request


@pytest.fixture(autouse=True)
def store(only_a_store: None, crm_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> sa.Engine:
    """An empty store, which the command opens; a source is configured, so that no sandbox starts."""
    monkeypatch.setenv("PRIVACY_SECRET", "a secret of these tests alone, and long enough")
    for name, value in (("APP_ID", "app"), ("APP_SECRET", "secret"), ("URL", "https://help.example.no")):
        monkeypatch.setenv(f"HELPSCOUT_{name}", value)
    return crm_engine


def opened(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(subject_request)) or 0


@pytest.mark.parametrize("command", ["show", "apply"])
@pytest.mark.parametrize("number", ["x", "17", "../../etc/passwd"])
def test_what_is_no_number_of_a_request_is_refused(
    command: str, number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, number])
    assert ended.value.code == 2
    assert "no number of a request" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ("unknown:1", "none of the sources: brreg_unit, course_signup"),
        ("helpscout_customer:kari", "an id that is no number"),
        ("helpscout_customer", "SOURCE:ID"),
    ],
)
@pytest.mark.parametrize("option", ["--record", "--include", "--exclude"])
def test_a_record_that_cannot_be_opens_no_request(
    store: sa.Engine, option: str, record: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["open", "access", "--email", "kari@example.no", option, record]) == 2
    assert said in " ".join(capsys.readouterr().out.split())
    assert opened(store) == 0


def test_an_empty_list_says_so_and_a_request_is_listed(
    store: sa.Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["list"]) == 0
    assert "No request waits" in capsys.readouterr().out
    assert main(["open", "access", "--email", "kari@example.no"]) == 0
    capsys.readouterr()
    assert main(["list"]) == 0
    listed = capsys.readouterr().out
    assert "access" in listed
    assert "No request waits" not in listed
    assert "kari" not in listed
    assert opened(store) == 1


def test_of_several_people_the_name_is_asked_for_and_nothing_is_done(
    store: sa.Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["open", "erasure", "--phone", "21999001"]
    with store.begin() as connection:
        for number, name in ((1, "Ane"), (2, "Mikkel")):
            connection.execute(
                sa.insert(TABLES["helpscout_customer"]).values(
                    id=number, first_name=name, last_name="Moe", emails=[], phones=["21999001"],
                    content_hash=b"",
                )
            )  # fmt: skip
    assert main(asked) == 2
    said = " ".join(capsys.readouterr().out.split())
    assert "Nothing was done" in said
    assert "--name" in said
    assert opened(store) == 0
    assert main([*asked, "--name", "Ane Moe"]) == 0
    assert opened(store) == 1


def test_a_name_can_be_given_later(store: sa.Engine, capsys: pytest.CaptureFixture[str]) -> None:
    main(["open", "erasure", "--phone", "21999001"])
    [number] = re.findall(r"Request (\S+),", capsys.readouterr().out)
    assert main(["apply", number, "--name", "Ane Moe"]) == 0
    assert main(["show", number, "--name", "Ane Moe"]) == 2, "it is answered"
