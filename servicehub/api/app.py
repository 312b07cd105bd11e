"""The HTTP side put together: the routes' application and the wrappers around everything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from starlette.applications import Starlette
from starlette.types import ASGIApp

from servicehub import api
from servicehub.api import edge
from servicehub.api.answers import refused
from servicehub.api.frontend import with_pages
from servicehub.errors import ServiceHubError

Transformer = Starlette | Callable[[ASGIApp], ASGIApp]


def routes_app() -> Starlette:
    """The routes; what they do not know goes on to the pages."""
    return Starlette(routes=api.routes(), exception_handlers={ServiceHubError: refused})


def transformers(build: Path | None, router: Callable[[str], str | None] | None) -> Sequence[Transformer]:
    """For `rx.App(api_transformer=…)`, innermost first. Without a build only the routes and the socket are served."""
    pages = [with_pages(build, router)] if build is not None else []
    wrappers = [edge.body_limit, edge.origin_check, edge.rate_limit, edge.session_edge, edge.header_edge]
    return [*pages, routes_app(), *wrappers]
