"""Dagster's UI on the sandbox, as a data engineer uses it: the graph, an asset, its checks, a backfill.

`make browser` installs the browser. With KUNDEKORT_REQUIRE_BROWSER=1 nothing here is skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.e2e.browser import HEIGHT, WIDTH, Page, chromium, missing_programs, required
from tests.e2e.home import Home
from tests.e2e.ui import served

SMALLEST_LETTERS = 10
"""In pixels: what can be read without zooming."""
GROUPS = ["sources", "applications", "crm", "platform", "privacy", "registration", "audiences", "billing"]


@dataclass(frozen=True)
class Opened:
    """The UI of a home with one run, in a browser."""

    home: Home
    page: Page


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    if missing := missing_programs():
        reason = f"{' and '.join(missing)} cannot be found: `make browser` installs it"
        if required():
            pytest.fail(reason)
        pytest.skip(reason)
    home = Home.make(tmp_path_factory.mktemp("browser") / "dagster_home")
    outcome = home.sync()
    assert outcome.code == 0, outcome.output
    with served(home) as url, chromium() as driver:
        yield Opened(home, Page(driver, url))


def test_the_graph_can_be_read_on_a_laptop_without_zooming(opened: Opened) -> None:
    opened.page.open("/asset-groups", *GROUPS)
    boxes = opened.page.graph(GROUPS)
    assert boxes.keys() == set(GROUPS)
    for name, box in boxes.items():
        assert 0 <= box["left"] < box["right"] <= WIDTH, name
        assert 0 <= box["top"] < box["bottom"] <= HEIGHT, name
        assert box["size"] >= SMALLEST_LETTERS, name
    # From the sources to the cards to the promises.
    assert boxes["sources"]["right"] < boxes["crm"]["left"] < boxes["privacy"]["left"]


def test_an_asset_shows_what_it_is_and_what_the_last_run_did(opened: Opened) -> None:
    opened.page.open("/assets/helpscout/helpscout_customers", "Row count", "landing.helpscout_customer")
    shown = opened.page.text
    for text in (
        "One row per Help Scout customer",
        "category: user.contact.email",
        "data_class: controller",
        "clause/S1: true",
        "sources/helpscout",
        "kundekort",
        "nightly",
    ):
        assert text in shown, text


def test_an_asset_shows_that_its_checks_have_passed_and_why(opened: Opened) -> None:
    opened.page.open("/assets/helpscout/helpscout_customers?view=checks", "adds_up", "no_drift", "Passed")
    opened.page.open(
        "/assets/privacy/forwarding_audit?view=checks",
        "no_submission_on_a_card",
        "structure_is_known",
        "Passed",
    )


def test_the_page_of_health_shows_tables_and_a_picture_without_a_click(opened: Opened) -> None:
    opened.page.open("/assets/privacy/health", "over_time", "people_from", "requests_sent", "expiring_from")
    opened.page.wait_for("Help Scout", "helpscout_conversation", "█", "pairs wait for a person")
    assert "[Show Markdown]" not in opened.page.text
    [(width, height)] = opened.page.images()
    assert width > height > 100


def test_a_source_tells_which_days_are_missing(opened: Opened) -> None:
    opened.page.open("/assets/pindena/order_forms?view=checks", "no_day_missing", "adds_up", "Passed")


def test_a_backfill_of_three_days_is_launched_and_succeeds(opened: Opened) -> None:
    page = opened.page
    page.open("/assets/helpscout/helpscout_customers", "Materialize…")
    page.click("Materialize…")
    page.wait_for("Launch backfill")
    page.write("No matching partitions", "[2026-11-01...2026-11-03]")
    page.wait_for("3 partitions", "Backfills all partitions in a single run")
    page.click("Launch backfill")
    page.wait_until_gone("Backfills all partitions in a single run")
    page.open("/runs", "3 partitions")
    page.wait_for("3 partitions\nhelpscout / helpscout_customers\nManually launched\nSuccess", seconds=300)
    [load] = [row for row in opened.home.rows("landing")["landing.load"] if row["kind"] == "backfill"]
    assert load["source"] == "helpscout_customer"
    assert (load["window_end"] - load["window_start"]).days == 3
