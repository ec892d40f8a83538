"""`make screenshot`: a picture of the asset graph after a sync of the sandbox, for the README."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.e2e.browser import Page, chromium, missing_programs
from tests.e2e.home import ROOT, Home
from tests.e2e.ui import served

PICTURE = ROOT / "dagster_home" / "asset_graph.png"


def main() -> int:
    """Draw it; returns the exit code."""
    if missing := missing_programs():
        print(f"{' and '.join(missing)} cannot be found: `make browser` installs it")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        home = Home.make(Path(folder) / "dagster_home")
        outcome = home.sync()
        if outcome.code:
            print(outcome.output)
            return 1
        with served(home) as url, chromium() as driver:
            page = Page(driver, url)
            page.open("/", "Hide navigation")
            page.click("Hide navigation")
            page.open("/asset-groups", "sources", "crm", "privacy")
            page.graph(["sources", "crm", "privacy"])
            page.wait_until_gone("fetching statuses")
            page.picture(PICTURE)
    print(f"The picture is in {PICTURE.relative_to(ROOT)}. Look at it before it is committed.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
