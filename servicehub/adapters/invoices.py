"""Invoices as PDF, by ReportLab. What stands in them is `viewmodels.invoice`."""

from __future__ import annotations

import io
from dataclasses import astuple
from typing import Any

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from servicehub.adapters.statements import FONT, escaped
from servicehub.viewmodels.invoice import PrintedInvoice

_WIDTHS = (78 * mm, 28 * mm, 22 * mm, 26 * mm, 28 * mm)


def render(invoice: PrintedInvoice, brand: str) -> bytes:
    """The file."""
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    plain = ParagraphStyle("plain", fontName=FONT, fontSize=9, leading=13)
    title = ParagraphStyle("title", parent=plain, fontSize=18, leading=28, alignment=1)
    out = io.BytesIO()
    page = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=14 * mm, rightMargin=14 * mm, topMargin=16 * mm, bottomMargin=16 * mm,
        title=f"{invoice.heading} {invoice.no}", author=brand,
    )  # fmt: skip
    facts = [(Paragraph(escaped(name), plain), Paragraph(escaped(value), plain)) for name, value in invoice.facts]
    rows: list[tuple[Any, ...]] = [invoice.heads]
    rows += [(Paragraph(escaped(line.name), plain), *astuple(line)[1:]) for line in (*invoice.lines, invoice.totals)]
    story: list[Any] = [
        Paragraph(escaped(f"{brand}　{invoice.heading}"), title),
        Spacer(1, 4 * mm),
        Table(facts, colWidths=(44 * mm, 138 * mm), style=_lines()),
        Spacer(1, 6 * mm),
        Table(rows, colWidths=_WIDTHS, repeatRows=1, style=_lines(heads=1)),
        Spacer(1, 6 * mm),
        Paragraph(escaped(invoice.footnote), plain),
    ]
    page.build(story)
    return out.getvalue()


def _lines(heads: int = 0) -> TableStyle:
    style: list[tuple[Any, ...]] = [
        ("FONT", (0, 0), (-1, -1), FONT, 9),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.lightgrey),
    ]
    if heads:
        style += [("ALIGN", (1, 0), (-1, -1), "RIGHT"), ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke)]
    return TableStyle(style)
