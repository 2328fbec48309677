"""How to get the same page again."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
from dataclasses import dataclass
from typing import Self

from gradline.data.visible import escaped
from gradline.moments.precision import Statistics
from gradline.report.page.markup import tag


@dataclass(frozen=True, slots=True)
class Reproduce:
    """What made the fit. No dates and no hosts: equal fits give equal files.

    Attributes
    ----------
    command : str
        A command line or a Python call, without credentials.
    versions : tuple of (name, version)
        gradline first.
    engine : str
        Who found the coefficients: "exact", or an engine of the gradient way.
    seed : str
        Of shuffling, of rows held out and of the start; "" where nothing was drawn.
    fingerprint : str
        SHA-256 of the sufficient statistics: equal for the same rows, and in practice for no others; "" where unknown.
    """

    command: str
    versions: tuple[tuple[str, str], ...]
    engine: str
    seed: str
    fingerprint: str

    @classmethod
    def of(cls, command: str, statistics: Statistics | None, *, engine: str | None, seed: str) -> Self:
        """Of a fit on this machine; `statistics` are None where no sums over pairs of columns were kept."""
        used = ["gradline", "numpy", "pyarrow", *(["torch"] if engine in ("autograd", "nn") else [])]
        versions = [(name, importlib.metadata.version(name)) for name in used]
        fingerprint = "" if statistics is None else hashlib.sha256(statistics.to_json().encode()).hexdigest()
        return cls(command, (*versions, ("Python", platform.python_version())), engine or "exact", seed, fingerprint)


def section(reproduce: Reproduce) -> str:
    """The command, and what it ran on."""
    facts = [
        ("Versions", ", ".join(f"{name} {version}" for name, version in reproduce.versions)),
        ("Engine", reproduce.engine),
        ("Seed", reproduce.seed or "none: nothing was drawn by chance"),
        ("Data", reproduce.fingerprint and f"SHA-256 of the statistics {reproduce.fingerprint}"),
    ]
    pairs = "".join(
        tag("div", tag("dt", escaped(name)), tag("dd", escaped(said)), **({"class_": "wide"} if name == "Data" else {}))
        for name, said in facts
        if said
    )
    return tag("pre", tag("code", escaped(reproduce.command))) + tag("dl", pairs, class_="facts")
