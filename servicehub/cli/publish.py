"""From Reflex's export to what is served: one address-independent, policed, compressed folder, put in place at once.

Owns everything that is done to the files after the build, and the proof that a published folder is complete.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import brotli  # type: ignore[import-untyped]

from servicehub.api.frontend import POLICIES
from servicehub.api.headers import script_hashes

COMPLETE = "complete.json"
"""Written last; holds how many files and bytes belong to the folder."""
KEPT = 3
"""Published builds that stay beside the newest, for tabs that were opened before."""
_COMPRESSED = {".html", ".js", ".mjs", ".css", ".svg", ".json", ".webmanifest", ".txt", ".xml"}
_SIDECARS = (".br", ".gz")
_STYLES = "__reflex_global_styles-"
_ENV = "reflex-env-"
_BAKED = re.compile(r"`(http|ws)://localhost:\d+/")


def is_complete(folder: Path) -> bool:
    """Whether a published folder has all its files."""
    try:
        expected = json.loads((folder / COMPLETE).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    found = [path.stat().st_size for path in (folder / "client").rglob("*") if path.is_file()]
    return [len(found), sum(found)] == [expected.get("files"), expected.get("bytes")] and bool(found)


def publish(web: Path, target: Path, tick: Callable[[str], None]) -> None:
    """Make `target` from the export in `web` (Reflex's `.web`); a half-made `target` is replaced."""
    target.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(dir=target.parent, prefix=".making-"))
    try:
        client = making / "client"
        _copy(web / "build" / "client", client)
        shutil.copytree(web / "backend", making / "backend")
        tick("Inlining styles")
        _answer_any_address(client)
        _inline_styles(client)
        tick("Writing policies")
        _write_policies(client, making / POLICIES)
        tick("Compressing")
        _compress(client)
        _seal(making)
        making.chmod(0o755)
        if target.exists():
            shutil.rmtree(target)
        os.replace(making, target)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    _forget_old(target)


def _copy(source: Path, client: Path) -> None:
    """Without what we compress ourselves, and without the twin `x.html` of every `x/index.html`."""
    for path in sorted(source.rglob("*")):
        relative = path.relative_to(source)
        twin = path.with_suffix("") / "index.html"
        if not path.is_file() or path.suffix in _SIDECARS or (path.suffix == ".html" and twin.is_file()):
            continue
        (client / relative).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, client / relative)


def _answer_any_address(client: Path) -> None:
    """Reflex bakes the address of the socket into one file: let the page's own address decide instead."""
    for path in (client / "assets").glob(f"{_ENV}*.js"):
        text = path.read_text("utf-8")

        def own(match: re.Match[str]) -> str:
            if match[1] == "ws":
                return "`${location.protocol===`https:`?`wss:`:`ws:`}//${location.host}/"
            return "`${location.origin}/"

        path.write_text(_BAKED.sub(own, text), "utf-8")


def _inline_styles(client: Path) -> None:
    """Put the style sheet into every page, so that the first paint waits for nothing; and name each page's language.

    The links stay, switched off: React finds what it rendered, and the sheet is not fetched a second time.
    """
    sheets = sorted((client / "assets").glob(f"{_STYLES}*.css"))
    for page in client.rglob("*.html"):
        html = page.read_text("utf-8")
        if page.relative_to(client).parts[0] == "en":
            html = html.replace('<html lang="zh-CN"', '<html lang="en"', 1)
        for sheet in sheets:
            name = f"/assets/{sheet.name}"
            preload = f'<link as="style" href="{name}" rel="preload"/>'
            html = html.replace(preload, preload.replace("/>", ' media="not all"/>'))
            link = f'<link href="{name}" rel="stylesheet" type="text/css"/>'
            inlined = f"<style>{sheet.read_text('utf-8')}</style>"
            html = html.replace(link, inlined + link.replace("/>", ' disabled=""/>'))
        page.write_text(html, "utf-8")


def _write_policies(client: Path, target: Path) -> None:
    pages = sorted(client.rglob("*.html"))
    found = {page.relative_to(client).as_posix(): script_hashes(page.read_text("utf-8")) for page in pages}
    target.write_text(json.dumps(found, indent=0), "utf-8")


def _compress(client: Path) -> None:
    files = [path for path in client.rglob("*") if path.suffix in _COMPRESSED and path.stat().st_size > 400]
    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(_sidecars, files))


def _sidecars(path: Path) -> None:
    body = path.read_bytes()
    quality = 11 if "assets" in path.parts or len(body) < 30_000 else 9
    path.with_name(path.name + ".br").write_bytes(brotli.compress(body, quality=quality))
    path.with_name(path.name + ".gz").write_bytes(gzip.compress(body, 9, mtime=0))


def _seal(folder: Path) -> None:
    sizes = [path.stat().st_size for path in (folder / "client").rglob("*") if path.is_file()]
    (folder / COMPLETE).write_text(json.dumps({"files": len(sizes), "bytes": sum(sizes)}), "utf-8")


def _forget_old(newest: Path) -> None:
    others = [path for path in newest.parent.iterdir() if path.is_dir() and path != newest]
    others.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in others[KEPT:]:
        shutil.rmtree(path, ignore_errors=True)
