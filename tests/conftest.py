"""Shared by all tests: where the real tables are."""

import os
from pathlib import Path

import pytest

SHARED_DATA = Path(os.environ.get("GRADLINE_DATA_DIR", Path(__file__).resolve().parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real tables; tests that need it skip where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the real tables are not here: {SHARED_DATA} (set GRADLINE_DATA_DIR)")
    return SHARED_DATA
