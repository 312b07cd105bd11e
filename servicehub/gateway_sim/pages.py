"""How the platforms' pages look."""

from __future__ import annotations

from html import escape

STYLE = """
body{margin:0;font:16px/1.5 system-ui,sans-serif;background:#f4f5f5;color:#17211f}
main{max-width:420px;margin:0 auto;padding:48px 16px}
.card{background:#fff;border-radius:16px;padding:28px 20px;text-align:center}
h1{font-size:18px;margin:0 0 4px}.sum{font-size:40px;margin:16px 0 4px;font-variant-numeric:tabular-nums}
.mut{color:#55635f;font-size:14px;margin:4px 0}
form{display:grid;gap:12px;margin-top:24px}
button,a.b{font:inherit;min-height:48px;border:0;border-radius:24px;background:#e6ebea;color:#17211f;cursor:pointer;
display:grid;place-items:center;text-decoration:none}
button.p{background:#0b7d6c;color:#fff}
button:focus-visible,a.b:focus-visible{outline:3px solid #0b7d6c;outline-offset:2px}
@media(prefers-color-scheme:dark){body{background:#0e1413;color:#e7eeec}.card{background:#18211f}.mut{color:#a9b8b4}
button,a.b{background:#2a3633;color:#e7eeec}button.p{background:#3ec2ac;color:#06201b}}
"""


def page(title: str, body: str) -> str:
    """A whole page around `body`, which is HTML."""
    return (
        f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"<style>{STYLE}</style></head>"
        f'<body><main><div class="card"><h1>{escape(title)}</h1>{body}</div></main></body></html>'
    )
