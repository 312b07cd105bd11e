"""The customer's pages. One module a page, each with a `PAGE`; listed here."""

from __future__ import annotations

from servicehub.pages.page import Page

PAGES: tuple[Page, ...] = ()
