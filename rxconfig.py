"""How Reflex is set up here. Ours to decide: no plugin, own origins only, state in memory (or Redis), nothing phoned home."""

import os
from urllib.parse import urlsplit

import reflex as rx
from reflex_base.constants import StateManagerMode

from servicehub.settings import Settings

os.environ.setdefault("REFLEX_SOCKET_INTERVAL", "15")
os.environ.setdefault("REFLEX_SOCKET_TIMEOUT", "20")
os.environ.setdefault("REFLEX_TELEMETRY_ENABLED", "false")
os.environ.setdefault("REFLEX_CHECK_LATEST_VERSION", "false")
os.environ.setdefault("REFLEX_USE_GRANIAN", "true")


def _origins(settings: Settings) -> list[str]:
    """Where our pages are read from; outside production also the machine's other names for itself."""
    own = urlsplit(settings.base_url)
    found = {f"{own.scheme}://{own.netloc}"}
    if settings.env != "production":
        found |= {f"http://{name}:{settings.port}" for name in ("localhost", "127.0.0.1")}
    return sorted(found)


_settings = Settings()

config = rx.Config(
    app_name="servicehub",
    telemetry_enabled=False,
    show_built_with_reflex=False,
    cors_allowed_origins=_origins(_settings),
    frontend_compression_formats=["brotli", "gzip"],
    default_color_mode="light",
    plugins=[],
    disable_plugins=[rx.plugins.SitemapPlugin],
    state_manager_mode=StateManagerMode.REDIS if _settings.redis_url else StateManagerMode.MEMORY,
    redis_url=_settings.redis_url or None,
    trusted_proxy_hops=_settings.trusted_proxy_hops,
    frontend_port=_settings.port,
    backend_port=_settings.port,
)
