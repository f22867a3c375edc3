"""A real Chromium without a screen, and what is seen in it."""

from __future__ import annotations

import importlib
import io
import shutil
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

#: Chromium starts and viser's page loads within this on a busy machine [s].
TIMEOUT = 120.0
#: The page's own picture is drawn by the CPU.
_OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--enable-unsafe-swiftshader",
    "--use-angle=swiftshader",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
)


class Browser:
    """A page of the view.

    Args:
        url: Of it.
        size: Of the window in pixels.
    """

    def __init__(self, url: str, size: tuple[int, int] = (1280, 800)) -> None:
        webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium")
        chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
        if chromium is None or driver is None:
            pytest.skip("needs Debian's chromium and chromium-driver")
        options = webdriver.ChromeOptions()
        options.binary_location = chromium
        for option in (*_OPTIONS, f"--window-size={size[0]},{size[1]}"):
            options.add_argument(option)
        self._driver: Any = webdriver.Chrome(options, webdriver.ChromeService(driver))
        self._driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False},
        )
        self._too_slow = importlib.import_module("selenium.common.exceptions").TimeoutException
        self._actions = webdriver.ActionChains
        self._driver.get(url)
        self.wait(lambda: bool(self._find("canvas")), "a canvas")

    def close(self) -> None:
        """End it."""
        self._driver.quit()

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Until ``condition`` holds; an AssertionError that says ``what`` did not come."""
        deadline = time.monotonic() + TIMEOUT
        while not condition():
            assert time.monotonic() < deadline, f"{what} did not come within {TIMEOUT:g} s"
            time.sleep(0.05)

    @property
    def text(self) -> str:
        """All that the page says."""
        return str(self._driver.execute_script("return document.body.innerText"))

    def clean(self) -> None:
        """Close viser's notices."""
        for button in self._find(".mantine-Notification-closeButton"):
            button.click()
        self.wait(lambda: not self._find(".mantine-Notification-root"), "a page without notices")

    def picture(self) -> Image.Image:
        """What is seen of the page."""
        deadline = time.monotonic() + TIMEOUT
        while True:
            try:
                content = self._driver.get_screenshot_as_png()
            except self._too_slow:  # a busy CPU draws no frame in the driver's ten seconds
                assert time.monotonic() < deadline, f"no picture came within {TIMEOUT:g} s"
                continue
            return Image.open(io.BytesIO(content)).convert("RGB")

    def pixels(self) -> NDArray[np.uint8]:
        """What is seen, (height, width, 3)."""
        return np.asarray(self.picture())

    def drag(self, start: tuple[float, float], by: tuple[float, float], steps: int = 8) -> None:
        """Press at a point of the page in pixels, move, and let go."""
        actions = self._actions(self._driver, duration=60)
        actions.w3c_actions.pointer_action.move_to_location(round(start[0]), round(start[1]))
        actions.w3c_actions.pointer_action.pointer_down()
        for i in range(1, steps + 1):
            x, y = (round(start[k] + by[k] * i / steps) for k in range(2))
            actions.w3c_actions.pointer_action.move_to_location(x, y)
        actions.w3c_actions.pointer_action.pointer_up()
        actions.perform()

    def click(self, point: tuple[float, float]) -> None:
        """Click at a point of the page in pixels."""
        self.drag(point, (0.0, 0.0), 0)

    def point_at(self, point: tuple[float, float]) -> None:
        """Move the pointer there, in pixels."""
        actions = self._actions(self._driver)
        actions.w3c_actions.pointer_action.move_to_location(round(point[0]), round(point[1]))
        actions.perform()

    def tick_box(self, label: str) -> None:
        """Click the checkbox of that label."""
        xpath = f"//label[normalize-space()='{label}']/ancestor::*[.//input[@type='checkbox']][1]//input"
        self._driver.find_element("xpath", xpath).click()

    def press(self, label: str) -> None:
        """Press the button of that label."""
        self._driver.find_element("xpath", f"//button[normalize-space()='{label}']").click()

    def _find(self, selector: str) -> list[Any]:
        return list(self._driver.find_elements("css selector", selector))
