"""A stranger verifies a receipt as the operator's page says: with the published key, Python and OpenSSL."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from pipelines.cli.privacy import main as privacy
from pipelines.privacy.subjects.receipts import Receipt, issue, public_key
from pipelines.privacy.subjects.requests import close_request, open_request
from pipelines.settings import Settings
from schemas.policy import load_policy

PAGE = Path(__file__).parents[4] / "OPERATIONS.md"
NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
SECRET = "a secret that is long enough"
KEY = public_key(SECRET.encode()).hex()

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="OpenSSL is not installed")


def documented() -> str:
    """The command as the page has it."""
    (block,) = [
        block
        for block in re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
        if "receipt.json" in block
    ]
    return str(block)


@pytest.fixture
def receipt(crm_engine: sa.Engine) -> str:
    with crm_engine.begin() as connection:
        request = open_request(connection, "erasure", NOW, NOW)
        closed = close_request(connection, request, "done", {"helpscout_customer": 1}, NOW)
        return issue(connection, SECRET.encode(), load_policy(), closed, {"helpscout_customer": 1}).to_json()


def verified(folder: Path, receipt: str, key: str = KEY) -> subprocess.CompletedProcess[str]:
    """Runs the documented command in an empty folder with nothing of the project on the path."""
    (folder / "receipt.json").write_text(receipt, encoding="utf-8")
    return subprocess.run(
        ["sh", "-e", "-c", documented()],
        cwd=folder,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "KEY": key},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_genuine_receipt_passes(tmp_path: Path, receipt: str) -> None:
    done = verified(tmp_path, receipt)
    assert done.returncode == 0, done.stderr
    assert "Signature Verified Successfully" in done.stdout
    assert "`Signature Verified Successfully`" in PAGE.read_text()


def changed(receipt: str, *path: str, value: Any) -> str:
    document = json.loads(receipt)
    part = document
    for name in path[:-1]:
        part = part[name]
    assert part[path[-1]] != value
    part[path[-1]] = value
    return json.dumps(document)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("statement", "outcome"), "partly"),
        (("statement", "received_on"), "2026-11-24"),
        (("statement", "counts", "helpscout_customer"), 2),
        (("signature",), "00" * 64),
    ],
)
def test_one_that_was_changed_fails(tmp_path: Path, receipt: str, path: tuple[str, ...], value: Any) -> None:
    done = verified(tmp_path, changed(receipt, *path, value=value))
    assert done.returncode != 0
    assert "Verified Successfully" not in done.stdout


def test_any_changed_byte_of_what_is_signed_fails(tmp_path: Path, receipt: str) -> None:
    """One digit of the signature, and one letter of each text of the statement."""
    document = json.loads(receipt)
    signature = document["signature"]
    faults = [changed(receipt, "signature", value=f"{int(signature[0], 16) ^ 1:x}{signature[1:]}")]
    faults += [
        changed(receipt, "statement", name, value=f"{text[:-1]}{chr(ord(text[-1]) ^ 1)}")
        for name, text in document["statement"].items()
        if isinstance(text, str)
    ]
    assert len(faults) > 5
    assert all(verified(tmp_path, fault).returncode for fault in faults)


def test_one_of_another_signer_fails_though_it_brings_its_key_along(tmp_path: Path, receipt: str) -> None:
    assert verified(tmp_path, receipt, public_key(b"somebody else's secret").hex()).returncode != 0
    assert Receipt.from_json(receipt).public_key.hex() == KEY


def test_the_key_to_publish_is_printed(
    crm_url: sa.URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setitem(Settings.model_config, "env_file", None)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("CRM_DATABASE_URL", crm_url.render_as_string(hide_password=False))
    monkeypatch.setenv("PRIVACY_SECRET", SECRET)
    assert privacy(["key"]) == 0
    assert capsys.readouterr().out.strip() == KEY
