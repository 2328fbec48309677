"""The loops are run by tests, not collected; faults of the checker itself are raised."""

import pytest

from gradline.lessons.checker.looks import STRICT

collect_ignore = ["loops"]


@pytest.fixture(autouse=True)
def strict(monkeypatch):
    monkeypatch.setenv(STRICT, "1")
