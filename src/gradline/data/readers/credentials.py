"""What the address of a file system or a database holds that no message may."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, unquote, urlsplit


def without_credentials(url: str) -> str:
    """Scheme, host and path only: user, password and options are for no message.

    Examples
    --------
    >>> without_credentials("s3://key:secret@bucket/sales.parquet?region=eu")
    's3://bucket/sales.parquet'
    """
    scheme, _, rest = url.partition("://")
    place = rest.partition("?")[0]
    host, slash, path = place.partition("/")
    # A secret may hold a slash that should have been written as %2F.
    return f"{scheme}://{place.rpartition('@')[2] if '@' in place else host + slash + path}"


def secrets(url: str) -> set[str]:
    """User, password and the values of options, alone and together, as they are written and decoded.

    Examples
    --------
    >>> sorted(secrets("s3://key:a%2Fb@bucket/sales.parquet?token=t"))
    ['a%2Fb', 'a/b', 'key', 'key:a%2Fb', 'key:a/b', 't', 'token=t']
    """
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
