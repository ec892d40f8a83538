"""A headless Chromium on Dagster's UI: open, wait for what a person would wait for, click, look."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, TimeoutException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

SECONDS = 120
"""How long a page may take on a busy machine."""
WIDTH, HEIGHT = 1440, 900


def missing_programs() -> list[str]:
    """Programs that are needed and not installed."""
    return [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]


@contextmanager
def chromium() -> Iterator[webdriver.Chrome]:
    """A browser window of a laptop's size."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    # In a container the sandbox of Chromium and its shared memory are not to be had.
    for argument in ("headless=new", "no-sandbox", "disable-dev-shm-usage", "disable-gpu", "hide-scrollbars"):
        options.add_argument(f"--{argument}")
    service = webdriver.ChromeService(str(shutil.which("chromedriver")))
    driver = webdriver.Chrome(options, service)
    try:
        driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False},
        )
        yield driver
    finally:
        driver.quit()


class Page:
    """Dagster's UI at `url`, in a browser."""

    def __init__(self, driver: webdriver.Chrome, url: str) -> None:
        self._driver = driver
        self._url = url

    def open(self, path: str, *texts: str) -> None:
        """Go to a page and wait until it shows `texts`."""
        self._driver.get(self._url + path)
        self.wait_for(*texts)

    @property
    def text(self) -> str:
        """All that can be read."""
        try:
            return self._driver.find_element(By.TAG_NAME, "body").text
        except StaleElementReferenceException:
            return ""

    def wait_for(self, *texts: str, seconds: int = SECONDS) -> None:
        """Wait until all `texts` can be read. Raises AssertionError with the page's text."""
        try:
            WebDriverWait(self._driver, seconds).until(lambda _: all(text in self.text for text in texts))
        except TimeoutException:
            raise AssertionError(f"{texts} cannot all be read in: {self.text}") from None

    def wait_until_gone(self, text: str) -> None:
        """Wait until `text` can no longer be read."""
        WebDriverWait(self._driver, SECONDS).until(lambda _: text not in self.text)

    def click(self, label: str) -> None:
        """Click the button or tab that reads `label`, as soon as it can be clicked."""

        def clicked(_: webdriver.Chrome) -> bool:
            for element in self._driver.find_elements(By.XPATH, f"//*[self::button or self::a][.='{label}']"):
                if element.is_displayed() and element.is_enabled():
                    element.click()
                    return True
            return False

        WebDriverWait(self._driver, SECONDS, ignored_exceptions=(StaleElementReferenceException,)).until(
            clicked
        )

    def write(self, placeholder: str, text: str) -> None:
        """Replace the content of the field with this placeholder, and leave it."""
        field = self._field(placeholder)
        field.click()
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(text, Keys.TAB)

    def press(self, *keys: str) -> None:
        """Press keys together on the page."""
        self._driver.find_element(By.TAG_NAME, "body").send_keys(*keys)

    def graph(self, names: list[str]) -> dict[str, dict[str, float]]:
        """Where the graph writes `names` on the screen, once all are drawn: boxes, and the letters' size."""

        def drawn(_: webdriver.Chrome) -> dict[str, dict[str, float]] | Literal[False]:
            found: dict[str, dict[str, float]] = self._driver.execute_script(_MEASURE, names)
            return len(found) == len(names) and found

        return WebDriverWait(self._driver, SECONDS).until(drawn)

    def images(self) -> list[tuple[int, int]]:
        """Width and height of the pictures in the text that are drawn, once there are any."""

        def drawn(_: webdriver.Chrome) -> list[tuple[int, int]]:
            sizes: list[list[int]] = self._driver.execute_script(_IMAGES)
            return [(width, height) for width, height in sizes if width and height]

        return WebDriverWait(self._driver, SECONDS).until(drawn)

    def picture(self, path: Path) -> None:
        """Save what is seen."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._driver.save_screenshot(str(path))

    def _field(self, placeholder: str) -> WebElement:
        where = (By.CSS_SELECTOR, f"input[placeholder='{placeholder}']")
        return WebDriverWait(self._driver, SECONDS).until(lambda driver: driver.find_element(*where))


def required() -> bool:
    """Whether the tests must not be skipped for want of a browser."""
    return bool(os.environ.get("KUNDEKORT_REQUIRE_BROWSER"))


_IMAGES = """
const images = [...document.querySelectorAll("img[src^='data:image/svg']")];
return images.map(one => [one.naturalWidth, one.naturalHeight]);
"""

# The graph is drawn into an SVG and scaled: on the screen a letter has its own size times the scale.
_MEASURE = """
const found = {};
for (const element of document.querySelectorAll('foreignObject *')) {
  const text = element.childElementCount ? '' : element.textContent.trim();
  if (!arguments[0].includes(text) || !element.offsetWidth) continue;
  const {left, top, right, bottom, width} = element.getBoundingClientRect();
  const size = parseFloat(getComputedStyle(element).fontSize) * width / element.offsetWidth;
  found[text] = {left, top, right, bottom, size};
}
return found;
"""
