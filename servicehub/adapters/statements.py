"""Statements as files: PDF by ReportLab, tables by XlsxWriter. What stands in them is `viewmodels.statement`."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import xlsxwriter
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from servicehub.viewmodels.statement import Statement, StatementRow, StatementSum

FONT = "STSong-Light"
"""Every reader of PDF brings it; nothing is embedded."""
TYPES = {"pdf": "application/pdf", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
_WIDTHS = tuple(wide * mm for wide in (25, 31, 27, 17, 22, 30, 20, 18))


def render(statement: Statement, kind: str, brand: str) -> bytes:
    """The file of a statement; `kind` is a key of `TYPES`."""
    return _pdf(statement, brand) if kind == "pdf" else _xlsx(statement, brand)


def cells(row: StatementRow) -> tuple[str, str, str, Decimal, Decimal, Decimal, Decimal, Decimal]:
    """A row as both files write it; amounts in yuan."""
    amounts = (row.labour_fen, row.passed_fen, row.commission_fen, row.tax_fen, row.amount_fen)
    labour, passed, commission, tax, amount = (_yuan(fen) for fen in amounts)
    return row.at, row.title, row.order_no, labour, passed, commission, tax, amount


def _balances(statement: Statement) -> list[StatementSum]:
    return [statement.opening, *statement.sums, statement.closing, *statement.parts, *statement.withheld]


def _yuan(fen: int) -> Decimal:
    return Decimal(fen) / 100


def _pdf(statement: Statement, brand: str) -> bytes:
    lines = [
        tuple(f"{cell:.2f}" if isinstance(cell, Decimal) else cell for cell in cells(row)) for row in statement.rows
    ]
    about = f"{statement.name}　{statement.made}"
    table = [statement.heads, *lines] if lines else []
    return paper(brand, statement.title, about, _balances(statement), table, _WIDTHS, 3)


def paper(
    brand: str,
    title: str,
    about: str,
    sums: list[StatementSum],
    rows: list[tuple[str, ...]],
    widths: tuple[float, ...],
    texts: int,
) -> bytes:
    """A PDF of sums and a table; the first of `rows` are its heads, its first `texts` columns are no amounts."""
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    plain = ParagraphStyle("plain", fontName=FONT, fontSize=9, leading=13)
    large = ParagraphStyle("title", parent=plain, fontSize=16, leading=24)
    out = io.BytesIO()
    page = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=10 * mm, rightMargin=10 * mm, topMargin=14 * mm, bottomMargin=14 * mm,
        title=title, author=brand,
    )  # fmt: skip
    story: list[Any] = [
        Paragraph(f"{escaped(brand)}　{escaped(title)}", large),
        Paragraph(escaped(about), plain),
        Spacer(1, 4 * mm),
        _table([(one.name, one.amount) for one in sums], (60 * mm, 40 * mm), heads=0, texts=1),
        Spacer(1, 6 * mm),
    ]
    if rows:
        story.append(_table(rows, widths, heads=1, texts=texts))
    page.build(story)
    return out.getvalue()


def _table(rows: list[tuple[str, ...]], widths: tuple[float, ...], *, heads: int, texts: int) -> Table:
    shown = Table(rows, colWidths=widths, repeatRows=heads)
    shown.setStyle(
        TableStyle(
            [
                ("FONT", (0, 0), (-1, -1), FONT, 8.5),
                ("ALIGN", (texts, 0), (-1, -1), "RIGHT"),
                ("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.lightgrey),
                ("BACKGROUND", (0, 0), (-1, heads - 1), colors.whitesmoke)
                if heads
                else ("TOPPADDING", (0, 0), (-1, -1), 2),
            ]
        )
    )
    return shown


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _xlsx(statement: Statement, brand: str) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties({"title": statement.title, "author": brand})
    sheet = book.add_worksheet(statement.month)
    bold, yuan = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00"})
    total = book.add_format({"bold": True, "num_format": "#,##0.00", "top": 1})
    sheet.write_string(0, 0, f"{brand} · {statement.title} · {statement.name}", bold)
    sheet.write_string(1, 0, statement.made)
    line = 3
    for one in _balances(statement):
        sheet.write_string(line, 0, one.name)
        sheet.write_number(line, 1, _yuan(one.fen), yuan)
        line += 1
    line += 1
    for column, head in enumerate(statement.heads):
        sheet.write_string(line, column, head, bold)
    for row in statement.rows:
        line += 1
        for column, cell in enumerate(cells(row)):
            if isinstance(cell, str):
                sheet.write_string(line, column, cell)
            else:
                sheet.write_number(line, column, cell, yuan)
    sheet.write_number(line + 1, len(statement.heads) - 1, _yuan(sum(row.amount_fen for row in statement.rows)), total)
    sheet.set_column(0, 2, 20)
    sheet.set_column(3, 7, 13)
    book.close()
    return out.getvalue()
