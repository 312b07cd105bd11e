"""Uploaded pictures: made harmless, then kept under random names outside the web root.

Owns decoding and the files. Whose picture it is and who may see it are rows (`services.photos`).
"""

from __future__ import annotations

import io
import os
import re
import secrets
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from servicehub.errors import Invalid, NotFound

FORMATS = ("JPEG", "PNG", "WEBP")
MOST_BYTES = 12 * 1024 * 1024
MOST_PIXELS = 40_000_000
LONGEST_SIDE = 2400
_KEY = re.compile(r"[0-9a-f]{32}")


def sanitised(raw: bytes) -> bytes:
    """The picture as a fresh JPEG: upright, at most 2400 px, without metadata or anything else that was in the file.

    Raises: Invalid for everything that is not one still picture of an allowed format.
    """
    if len(raw) > MOST_BYTES:
        raise Invalid("the file is too large")
    try:
        with Image.open(io.BytesIO(raw), formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise Invalid("the picture has too many pixels")
            if getattr(image, "n_frames", 1) > 1:
                raise Invalid("the picture moves")
            image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise Invalid("not a picture") from error
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    clean = Image.new("RGB", upright.size)
    clean.paste(upright)
    out = io.BytesIO()
    clean.save(out, "JPEG", quality=86, optimize=True)
    return out.getvalue()


class PictureStore:
    """Pictures by key in a folder of two levels."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, picture: bytes) -> str:
        """Keep a sanitised picture; returns its key."""
        key = secrets.token_hex(16)
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".part")
        partial.write_bytes(picture)
        os.replace(partial, path)
        return key

    def path(self, key: str) -> Path:
        """The file of a key.

        Raises: NotFound, also for what is no key.
        """
        if not _KEY.fullmatch(key) or not self._path(key).is_file():
            raise NotFound("no such picture")
        return self._path(key)

    def remove(self, key: str) -> None:
        """Forget a picture; harmless when it is gone."""
        if _KEY.fullmatch(key):
            self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.jpg"
