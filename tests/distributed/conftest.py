"""Tables to fit, and processes that fit them."""

import pytest

from .cases import write_tables
from .ranks import Ranks, environment


@pytest.fixture(scope="module")
def ranks(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment().items():
            patch.setenv(name, value)
        ranks = Ranks(tmp_path_factory.mktemp("told"))
        yield ranks
        ranks.stop()


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    write_tables(folder)
    return folder
