"""Words: which language is spoken here, and the sentence for a message id in it.

The English sentence is the message id; Chinese comes from the gettext catalogues in `servicehub/locales`. Pages are
compiled once per language under `use_locale`, so `_` costs nothing at run time there; handlers and jobs speak with
`say(locale, …)` or under `use_locale` of the reader's language. Owns no wording of its own and knows no request,
state or user: who calls brings the locale.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from babel.messages.pofile import read_po

Locale = Literal["zh", "en"]
LOCALES: tuple[Locale, ...] = ("zh", "en")
DEFAULT_LOCALE: Locale = "zh"
LOCALE: ContextVar[Locale] = ContextVar("locale", default=DEFAULT_LOCALE)
HTML_LANG: dict[Locale, str] = {"zh": "zh-CN", "en": "en"}

CATALOGUES = Path(__file__).resolve().parent.parent / "locales" / "zh_CN" / "LC_MESSAGES"
_UNTRANSLATED_ROOTS = ("/api/", "/art/", "/assets/", "/vendor/")


@lru_cache(maxsize=1)
def _chinese() -> dict[str, str]:
    """All domains merged; the test suite refuses two domains that disagree."""
    merged: dict[str, str] = {}
    for path in sorted(CATALOGUES.glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file):
                if isinstance(message.id, str) and message.id and isinstance(message.string, str) and message.string:
                    merged[message.id] = message.string
    return merged


def N_(msgid: str) -> str:  # noqa: N802 - gettext's own name for a lazy marker
    """Mark a message id in a table; it is looked up later by `say` or `_`."""
    return msgid


def say(locale: Locale, msgid: str, **params: Any) -> str:
    """The sentence in `locale`; a message without a translation is said in English.

    Params fill `{name}` fields. A Reflex Var may be a param: the result then interpolates in the browser.
    """
    text = _chinese().get(msgid, msgid) if locale == "zh" else msgid
    return text.format(**params) if params else text


def _(msgid: str, **params: Any) -> str:
    """`say` in the locale of the running context."""
    return say(LOCALE.get(), msgid, **params)


def n_(one: str, many: str, n: int, **params: Any) -> str:
    """English has two forms; Chinese has the translation of `many`. `{n}` is filled with `n`."""
    locale = LOCALE.get()
    return say(locale, one if locale == "en" and n == 1 else many, n=n, **params)


def pick(locale: Locale, zh: str, en: str) -> str:
    """One of two data fields; the Chinese one where no English was entered."""
    return (en or zh) if locale == "en" else zh


def as_locale(value: object) -> Locale:
    """`value` if it is a language we speak, else the default; for anything a browser sent."""
    return "en" if value == "en" else DEFAULT_LOCALE


@contextmanager
def use_locale(locale: Locale) -> Iterator[None]:
    """Speak `locale` inside the block."""
    token = LOCALE.set(locale)
    try:
        yield
    finally:
        LOCALE.reset(token)


def path_locale(path: str) -> Locale:
    """The language that an address of ours is written in."""
    return "en" if path == "/en" or path.startswith("/en/") else "zh"


def localized_path(path: str, locale: Locale | None = None) -> str:
    """The same page in `locale` (default: the running one): zh at `/x`, en at `/en/x`. Foreign addresses stay."""
    wanted = locale or LOCALE.get()
    if not path.startswith("/") or path.startswith("//") or path.startswith(_UNTRANSLATED_ROOTS):
        return path
    bare = (path[3:] or "/") if path_locale(path) == "en" else path
    if not bare.startswith("/"):
        bare = "/" + bare
    return bare if wanted == "zh" else "/en" + bare
