"""Pictures for the live city's proof of work: small drawn rooms, before and after."""

from __future__ import annotations

import io
from random import Random

from PIL import Image, ImageDraw, ImageFilter

SIZE = (960, 720)


def photo(order_id: int, kind: str) -> bytes:
    """A JPEG of the same room, with stains (`before`) or shining (`after`)."""
    random = Random(order_id)
    hue = random.choice(((214, 226, 220), (226, 220, 210), (212, 222, 232)))
    image = Image.new("RGB", SIZE, hue)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 470, *SIZE), fill=(188, 170, 148))
    for x in range(0, SIZE[0], 120):
        draw.line((x, 470, x - 80, SIZE[1]), fill=(170, 152, 130), width=3)
    draw.rectangle((110, 120, 370, 330), fill=(236, 246, 250), outline=(150, 160, 160), width=8)
    draw.line((240, 120, 240, 330), fill=(150, 160, 160), width=6)
    draw.rounded_rectangle((430, 330, 860, 540), 30, fill=(118, 150, 138))
    draw.rounded_rectangle((460, 280, 830, 400), 30, fill=(138, 170, 158))
    if kind == "before":
        for _ in range(60):
            x, y, r = random.randrange(SIZE[0]), random.randrange(200, SIZE[1]), random.randrange(6, 34)
            draw.ellipse((x - r, y - r // 2, x + r, y + r // 2), fill=(128, 112, 92))
        image = image.filter(ImageFilter.GaussianBlur(2)).point(lambda v: int(v * 0.86))
    else:
        for _ in range(14):
            x, y = random.randrange(60, SIZE[0] - 60), random.randrange(80, SIZE[1] - 60)
            draw.line((x - 14, y, x + 14, y), fill=(255, 255, 255), width=4)
            draw.line((x, y - 14, x, y + 14), fill=(255, 255, 255), width=4)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=78)
    return out.getvalue()
