"""Headless Chromium with a fake camera and microphone."""

import atexit
import shutil
import unittest

from selenium import webdriver

FLAGS = [
    "--headless=new",
    # Tests also run as root in containers, where Chromium's sandbox has nothing to build on.
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    # Several windows of one browser are all in use at once.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
]


def start_browser(*, width=1280, height=800, dark=False, scale=1, extra=(), service=None):
    """A browser of its own, with its own storage: another person's machine. The caller quits it.

    `service`: a chromedriver that starts in another way than on this machine.
    """
    options = webdriver.ChromeOptions()
    options.binary_location = require("chromium")
    for flag in [*FLAGS, f"--window-size={width},{height}", f"--force-device-scale-factor={scale}", *extra]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = service or webdriver.ChromeService(require("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    driver.set_script_timeout(30)
    # What a phone shows: the window of a headless browser is never narrower than 500 pixels otherwise.
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": width < 600},
    )
    scheme = "dark" if dark else "light"
    driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    return driver


def require(program):
    path = shutil.which(program)
    if path is None:
        raise RuntimeError(f"{program} is not installed: apt-get install chromium chromium-driver")
    return path


_POOL = {}


def pooled_browser(whose, start):
    """Started once, ended with the program; started again if it has gone."""
    try:
        _POOL[whose].window_handles
    except Exception:  # noqa: BLE001 - whatever a driver says whose browser has gone, or that there is none yet
        _POOL[whose] = start()
        atexit.register(_POOL[whose].quit)
    return _POOL[whose]


class BrowserTestCase(unittest.TestCase):
    """Quits the browsers that a test started, and fails a test whose page met an unexpected error."""

    def setUp(self):
        self._browsers = []

    def browser(self, **options):
        """A browser for this test alone."""
        driver = start_browser(**options)
        self._browsers.append(driver)
        self.addCleanup(driver.quit)
        return driver

    def shared_browser(self, whose="first", start=start_browser):
        """One that other tests use too, before and after: starting one takes as long as a whole test. Each uses windows
        of its own and closes them. `whose`: another person's machine.
        """
        driver = pooled_browser(whose, start)
        if driver not in self._browsers:
            # What earlier tests have left in it is not this one's.
            driver.get_log("browser")
            self._browsers.append(driver)
        return driver

    def assert_no_page_errors(self, ignoring=()):
        """No script of any page failed. `ignoring`: parts of messages that the test itself provokes."""
        for driver in self._browsers:
            for entry in driver.get_log("browser"):
                text = entry["message"]
                if entry["level"] == "SEVERE" and not any(part in text for part in ignoring):
                    self.fail(f"the page reported: {text}")
