"""`.ci/run` on machines that lack something: run from a copy, where the programs it calls only write down the call."""

import glob
import os
import shutil
import subprocess
from pathlib import Path

import pytest

RUN = Path(__file__).parents[1] / ".ci" / "run"
BASH = shutil.which("bash")

pytestmark = pytest.mark.skipif(BASH is None or os.name != "posix", reason="there is no bash to run .ci/run with")

INSTALLED = glob.glob("/usr/lib/postgresql/*/bin/initdb")  # looked for beside PATH, so this machine decides
LACKING = "chromium-headless-shell fonts-liberation" + ("" if INSTALLED else " postgresql")
TESTED = ["make test (required, required)", "make check (required, required)"]


@pytest.fixture
def machine(tmp_path):
    """Runs the script where only the programs named are there; returns its exit code, its stderr, and the calls."""
    stubs, calls = tmp_path / "bin", tmp_path / "calls"
    stubs.mkdir()
    (tmp_path / ".ci").mkdir()
    shutil.copy(RUN, tmp_path / ".ci" / "run")
    for needed in ("dirname", "env"):
        (stubs / needed).symlink_to(shutil.which(needed))

    def stub(name, *lines):
        (stubs / name).write_text("\n".join([f"#!{BASH}", *lines]) + "\n")
        (stubs / name).chmod(0o755)

    def run(*there, user=0, fails="nothing"):
        stub("id", f"echo {user}")
        stub("make", f'echo "make $* ($GRADLINE_BROWSER, $GRADLINE_POSTGRES)" >> {calls}')
        for name in there:
            stub(name)
        stub(
            "apt-get",
            f'echo "apt-get $* ($DEBIAN_FRONTEND, root: ${{ROOT:-{user == 0}}})" >> {calls}',
            f'if [ "$1" = {fails} ]; then echo "E: no network" >&2; exit 100; fi',
        )
        if "sudo" in there:  # as the real one: a root without the caller's exported variables
            stub("sudo", f'echo "sudo $1" >> {calls}', "shift", f"exec env -i PATH={stubs} ROOT=True ${{@}}")
        done = subprocess.run(
            [BASH, tmp_path / ".ci" / "run"],
            env={"PATH": str(stubs)},
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stderr, calls.read_text().splitlines() if calls.exists() else []

    return run


@pytest.mark.parametrize("browser", ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"])
def test_where_nothing_is_lacking_it_tests_and_checks(machine, browser):
    assert machine(browser, "initdb", user=1000) == (0, "", TESTED)


def test_root_installs_what_is_lacking(machine):
    code, errors, calls = machine()
    assert (code, errors) == (0, "")
    installed = f"apt-get install -y --no-install-recommends {LACKING} (noninteractive, root: True)"
    assert calls == ["apt-get update (noninteractive, root: True)", installed, *TESTED]


def test_only_what_is_lacking_is_installed(machine):
    _, _, calls = machine("initdb")
    assert calls[1].startswith("apt-get install -y --no-install-recommends chromium-headless-shell fonts-liberation (")


def test_who_is_not_root_installs_through_sudo_and_is_never_asked_for_a_password(machine):
    code, errors, calls = machine("sudo", user=1000)
    assert (code, errors) == (0, "")
    assert calls[:2] == ["sudo -n", "apt-get update (noninteractive, root: True)"]
    assert calls[3].endswith(f"{LACKING} (noninteractive, root: True)")
    assert calls[-2:] == TESTED


def test_without_root_and_sudo_it_says_what_to_install_and_stops(machine):
    code, errors, calls = machine(user=1000)
    assert (code, calls) == (1, [])
    assert errors == f".ci/run: to install {LACKING} takes root or sudo, and neither is here\n"


@pytest.mark.parametrize("fails", ["update", "install"])
def test_an_installation_that_fails_stops_it_and_its_reason_is_seen(machine, fails):
    code, errors, calls = machine(fails=fails)
    assert code == 100
    assert "E: no network" in errors
    assert not any(call.startswith("make") for call in calls)
