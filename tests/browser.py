"""A browser for the tests of pages: the system's Chromium, driven by Playwright, offline; one for each process."""

import contextlib
import os
import shutil
from pathlib import Path

import pytest

REQUIRED = os.environ.get("GRADLINE_BROWSER") == "required"
ARGUMENTS = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
QUIET = [*ARGUMENTS.split(), "--disable-component-update", "--disable-sync"]
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")  # the first draws twice as fast


def no_browser(reason):
    if REQUIRED:
        pytest.fail(f"GRADLINE_BROWSER=required, but {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser():
    chromium = next((found for name in NAMES if (found := shutil.which(name))), None)
    if chromium is None:
        no_browser("there is no Chromium to look at the page with (Debian: apt-get install chromium-headless-shell)")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        no_browser("Playwright is not installed (pip install playwright)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        yield browser
        browser.close()


class Windows:
    """Opens files, each in a window as if it were new: a window whose file is closed takes the next one."""

    def __init__(self, browser):
        self._browser, self._free = browser, {}

    def take(self, java_script_enabled=True):
        if free := self._free.get(java_script_enabled):
            return free.pop()
        context = self._browser.new_context(java_script_enabled=java_script_enabled)
        context.set_offline(True)
        page = context.new_page()
        page.asked, page.complaints, page.scripts = [], [], java_script_enabled
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        return page

    def give_back(self, page):
        page.mouse.move(0, 0)
        page.goto("about:blank")
        page.asked[:], page.complaints[:] = [], []
        self._free.setdefault(page.scripts, []).append(page)


@pytest.fixture(scope="session")
def all_windows(browser):
    return Windows(browser)


@contextlib.contextmanager
def windows(all_windows):
    """Opens files, each in a window of its own; at the end nothing may have been asked for, nor complained about."""
    pages = []

    def open_page(
        path: Path,
        hash: str = "",
        *,
        width=1280,
        ready=None,
        color_scheme="light",
        reduced_motion="no-preference",
        java_script_enabled=True,
    ):
        page = all_windows.take(java_script_enabled)
        pages.append(page)
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(media="null", color_scheme=color_scheme, reduced_motion=reduced_motion)
        page.goto(path.as_uri() + (f"#{hash}" if hash else ""))
        if ready and java_script_enabled:
            page.wait_for_selector(ready)
        return page

    yield open_page
    complaints = [said for page in pages for said in page.complaints]
    asked = [url for page in pages for url in page.asked[1:]]
    for page in pages:
        all_windows.give_back(page)
    assert complaints == []
    assert asked == []


@pytest.fixture
def opened(all_windows):
    """Windows of one test."""
    with windows(all_windows) as open_page:
        yield open_page
