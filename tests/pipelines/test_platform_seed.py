"""The sandbox as the pipeline meets it: its variables, and what is written to the platform database."""

from __future__ import annotations

import ipaddress
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from connectors.sandbox.server import Sandbox
from connectors.sandbox.world_file import WORLD, advance
from pipelines.platform_seed import seed_platform
from pipelines.privacy.access_log import expire
from pipelines.settings import Settings, load_settings
from pipelines.store.engines import make_engine
from pipelines.store.roles import RETENTION_ROLE
from schemas.policy import load_policy
from schemas.tables.platform import PlatformNames, access_log, participant_submission

DOCUMENTATION = [
    ipaddress.ip_network(text)
    for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
]


def count(engine: sa.Engine, table: sa.Table) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0)


def oldest(engine: sa.Engine) -> datetime:
    with engine.connect() as connection:
        found = connection.scalar(sa.select(sa.func.min(access_log.c.occurred_at)))
    assert isinstance(found, datetime)
    return found


def test_its_environment_configures_every_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a variable too few nor one the settings do not know, which would go unnoticed."""
    with Sandbox(tmp_path) as sandbox:
        environment = sandbox.environment()
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    settings = load_settings()

    assert settings.has_helpscout
    assert settings.has_tripletex
    assert settings.has_pindena
    assert settings.pindena_course_activities
    assert settings.pindena_order_activities
    sources = ("helpscout_", "tripletex_", "brreg_", "pindena_")
    known = {name.upper() for name in Settings.model_fields if name.startswith(sources)}
    # The sandbox sends no webhooks.
    assert environment.keys() == {name for name in known if not name.endswith("_WEBHOOK_SECRET")}


def test_the_log_reaches_beyond_the_fourteen_days(platform_engine: sa.Engine, tmp_path: Path) -> None:
    seed_platform(platform_engine, tmp_path)

    assert oldest(platform_engine) < datetime.now(UTC) - timedelta(days=20)


def test_every_ip_address_is_of_a_range_kept_for_documentation(
    platform_engine: sa.Engine, tmp_path: Path
) -> None:
    seed_platform(platform_engine, tmp_path)

    with platform_engine.connect() as connection:
        texts = list(connection.scalars(sa.select(sa.func.host(access_log.c.ip_address)).distinct()))
    addresses = [ipaddress.ip_address(text) for text in texts]
    assert {address.version for address in addresses} == {4, 6}
    for address in addresses:
        assert any(address in network for network in DOCUMENTATION)


def test_submissions_are_of_other_customers_and_partly_of_our_own_people(
    platform_engine: sa.Engine, tmp_path: Path
) -> None:
    """That a participant is a customer as well is what makes leaving the submission alone a choice."""
    seed_platform(platform_engine, tmp_path)

    with Sandbox(tmp_path) as sandbox:
        own = {
            int(number)
            for name in ("PINDENA_COURSE_ACTIVITIES", "PINDENA_ORDER_ACTIVITIES")
            for number in sandbox.environment()[name].split(",")
        }
    table = participant_submission.c
    with platform_engine.connect() as connection:
        activities = set(connection.scalars(sa.select(table.activity_id)))
        addresses = set(connection.scalars(sa.select(table.answers["E-post"].astext)))
    assert activities
    assert not activities & own
    assert "ingrid.saether@fjordlys.example.no" in addresses
    assert "unni.fremmed@privat.example.no" in addresses


def test_seeding_again_writes_nothing(platform_engine: sa.Engine, tmp_path: Path) -> None:
    assert seed_platform(platform_engine, tmp_path) == 1
    before = count(platform_engine, access_log), count(platform_engine, participant_submission)

    assert seed_platform(platform_engine, tmp_path) == 0

    assert (count(platform_engine, access_log), count(platform_engine, participant_submission)) == before


def test_what_retention_removed_does_not_come_back(
    platform_engine: sa.Engine, platform_url: sa.URL, tmp_path: Path
) -> None:
    """The partitions can be dropped under retention's own role, and stay away."""
    seed_platform(platform_engine, tmp_path)
    retention = make_engine(platform_url, role=RETENTION_ROLE)
    now = datetime.now(UTC)
    removal = expire(retention, load_policy(), PlatformNames(), now)
    retention.dispose()
    assert removal.partitions > 0
    kept = count(platform_engine, access_log)

    seed_platform(platform_engine, tmp_path)

    assert count(platform_engine, access_log) == kept
    assert oldest(platform_engine) >= now - timedelta(days=14)


def test_a_further_day_adds_to_log_and_submissions(platform_engine: sa.Engine, tmp_path: Path) -> None:
    seed_platform(platform_engine, tmp_path)
    before = count(platform_engine, access_log), count(platform_engine, participant_submission)
    advance(tmp_path, 2)

    assert seed_platform(platform_engine, tmp_path) == 2

    after = count(platform_engine, access_log), count(platform_engine, participant_submission)
    assert after[0] > before[0]
    assert after[1] > before[1]
    with platform_engine.connect() as connection:
        ids = list(connection.scalars(sa.select(access_log.c.id)))
    assert len(ids) == len(set(ids))


def test_a_new_world_is_written_beside_the_old_one(platform_engine: sa.Engine, tmp_path: Path) -> None:
    """The sandbox's folder was removed, the database was not."""
    seed_platform(platform_engine, tmp_path / "sandbox")
    advance(tmp_path / "sandbox")
    seed_platform(platform_engine, tmp_path / "sandbox")
    before = count(platform_engine, access_log)
    shutil.rmtree(tmp_path / "sandbox")

    advance(tmp_path / "sandbox")
    seed_platform(platform_engine, tmp_path / "sandbox")

    assert (tmp_path / "sandbox" / WORLD).exists()
    assert count(platform_engine, access_log) > before
