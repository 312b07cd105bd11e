"""Photos in and out: uploads are re-encoded before they are kept, pictures are served to those who may see them."""

from __future__ import annotations

import asyncio

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from servicehub import clock
from servicehub.adapters.pictures import MOST_BYTES, PictureStore, sanitised
from servicehub.api.callers import actor_of, viewer_of
from servicehub.db import database
from servicehub.domain.access import Role
from servicehub.errors import Invalid, NotFound, NotLoggedIn, ServiceHubError
from servicehub.services import photos
from servicehub.settings import get_settings

_DECODING = asyncio.Semaphore(2)
"""A large photo takes about 120 MiB while it is decoded."""


def store() -> PictureStore:
    """Where this installation keeps pictures."""
    return PictureStore(get_settings().data_dir / "media")


async def upload(request: Request) -> Response:
    """Form fields: order, kind (both also from the query), file; answered 201 with `{"key": …}`."""
    actor = await actor_of(request, Role.CUSTOMER, Role.TECHNICIAN)
    async with request.form(max_files=1, max_fields=10, max_part_size=MOST_BYTES) as form:
        asked = {**request.query_params, **form}
        file, order_no, kind = form.get("file"), str(asked.get("order", "")), str(asked.get("kind", ""))
        if not isinstance(file, UploadFile):
            raise Invalid("no file")
        await database().read(photos.check, actor, order_no, kind, now=clock.now())
        raw = await file.read(MOST_BYTES + 1)
    async with _DECODING:
        picture = await asyncio.to_thread(sanitised, raw)
    key = await asyncio.to_thread(store().put, picture)
    try:
        await database().write(photos.attach, actor, order_no, kind, key, now=clock.now())
    except ServiceHubError:
        store().remove(key)
        raise
    return JSONResponse({"key": key}, 201)


async def show(request: Request) -> Response:
    """The picture, to those who have a part in its order; those of published reviews to everybody; to others there is none."""
    actor = await viewer_of(request)
    key = request.path_params["key"]
    if not await database().read(photos.may_see, actor, key):
        raise NotFound(key) if actor.user_id else NotLoggedIn
    headers = {"Cache-Control": "private, max-age=86400", "Content-Disposition": "inline"}
    return FileResponse(store().path(key), media_type="image/jpeg", headers=headers)


ROUTES = [
    Route("/api/photos", upload, methods=["POST"]),
    Route("/api/photos/{key}", show, methods=["GET"]),
]
