"""Pictures in and out over HTTP."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from servicehub.adapters.pictures import MOST_BYTES, PictureStore, sanitised
from servicehub.api import photos as photo_routes
from servicehub.domain.access import Actor
from servicehub.errors import Invalid, NotFound
from servicehub.services import photos


def run(coroutine: Any) -> None:
    asyncio.run(coroutine)


def picture(size: tuple[int, int] = (300, 200), kind: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, kind, **options)
    return out.getvalue()


def with_position() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "SecretPhone"
    exif.get_ifd(0x8825)[1] = "N"
    return picture((300, 200), exif=exif)


def test_a_picture_loses_its_metadata_and_stands_upright() -> None:
    clean = Image.open(io.BytesIO(sanitised(with_position())))
    assert (clean.format, clean.size) == ("JPEG", (200, 300))
    assert len(clean.getexif()) == 0
    assert b"SecretPhone" not in sanitised(with_position())


def test_what_hides_behind_a_picture_is_gone() -> None:
    hidden = io.BytesIO()
    with zipfile.ZipFile(hidden, "w") as archive:
        archive.writestr("x.html", "<script>alert(1)</script>")
    clean = sanitised(picture() + hidden.getvalue())
    assert b"<script>" not in clean
    assert not zipfile.is_zipfile(io.BytesIO(clean))


def test_a_large_picture_is_made_smaller() -> None:
    clean = Image.open(io.BytesIO(sanitised(picture((3000, 1000), "PNG"))))
    assert clean.size == (2400, 800)


def moving() -> bytes:
    frames = [Image.new("RGB", (10, 10), color) for color in ("red", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], duration=100)
    return out.getvalue()


def bomb() -> bytes:
    out = io.BytesIO()
    Image.new("1", (9000, 9000)).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html>",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        picture(kind="GIF"),
        picture()[:400],
        moving(),
        bomb(),
        b"x" * (MOST_BYTES + 1),
    ],
    ids=["nothing", "html", "svg", "gif", "torn", "moving", "bomb", "heavy"],
)
def test_everything_else_is_refused(raw: bytes) -> None:
    with pytest.raises(Invalid):
        sanitised(raw)


def test_the_store_gives_back_by_its_own_keys_only(tmp_path: Path) -> None:
    store = PictureStore(tmp_path)
    key = store.put(b"jpeg")
    assert store.path(key).read_bytes() == b"jpeg"
    for wrong in ("../secret", key[:-1], key.upper() + "g", ""):
        with pytest.raises(NotFound):
            store.path(wrong)
    store.remove(key)
    with pytest.raises(NotFound):
        store.path(key)


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """The order's rules as told by the test; the real ones are tested with the service."""
    told: dict[str, Any] = {"attached": [], "seen_by": set(), "refusal": None}

    def check(_session: Any, _actor: Actor, order_no: str, kind: str, *, now: Any) -> int:
        if (order_no, kind) != ("1", "review"):
            raise NotFound
        return 1

    def attach(_session: Any, actor: Actor, _order_no: str, _kind: str, key: str, *, now: Any) -> None:
        if told["refusal"]:
            raise told["refusal"]
        told["attached"].append(key)
        told["seen_by"].add((actor.user_id, key))

    def may_see(_session: Any, actor: Actor, key: str) -> bool:
        return (actor.user_id, key) in told["seen_by"]

    for name, fn in (("check", check), ("attach", attach), ("may_see", may_see)):
        monkeypatch.setattr(photos, name, fn)
    monkeypatch.setattr(photo_routes, "store", lambda: PictureStore(tmp_path / "media"))
    return told


def files(raw: bytes) -> dict[str, Any]:
    return {"file": ("../../evil.php", raw, "text/html")}


def test_an_uploaded_photo_is_seen_by_those_who_may_and_by_nobody_else(
    client: Any, log_in: Callable[..., dict[str, str]], rules: dict[str, Any]
) -> None:
    async def story() -> None:
        mine, other = log_in(1), log_in(2)
        form = {"order": "1", "kind": "review"}
        async with client(cookies=mine) as http:
            made = await http.post("/api/photos", data=form, files=files(with_position()))
            assert made.status_code == 201
            key = made.json()["key"]
            assert rules["attached"] == [key]
            shown = await http.get(f"/api/photos/{key}")
            assert shown.headers["content-type"] == "image/jpeg"
            assert shown.headers["cache-control"] == "private, max-age=86400"
            assert shown.headers["x-content-type-options"] == "nosniff"
            assert b"SecretPhone" not in shown.content
        async with client(cookies=other) as http:
            assert (await http.get(f"/api/photos/{key}")).status_code == 404
        async with client() as http:
            assert (await http.get(f"/api/photos/{key}")).status_code == 401
            assert (await http.post("/api/photos", data=form, files=files(picture()))).status_code == 401

    run(story())


def test_a_refused_photo_leaves_no_file(
    client: Any, log_in: Callable[..., dict[str, str]], rules: dict[str, Any], tmp_path: Path
) -> None:
    async def story() -> None:
        async with client(cookies=log_in()) as http:
            form = {"order": "1", "kind": "review"}
            assert (
                await http.post("/api/photos", data={"order": "2", "kind": "review"}, files=files(picture()))
            ).status_code == 404
            assert (await http.post("/api/photos", data=form, files=files(b"<html>"))).status_code == 422
            assert (await http.post("/api/photos", data=form)).status_code == 422
            rules["refusal"] = NotFound()
            assert (await http.post("/api/photos", data=form, files=files(picture()))).status_code == 404
            assert [p for p in (tmp_path / "media").rglob("*") if p.is_file()] == []

    run(story())
