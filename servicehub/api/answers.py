"""What HTTP says to a refusal: a status per category and the stable code; the wording stays with `texts`."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from servicehub.errors import (
    Conflict,
    Forged,
    Invalid,
    NotAllowed,
    NotFound,
    NotLoggedIn,
    ServiceHubError,
    TooManyTries,
    Unavailable,
)

_STATUS: tuple[tuple[type[ServiceHubError], int], ...] = (
    (NotLoggedIn, 401),
    (Forged, 401),
    (TooManyTries, 429),
    (NotAllowed, 403),
    (NotFound, 404),
    (Conflict, 409),
    (Unavailable, 503),
    (Invalid, 422),
)


def status_of(error: ServiceHubError) -> int:
    """The HTTP status of a refusal; 400 for one of no category."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 400)


async def refused(_request: Request, error: Exception) -> Response:
    """Starlette's handler for every refusal that a route lets through."""
    if not isinstance(error, ServiceHubError):
        raise error
    return JSONResponse({"error": error.code}, status_of(error), {"Cache-Control": "no-store"})
