"""Where things are: the three faces' address spaces, their log-in pages and the addresses that a browser may be sent to.

Owns paths only; titles and views belong to `pages`, languages to `texts` (the English twin of `/x` is `/en/x`).
"""

from __future__ import annotations

from enum import StrEnum
from urllib.parse import quote, urlsplit

from servicehub.domain.access import Role


class Face(StrEnum):
    """One of the three sides of the product; the value names its shell."""

    CUSTOMER = "customer"
    TECHNICIAN = "technician"
    OPERATOR = "operator"


HOMES: dict[Face, str] = {Face.CUSTOMER: "/", Face.TECHNICIAN: "/technician/", Face.OPERATOR: "/operator/"}
LOGINS: dict[Face, str] = {
    Face.CUSTOMER: "/login/",
    Face.TECHNICIAN: "/login/?role=technician",
    Face.OPERATOR: "/operator/login/",
}
FACES: dict[Role, Face] = {
    Role.CUSTOMER: Face.CUSTOMER,
    Role.TECHNICIAN: Face.TECHNICIAN,
    Role.OPERATOR: Face.OPERATOR,
}
LONGEST_PATH = 500
"""Characters of an address that a browser may be sent to."""


def bare(path: str) -> str:
    """`path` without its language prefix."""
    return path[3:] or "/" if path == "/en" or path.startswith("/en/") else path


def face_of(path: str) -> Face:
    """Which face an address belongs to."""
    parts = bare(path).split("/", 2)
    first = parts[1] if len(parts) > 1 else ""
    return next((face for face, home in HOMES.items() if first and home == f"/{first}/"), Face.CUSTOMER)


def same_site(path: str, fallback: str = "/") -> str:
    """`path` if it is an address of this site and nothing else could be read into it, else `fallback`.

    For every redirect whose target a browser supplied.
    """
    if not path.startswith("/") or path.startswith("//") or len(path) > LONGEST_PATH:
        return fallback
    if any(c == "\\" or ord(c) < 33 or ord(c) == 127 for c in path):
        return fallback
    parts = urlsplit(path)
    return fallback if parts.scheme or parts.netloc else path


def login_path(face: Face, next_path: str = "", prefix: str = "") -> str:
    """The log-in page of `face` that returns to `next_path`; `prefix` is "" or "/en"."""
    page = prefix + LOGINS[face]
    safe = same_site(next_path, "")
    if not safe:
        return page
    return f"{page}{'&' if '?' in page else '?'}next={quote(safe, safe='/')}"
