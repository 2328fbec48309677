"""Shared by all tests: where the real tables are, and a browser."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from tests.browser import all_windows, browser, opened  # noqa: F401 - fixtures
from tests.postgres_server import server

# As many tests run at a time as there are cores: threads of BLAS and OpenMP in each would only wait for each other.
# gradline's own threads are not among them.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
# What was compiled is kept, whatever the environment says: else each process that a test starts compiles the package.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A shell may have told its jobs to ignore Ctrl-C: these tests send it to what they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("no clock", deadline=None)  # how busy the machine is says nothing about a fact
settings.load_profile("no clock")

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = Path(os.environ.get("GRADLINE_DATA_DIR", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real tables; tests that need it skip where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the real tables are not here: {SHARED_DATA} (set GRADLINE_DATA_DIR)")
    return SHARED_DATA


@pytest.fixture(scope="session")
def shared_table(shared_data) -> Callable[[str], Path]:
    """The path of one of them by its name; tests skip where that one is absent."""

    def path_of(name: str) -> Path:
        if not (shared_data / name).exists():
            pytest.skip(f"{name} is not among the shared tables")
        return shared_data / name

    return path_of


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server, one for all tests of a process."""
    with server() as running:
        yield running


@pytest.fixture
def gpu(monkeypatch):
    """A GPU that is pretended, and trusted."""
    from tests.pretended_gpu import pretended_gpu  # PyTorch is imported where it is needed

    with pretended_gpu(monkeypatch, trusted=True) as pretended:
        yield pretended


@pytest.fixture
def doubted_gpu(monkeypatch):
    """One that is tested anew, at a small size."""
    from tests.pretended_gpu import pretended_gpu

    with pretended_gpu(monkeypatch, trusted=False) as pretended:
        yield pretended


@pytest.fixture(scope="session")
def diabetes(tmp_path_factory) -> Path:
    """A folder with scikit-learn's diabetes table as diabetes.csv."""
    folder = tmp_path_factory.mktemp("diabetes")
    script = ROOT / "examples" / "write_diabetes.py"
    subprocess.run([sys.executable, str(script), str(folder / "diabetes.csv")], check=True)
    return folder
