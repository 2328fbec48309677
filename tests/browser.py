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


@contextlib.contextmanager
def windows(browser):
    """Opens files, each in a fresh window; at the end nothing may have been asked for, nor complained about."""
    contexts = []

    def open_page(path: Path, hash: str = "", *, width=1280, ready=None, **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        context.set_offline(True)
        contexts.append(context)
        page = context.new_page()
        page.asked, page.complaints = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(path.as_uri() + (f"#{hash}" if hash else ""))
        if ready and options.get("java_script_enabled", True):
            page.wait_for_selector(ready)
        return page

    yield open_page
    complaints = [said for context in contexts for page in context.pages for said in page.complaints]
    asked = [url for context in contexts for page in context.pages for url in page.asked[1:]]
    for context in contexts:
        context.close()
    assert complaints == []
    assert asked == []


@pytest.fixture
def opened(browser):
    """Windows of one test."""
    with windows(browser) as open_page:
        yield open_page
