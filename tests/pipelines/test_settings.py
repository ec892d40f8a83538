"""What is wrong with the configuration is said in one line that names the variable."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.settings import ConfigurationError, Settings, load_settings


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setitem(Settings.model_config, "env_file", None)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"HELPSCOUT_URL": "api.helpscout"}, "HELPSCOUT_URL"),
        ({"BRREG_URL": "ftp://example.no"}, "BRREG_URL"),
        ({"TRIPLETEX_URL": "https://user:pass@example.no"}, "TRIPLETEX_URL"),
        ({"CRM_DATABASE_URL": "sqlite:///crm.db"}, "CRM_DATABASE_URL"),
        ({"PLATFORM_DATABASE_URL": "not a url"}, "PLATFORM_DATABASE_URL"),
        ({"HELPSCOUT_APP_ID": "a"}, "HELPSCOUT_APP_SECRET"),
        ({"TRIPLETEX_EMPLOYEE_TOKEN": "t"}, "TRIPLETEX_CONSUMER_TOKEN"),
        ({"PINDENA_COURSE_ACTIVITIES": "1,two"}, "PINDENA_COURSE_ACTIVITIES"),
        ({"PINDENA_COURSE_ACTIVITIES": "9" * 5000}, "PINDENA_COURSE_ACTIVITIES must be activity ids"),
        ({"PRIVACY_SECRET": "short"}, "PRIVACY_SECRET"),
        ({"PLATFORM_TIMEZONE": "Europe/Fjordvik"}, "PLATFORM_TIMEZONE"),
        ({"PARTITIONS_START": "last year"}, "PARTITIONS_START"),
        ({"PARTITIONS_START": "2199-12-31"}, "PARTITIONS_START"),
        ({"EMBEDDED_STORE": "no"}, "CRM_DATABASE_URL is missing"),
        ({"EMBEDDED_STORE": "perhaps"}, "EMBEDDED_STORE"),
        (
            {
                "PINDENA_URL": "https://kurs.example.no",
                "PINDENA_USERNAME": "api",
                "PINDENA_PASSWORD": "p",
                "PINDENA_COURSE_ACTIVITIES": "1,2",
                "PINDENA_ORDER_ACTIVITIES": "2",
            },
            "PINDENA_ORDER_ACTIVITIES",
        ),
    ],
)
def test_a_faulty_variable_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], named: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "pass@" not in str(caught.value)


def test_a_database_of_ones_own_is_enough_where_no_embedded_one_may_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EMBEDDED_STORE", "no")
    monkeypatch.setenv("CRM_DATABASE_URL", "postgresql://kundekort@db.example.no/kundekort")
    assert load_settings().crm_database_url is not None


def test_without_credentials_no_source_is_configured() -> None:
    assert not load_settings().has_any_source


def test_a_base_url_may_carry_a_path_and_loses_its_last_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELPSCOUT_URL", "http://127.0.0.1:9000/helpscout/")
    assert load_settings().helpscout_url == "http://127.0.0.1:9000/helpscout"


def test_the_privacy_secret_is_made_once_and_kept_readable_by_its_owner_only(tmp_path: Path) -> None:
    secret = load_settings().secret
    assert load_settings().secret == secret
    assert (tmp_path / "privacy_secret").stat().st_mode & 0o077 == 0
