"""The lab's page: how large it is, how long writing it takes, how fast a browser draws a step of it anew.

    python -m bench.lab

Needs the system's Chromium and Playwright (pip install playwright). A redraw is all of a step: state, views, code,
table, and the layout that follows; without the painting, which a browser does beside the script. Medians of 100 steps.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from bench.page import duration
from gradline.cli.lab import lesson
from gradline.data.arrays import ArraySource
from gradline.report.lab.facts import Setup
from gradline.report.lab.notebook import Lab

REDRAW = """() => {
    const times = [];
    for (let step = 1; step <= 100; step++) {
        const start = performance.now();
        state.step = step;
        draw();
        document.body.getBoundingClientRect();
        times.push(performance.now() - start);
    }
    return times;
}"""
RATE = """() => {
    const times = [];
    for (let k = 0; k < 100; k++) {
        const start = performance.now();
        state.setting = {...state.setting, rate: DEFAULTS.rate * (1 + k / 100)};
        draw();
        document.body.getBoundingClientRect();
        times.push(performance.now() - start);
    }
    return times;
}"""


def table(rows: int, features: int) -> tuple[ArraySource, Setup]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(rows, features)) + 1.0
    return ArraySource(X, X.sum(1) + rng.normal(size=rows)), Setup()


CASES = {
    "the lesson": lambda: lesson(None),
    "2,000 rows, 1 feature": lambda: table(2000, 1),
    "1,000,000 rows, 1 feature": lambda: table(1_000_000, 1),
    "100,000 rows, 10 features": lambda: table(100_000, 10),
}


def main() -> None:
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("there is no Chromium to measure in (Debian: apt-get install chromium)")
    Lab(*lesson(None))  # imports PyTorch, where it is installed
    print(f"{'':28}{'size':>10}{'written in':>12}{'a step':>10}{'a rate':>10}")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--headless", "--no-sandbox"])
        for name, case in CASES.items():
            source, setup = case()
            start = time.perf_counter()
            page, path = Lab(source, setup), Path(folder) / "lab.html"
            seconds = time.perf_counter() - start
            page.save(path)
            window = browser.new_page(viewport={"width": 1280, "height": 900})
            window.goto(path.as_uri())
            window.wait_for_selector("body.live")
            step, rate = (statistics.median(window.evaluate(script)) / 1000 for script in (REDRAW, RATE))
            size = f"{path.stat().st_size / 1000:.1f} kB"
            print(f"{name:28}{size:>10}{duration(seconds):>12}{duration(step):>10}{duration(rate):>10}")
        browser.close()


if __name__ == "__main__":
    main()
