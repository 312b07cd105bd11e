"""Tax sheets as files: a technician's year as PDF or table, a quarter of everybody as table. See `adapters.statements`."""

from __future__ import annotations

import io
from decimal import Decimal

import xlsxwriter
from reportlab.lib.units import mm

from servicehub.adapters.statements import paper
from servicehub.viewmodels.taxes import TaxLine, TaxSheet

_WIDTHS = tuple(wide * mm for wide in (22, 28, 28, 28, 28, 28, 28))


def render(sheet: TaxSheet, kind: str, brand: str) -> bytes:
    """The file; `kind` is a key of `adapters.statements.TYPES`."""
    return _pdf(sheet, brand) if kind == "pdf" else _xlsx(sheet, brand)


def _cells(line: TaxLine) -> list[Decimal]:
    return [Decimal(fen) / 100 for fen in line.fens]


def _pdf(sheet: TaxSheet, brand: str) -> bytes:
    lines = [(line.label, *(f"{cell:.2f}" for cell in _cells(line))) for line in (*sheet.lines, sheet.total)]
    return paper(brand, sheet.title, f"{sheet.name}　{sheet.made}", list(sheet.sums), [sheet.heads, *lines], _WIDTHS, 1)


def _xlsx(sheet: TaxSheet, brand: str) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties({"title": sheet.title, "author": brand})
    page = book.add_worksheet(sheet.period)
    bold, yuan = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00"})
    total = book.add_format({"bold": True, "num_format": "#,##0.00", "top": 1})
    page.write_string(0, 0, " · ".join(part for part in (brand, sheet.title, sheet.name) if part), bold)
    page.write_string(1, 0, sheet.made)
    row = 3
    for one in sheet.sums:
        page.write_string(row, 0, one.name)
        page.write_number(row, 1, Decimal(one.fen) / 100, yuan)
        row += 1
    row += 1
    for column, head in enumerate(sheet.heads):
        page.write_string(row, column, head, bold)
    for line in (*sheet.lines, sheet.total):
        row += 1
        page.write_string(row, 0, line.label, bold if line is sheet.total else None)
        for column, cell in enumerate(_cells(line), 1):
            page.write_number(row, column, cell, total if line is sheet.total else yuan)
    page.set_column(0, 0, 24)
    page.set_column(1, len(sheet.heads) - 1, 15)
    book.close()
    return out.getvalue()
