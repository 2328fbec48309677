"""The password in an address is told nowhere, whatever the user mistook for what."""

from __future__ import annotations

import json
import shutil

import pytest

from gradline import DataError, open_source
from gradline.data.readers.credentials import shown_path
from tests.command import gradline

HOSTILE = [
    "postgresql+psycopg2://anna:s3cret@localhost:1/houses",
    "postgresql://anna:s3cret@localhost:1/houses",
    " postgresql://anna:s3cret@localhost:1/houses",
    '"postgresql://anna:s3cret@localhost:1/houses"',
    "postgresql:/anna:s3cret@localhost:1/houses",
    "postgresql:anna:s3cret@localhost:1/houses",
    "postgresql://anna:x?s3cret@localhost:1/houses",
    "postgresql://anna:x#s3cret@localhost:1/houses",
    "postgresql://anna:x/s3cret@localhost:1/houses",
    "postgresql://anna:a'b\"s3cret@localhost:1/houses",
    "postgresql://localhost:1/houses?user=anna&password=a@s3cret",
    "jdbc:postgresql://localhost:1/houses?user=anna&password=s3cret",
    "jdbc:sqlserver://localhost;user=anna;password=s3cret",
    "jdbc:oracle:thin:anna/s3cret@//localhost:1/houses",
    "host=localhost port=1 user=anna password=s3cret dbname=houses",
    "host=localhost port=1 user=anna password = 's3cret' dbname=houses",
    "password=s3cret host=localhost",
    "Driver={PostgreSQL};Server=localhost;Uid=anna;Pwd=s3cret;",
    "anna:s3cret@localhost:1/houses",
    "mysql://anna:s3cret@localhost:1/houses",
    "sqlite://anna:s3cret@localhost/houses.db",
    "sqlite:///houses.db?password=s3cret",
    "https://anna:s3cret@localhost:1/houses.csv",
    "s3://anna:s3cret@bucket/houses.csv?endpoint_override=localhost:1&scheme=http&connect_timeout=1",
]
COMMANDS = [
    ["fit", "{}", "--target", "y"],
    ["fit", "{}", "--target", "y", "--query", "SELECT 1"],
    ["fit", "table.csv", "--target", "y", "--save", "{}"],
    ["fit", "table.csv", "--target", "y", "--checkpoint", "{}"],
    ["fit", "table.csv", "--target", "y", "--checkpoint", "{}", "--engine", "numpy", "--iterations", "2"],
    ["predict", "{}", "table.csv"],
    ["predict", "model.json", "{}"],
    ["predict", "model.json", "{}", "--query", "houses"],
    ["predict", "model.json", "table.csv", "-o", "{}"],
    ["predict", "model.json", "table.csv", "-o", "{}/d.csv"],
    ["summary", "{}"],
    ["compare", "{}", "{}"],
    ["merge", "model.json", "model.json", "-o", "{}"],
    ["lab", "{}", "--target", "y"],
    ["lab", "-o", "{}"],
]
EVERY = """
import contextlib, functools, io, json, os, sys
import typer.main
from gradline.cli import main
from gradline.report.lab import recorded
typer.main.get_command = functools.cache(typer.main.get_command)  # takes as long as most of these commands
recorded.torch_is_installed = lambda: False  # the descents of the lab's page know no address
told = {}
for folder, lines in json.load(sys.stdin).items():
    os.chdir(folder)
    told[folder] = []
    for line in lines:
        out = io.TextIOWrapper(io.BytesIO())
        sys.argv, sys.stdout, sys.stderr = ["gradline", *line], out, out
        with contextlib.suppress(SystemExit):
            main()
        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
        with contextlib.suppress(ValueError):
            out.flush()
            told[folder].append([line, out.buffer.getvalue().decode()])
json.dump(told, sys.stdout)
raise SystemExit
"""


@pytest.fixture(scope="module")
def all_told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[list[str], str]]]:
    """What each command told of each address; all in one process, as most of a short one is imports."""
    fitted = tmp_path_factory.mktemp("fitted")
    (fitted / "table.csv").write_text("x,y\n1,2\n2,3.5\n4,5\n5,9\n")
    assert gradline("fit", "table.csv", "--target", "y", "--save", "model.json", cwd=fitted).returncode == 0
    folders = {" ".join(command): str(tmp_path_factory.mktemp("told") / "here") for command in COMMANDS}
    lines = {}
    for command in COMMANDS:
        shutil.copytree(fitted, folder := folders[" ".join(command)])
        lines[folder] = [[word.replace("{}", hostile) for word in command] for hostile in HOSTILE]
    asked = tmp_path_factory.mktemp("asked") / "lines.json"
    asked.write_text(json.dumps(lines))
    done = gradline(first=EVERY, stdin=asked, env={"AWS_EC2_METADATA_DISABLED": "true"})
    assert (done.returncode, "s3cret" in done.stderr) == (0, False)
    told = json.loads(done.stdout)
    return {command: told[folder] for command, folder in folders.items()}


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_command_tells_a_password(command: list[str], all_told: dict[str, list[tuple[list[str], str]]]) -> None:
    told = all_told[" ".join(command)]
    assert len(told) == len(HOSTILE)
    assert [(line, text) for line, text in told if "s3cret" in text] == []
    if command[0] == "fit" and command[1] == "{}":
        assert all("error" in text for _, text in told)


@pytest.mark.parametrize(
    "path", ["a.csv", "sales?/*.csv", "/data/a@b.csv", "year=2024/x.csv", "C:\\a@b.csv", "a/b:c@d"]
)
def test_a_path_without_secrets_is_told_as_it_is(path: str) -> None:
    assert shown_path(path) == path


@pytest.mark.parametrize(
    "uri", [text for text in HOSTILE if text.lstrip().startswith(("postgresql+", "jdbc:", "host="))]
)
@pytest.mark.parametrize("query", [None, "houses"])
def test_an_address_of_another_program_is_told_how_to_be_written(uri: str, query: str | None) -> None:
    with pytest.raises(DataError) as caught:
        open_source(uri, target="y", query=query)
    assert "postgresql://USER@HOST/DATABASE" in str(caught.value.hint)
