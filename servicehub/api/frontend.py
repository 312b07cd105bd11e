"""The built pages: one ASGI app that serves the files of a published build with their policies and cache times.

Replaces Reflex's own static mount, which knows neither. Everything else passes on to Reflex.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from reflex.utils.precompressed_staticfiles import PrecompressedStaticFiles
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from servicehub.api.headers import SCRIPT_POLICY, page_policy

POLICIES = "csp.json"
"""Beside `client/` in a published build: page file → hashes of its inline scripts."""
IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"
ONE_DAY = "public, max-age=86400"
_BEHIND = ("/_event", "/_upload", "/_health", "/ping")


def cache_time(relative: str) -> str:
    """How long a browser may keep a file of the build without asking."""
    if relative.startswith("assets/") and not relative.endswith(".html"):
        return IMMUTABLE
    if relative.endswith((".html", "sw.js", ".webmanifest", ".json", ".data")) or "." not in relative:
        return REVALIDATE
    return ONE_DAY


class Pages(PrecompressedStaticFiles):
    """Files of one build."""

    def __init__(self, build: Path, router: Callable[[str], str | None] | None) -> None:
        self._client = (build / "client").resolve()
        super().__init__(directory=self._client, html=True, encodings=("brotli", "gzip"), router=router)
        hashes = json.loads((build / POLICIES).read_text("utf-8"))
        self._policies = {name: page_policy(found) for name, found in hashes.items()}

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """The file with its policy and cache time."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        relative = PurePosixPath(Path(full_path).resolve().relative_to(self._client)).as_posix()
        response.headers["cache-control"] = cache_time(relative)
        if relative in self._policies:
            response.headers["content-security-policy"] = self._policies[relative]
        elif relative.endswith(".js"):
            response.headers["content-security-policy"] = SCRIPT_POLICY
        return response


def with_pages(build: Path, router: Callable[[str], str | None] | None) -> Callable[[ASGIApp], ASGIApp]:
    """A wrapper that serves `build` and leaves Reflex's own paths to `inner`."""
    pages = Pages(build, router)

    def wrap(inner: ASGIApp) -> ASGIApp:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or scope["path"].startswith(_BEHIND):
                await inner(scope, receive, send)
            else:
                await pages(scope, receive, send)

        return app

    return wrap
