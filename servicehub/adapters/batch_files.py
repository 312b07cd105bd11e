"""A settlement batch as a table to keep, by XlsxWriter. What stands in it is `viewmodels.settlement.BatchFile`."""

from __future__ import annotations

import io
from decimal import Decimal

import xlsxwriter

from servicehub.viewmodels.settlement import BatchFile


def render(batch: BatchFile, brand: str) -> bytes:
    """The file, one line for each earning and their sums below."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties({"title": batch.title, "author": brand})
    page = book.add_worksheet(batch.no)
    bold, yuan = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00"})
    total = book.add_format({"bold": True, "num_format": "#,##0.00", "top": 1})
    page.write_string(0, 0, f"{brand} · {batch.title}", bold)
    page.write_string(1, 0, batch.made)
    row = 3
    for one in batch.sums:
        page.write_string(row, 0, one.name)
        page.write_number(row, 2, Decimal(one.fen) / 100, yuan)
        row += 1
    row += 1
    for column, head in enumerate(batch.heads):
        page.write_string(row, column, head, bold)
    for line in batch.lines:
        row += 1
        page.write_string(row, 0, line.order_no)
        page.write_string(row, 1, f"{line.name} #{line.technician_id}")
        for column, fen in enumerate(line.fens, 2):
            page.write_number(row, column, Decimal(fen) / 100, yuan)
    for column, fens in enumerate(zip(*(line.fens for line in batch.lines), strict=True), 2):
        page.write_number(row + 1, column, Decimal(sum(fens)) / 100, total)
    page.set_column(0, 1, 24)
    page.set_column(2, len(batch.heads) - 1, 15)
    book.close()
    return out.getvalue()
