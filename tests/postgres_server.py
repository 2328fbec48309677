"""A PostgreSQL server of the tests' own: on a free port of this machine, with passwords, gone when they end."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

REQUIRED = "GRADLINE_POSTGRES"


@dataclass(frozen=True)
class Server:
    """A running server; its words are such that no message holds them by chance."""

    programs: Path
    folder: Path
    port: int
    user: str = "gerda_q7"
    password: str = "p@ss/w0rd:#%" + secrets.token_hex(4)
    host: str = "127.0.0.1"

    def uri(self, database: str = "houses") -> str:
        return f"postgresql://{self.user}:{quote(self.password, safe='')}@{self.host}:{self.port}/{database}"

    @property
    def secrets(self) -> tuple[str, ...]:
        return self.user, self.password, quote(self.password, safe=""), self.host

    @contextmanager
    def connected(self, database: str = "houses", autocommit: bool = False) -> Iterator[Any]:
        from adbc_driver_postgresql import dbapi

        with dbapi.connect(self.uri(database), autocommit=autocommit) as connection, connection.cursor() as cursor:
            yield cursor
            connection.commit()

    def execute(self, *statements: str, database: str = "houses", autocommit: bool = False) -> None:
        with self.connected(database, autocommit) as cursor:
            for statement in statements:
                cursor.execute(statement)

    def scalar(self, query: str) -> Any:
        with self.connected() as cursor:
            cursor.execute(query)
            return cursor.fetchone()[0]

    def start(self) -> None:
        options = f"-p {self.port} -h {self.host} -k '' -c fsync=off -c max_connections=30"
        data = self.folder / "data"
        run(self.programs / "pg_ctl", "start", "-D", data, "-w", "-l", data / "log", "-o", options)

    def stop(self) -> None:
        run(self.programs / "pg_ctl", "stop", "-D", self.folder / "data", "-m", "immediate", "-w", check=False)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Without the server, which then goes on with what it had written."""
        self.stop()
        try:
            yield
        finally:
            self.start()


def programs() -> Path:
    """Where initdb and pg_ctl are; a test that needs them skips where they are not, unless that is forbidden."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda place: int(place.parent.name.split(".")[0]))
    if shutil.which("pg_config"):
        found = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=False).stdout.strip()
        places.insert(0, Path(found))
    if on_path := shutil.which("initdb"):
        places.append(Path(on_path).resolve().parent)
    for place in reversed(places):
        if (place / "initdb").exists() and (place / "pg_ctl").exists():
            return place
    reason = "PostgreSQL is not installed: neither initdb nor pg_ctl is found (apt-get install postgresql)"
    if os.environ.get(REQUIRED) == "required":
        pytest.fail(reason)
    pytest.skip(reason)


def run(*command: object, check: bool = True) -> None:
    """As a user who may run a server, which root may not."""
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        import pwd

        names = {entry.pw_name for entry in pwd.getpwall()}
        name = "postgres" if "postgres" in names else "nobody"
        user = {"user": name, "group": pwd.getpwnam(name).pw_gid, "extra_groups": []}
    subprocess.run(
        [str(part) for part in command],
        check=check,
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **user,
    )


@contextmanager
def server() -> Iterator[Server]:
    """Start one, and stop it whatever happens."""
    found = programs()
    with tempfile.TemporaryDirectory(prefix="gradline-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = Server(found, folder, port)
        (folder / "password").write_text(server.password)
        if os.geteuid() == 0:
            os.chmod(folder, 0o777)
            os.chmod(folder / "password", 0o644)
        run(
            *(found / "initdb", "-D", folder / "data", "-U", server.user, "--pwfile", folder / "password"),
            *("-A", "scram-sha-256", "-N", "-E", "UTF8", "--locale=C"),
        )
        server.start()
        try:
            server.execute("CREATE DATABASE houses", database="postgres", autocommit=True)
            yield server
        finally:
            server.stop()
