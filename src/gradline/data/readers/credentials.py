"""What the address of a file system or a database holds that no message may."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, unquote, urlsplit

SCHEME = re.compile(r"([A-Za-z][\w+.-]+:/+)(.*)", re.DOTALL)
SECRET = re.compile(r"(password|passwd|pwd|secret)['\"]?\s*=", re.IGNORECASE)
CONTAINER = re.compile(r"abfss?://[^/:@?]+@[^@?]*$", re.IGNORECASE)  # CONTAINER@ACCOUNT/PATH
KIND = re.compile(r"\s*['\"]?((?:jdbc:|odbc:)?[A-Za-z][\w+.-]*(?:://|:|=))", re.IGNORECASE)
ADDRESS = re.compile(
    r"\s*['\"]?(jdbc:|odbc:|postgres(ql)?(\+\w+)?:|(host|hostaddr|dbname|server|driver|user|password)\s*=)",
    re.IGNORECASE,
)


def is_url(path: str | os.PathLike[str]) -> bool:
    """Does it begin with a scheme? Two letters at least, as one is a drive.

    Examples
    --------
    >>> is_url("s3://bucket/page.html"), is_url("C:/page.html")
    (True, False)
    """
    return re.match(r"[A-Za-z][\w+.-]+:/", os.fsdecode(path)) is not None


def shown_path(path: str | os.PathLike[str]) -> str:
    """A path, URL or connection string as a message may have it: without user, password and options.

    A path that holds none of these stays as it is, and so does abfs://CONTAINER@ACCOUNT, which has no user. Of what
    names a password outside a URL's options, or may hide one where it cannot be told apart, only the kind is left.

    Examples
    --------
    >>> shown_path("sales/houses.csv"), shown_path("postgresql+psycopg2://anna:secret@localhost:1/houses")
    ('sales/houses.csv', 'postgresql+psycopg2://localhost:1/houses')
    >>> shown_path("host=localhost user=anna password=secret"), shown_path("jdbc:oracle:thin:anna/secret@//db:1521/x")
    ('host=...', 'jdbc:oracle:...')
    >>> shown_path("abfs://container@account/x.csv"), shown_path("abfs://account:key@container/x.csv")
    ('abfs://container@account/x.csv', 'abfs://container/x.csv')
    """
    text = os.fsdecode(path)
    if CONTAINER.match(text):
        return text
    if found := SCHEME.search(text):  # anywhere, and with any number of slashes: paths are joined and normalised
        before, scheme, rest = text[: found.start()], found[1], found[2]
        place, _, options = rest.partition("?")
        # After ? an @ may belong to a password, which then begins before, or be in an option, where the host was told.
        safe = f"{before}{scheme}{'...' if '@' in options else place.rpartition('@')[2]}"
    elif re.match(r"\s*(jdbc|odbc):", text, re.IGNORECASE):
        safe = kind_only(text)
    else:
        login = re.match(r"[^/:]{2,}:.*@", text, re.DOTALL)  # anna:secret@localhost/houses
        safe = f"...@{text[login.end() :]}" if login else text
    return kind_only(text) if SECRET.search(safe) else safe


def kind_only(text: str) -> str:
    """As what a connection string begins: host=..., jdbc:oracle:..."""
    kind = KIND.match(text)
    return f"{kind[1] if kind else ''}..."


def is_connection_string(text: str) -> bool:
    """Whether it is the address of a database in a form that other programs take.

    Examples
    --------
    >>> [is_connection_string(t) for t in ("jdbc:postgresql://db/x", "host=db dbname=x", "postgresql.csv", "s3://x")]
    [True, True, False, False]
    """
    return ADDRESS.match(text) is not None and not os.path.exists(text)


def secrets(url: str) -> set[str]:
    """User, password and the values of options, alone and together, as they are written and decoded.

    Examples
    --------
    >>> sorted(secrets("s3://key:a%2Fb@bucket/sales.parquet?token=t"))
    ['a%2Fb', 'a/b', 'key', 'key:a%2Fb', 'key:a/b', 't', 'token=t']
    """
    if CONTAINER.match(url):
        return set()
    userinfo = url.partition("://")[2].partition("?")[0].rpartition("@")[0]
    try:
        options = [value for _, value in parse_qsl(urlsplit(url).query)]
    except ValueError:
        options = []
    found = {userinfo, *re.split("[:/]", userinfo), url.partition("?")[2], *options}
    return {*found, *map(unquote, found)} - {""}


def purged(reason: str, hidden: Iterable[str]) -> str:
    """A message without those words, the longest first.

    Examples
    --------
    >>> purged("no bucket for key:secret", secrets("s3://key:secret@bucket"))
    'no bucket for ...'
    """
    for secret in sorted(hidden, key=len, reverse=True):
        reason = reason.replace(secret, "...")
    return reason
