"""When a front end must be built again: a hash over everything that pages are made from (sources, settings, what is published)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from servicehub.settings import Settings
from servicehub.workflows.baking import published

UNSEEN = ("api", "bench", "cli", "db", "jobs", "matching", "models", "services", "workflows")
"""Packages whose changes no page can show."""
SUFFIXES = (".py", ".po", ".js", ".jsx", ".css", ".json", ".svg")
SETTINGS = ("brand_name", "brand_color", "city", "map_tiles", "hold_minutes", "simulators_allowed")
"""Settings that pages have compiled in."""
FORMAT = "3"
"""Raise it when what is done after the build changes."""


def _files(root: Path) -> Iterator[Path]:
    package = root / "servicehub"
    for path in sorted(package.rglob("*")):
        first = path.relative_to(package).parts[0]
        if path.suffix in SUFFIXES and "__pycache__" not in path.parts and first not in UNSEEN:
            yield path
    for path in sorted((root / "assets").rglob("*")):
        if path.is_file() and "external" not in path.relative_to(root / "assets").parts:
            yield path
    for name in ("rxconfig.py", "constraints.txt"):  # not reflex.lock, which a build may itself write
        if (root / name).is_file():
            yield root / name


def of_sources(root: Path, settings: Settings) -> str:
    """Sixteen hexadecimal digits that name the front end made from these sources and settings."""
    digest = hashlib.sha256(f"{FORMAT}|{version('reflex')}".encode())
    for name in SETTINGS:
        digest.update(f"|{name}={getattr(settings, name)}".encode())
    digest.update(repr(published()).encode())
    for path in _files(root):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]
