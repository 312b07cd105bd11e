"""What channels report about payouts."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from servicehub import clock
from servicehub.adapters.payee import payees
from servicehub.db import database
from servicehub.workflows import payouts


async def notify(request: Request) -> Response:
    """A channel's message, verified by its signature over the raw body."""
    raw = await request.body()
    channel = request.path_params["channel"]
    headers = dict(request.headers)
    await asyncio.to_thread(payouts.deliver, database(), channel, headers, raw, now=clock.now())
    word = payees(channel).acknowledgement
    return PlainTextResponse(word) if word else Response(status_code=204)


ROUTES = [Route("/api/payouts/notify/{channel}", notify, methods=["POST"])]
