"""What the customers' screens show, already written in the viewer's language.

Owns shapes only: amounts and times are formatted by the queries that fill them. `price` and other `…_figures` carry no sign
(`128`), `…_text` amounts do (`¥128`). Every field has a default, so that an empty instance is what a page shows while it loads.
"""
