"""The security headers of every answer and the Content-Security-Policy of every page.

A page may run the scripts whose hashes were taken from its own file after the build, and nothing else: no eval, no inline
handler. Styles need `unsafe-inline` (emotion).
"""

from __future__ import annotations

import base64
import hashlib
import re
from urllib.parse import urlsplit

from servicehub.api.cookies import is_secure
from servicehub.settings import get_settings

_INLINE = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)


def script_hashes(html: str) -> list[str]:
    """CSP sources of a page's inline scripts."""
    digests = {hashlib.sha256(body.encode()).digest() for body in _INLINE.findall(html)}
    return sorted(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


def tile_origin() -> str:
    """Where map tiles come from, if not from here."""
    parts = urlsplit(get_settings().map_tiles.replace("{s}", "*"))
    return f" {parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else ""


def page_policy(hashes: list[str]) -> str:
    """The policy of one HTML file."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self' {' '.join(hashes)}".rstrip(),
            "style-src 'self' 'unsafe-inline'",
            f"img-src 'self' data: blob:{tile_origin()}",
            "font-src 'self' data:",
            "connect-src 'self'",
            "manifest-src 'self'",
            "worker-src 'self'",
            "media-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "object-src 'none'",
        ]
    )


FILE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
"""For everything that is not a page of ours, should a browser open it as one."""
SCRIPT_POLICY = "default-src 'self'; object-src 'none'; frame-ancestors 'none'"
"""For scripts: a service worker lives under the policy of its own file and fetches."""


def security_headers() -> list[tuple[bytes, bytes]]:
    """The same for every answer."""
    headers = {
        "x-content-type-options": "nosniff",
        "referrer-policy": "strict-origin",
        "permissions-policy": "geolocation=(self), camera=(self), microphone=(), payment=(), usb=()",
        "cross-origin-opener-policy": "same-origin",
        "x-frame-options": "DENY",
    }
    if is_secure():
        headers["strict-transport-security"] = "max-age=31536000; includeSubDomains"
    return [(k.encode(), v.encode()) for k, v in headers.items()]
