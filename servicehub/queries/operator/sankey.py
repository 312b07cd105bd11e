"""The drawing of `domain.moneyflow`: where its bars and ribbons are, and what they are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from servicehub.domain.moneyflow import BEFORE, IN, OUT, STILL, Flows, Node
from servicehub.texts import N_, Locale, formats, money, say
from servicehub.viewmodels.sankey import HEIGHT, WIDTH, Bar, Ribbon, Sankey

BAR, GAP, LEAST = 12, 30, 2
"""A bar's width, the space between two of a column, the least height of what is there at all."""
MARGIN, TEXT = 18, 10
"""Above the first bar and below the last one; from a bar to its label."""
COLUMNS = 6
ACCOUNT, GROUP = "/operator/ledger/account/?code=", "/operator/ledger/group/?name="
GIVEN_BACK = ("commission", "fee_income", "penalty_income")
"""Income, which usually takes."""
TAKEN_BACK = ("subsidy", "comp", "gw_fee", "chargeback", "tech_debt")
"""Costs and debts, which usually give."""


@dataclass(frozen=True, slots=True)
class _Scale:
    """`fen` of money are `room` high."""

    room: int
    fen: int

    def height(self, fen: int, least: int) -> int:
        return max(least, fen * self.room // self.fen)


def drawn(picture: Flows, locale: Locale) -> Sankey:
    """The diagram; empty when nothing moved."""
    columns: dict[int, list[Node]] = {}
    for node in picture.nodes:
        columns.setdefault(node.column, []).append(node)
    if not columns:
        return Sankey()
    room = min(HEIGHT - 2 * MARGIN - GAP * (len(nodes) - 1) for nodes in columns.values())
    scale = _Scale(room, max(sum(picture.through(node) for node in nodes) for nodes in columns.values()))
    bars: dict[Node, Bar] = {}
    for column, nodes in columns.items():
        y = MARGIN
        for node in sorted(nodes, key=lambda n: (-picture.through(n), n)):
            bars[node] = _bar(node, column, y, picture.through(node), scale, locale)
            y += bars[node].height + GAP
    return Sankey(tuple(bars[node] for node in picture.nodes), _ribbons(picture, bars, scale))


def _bar(node: Node, column: int, y: int, fen: int, scale: _Scale, locale: Locale) -> Bar:
    x = column * (WIDTH - BAR) // (COLUMNS - 1)
    height = scale.height(fen, LEAST)
    is_last = column == COLUMNS - 1
    return Bar(
        key=f"{node.column}:{node.group}:{node.side}",
        label=name_of(node, locale),
        amount=formats.yuan(fen, always_decimals=True),
        tone={IN: "in", BEFORE: "held", STILL: "held", OUT: "out"}.get(node.side, "held"),
        link=f"{ACCOUNT}{node.group}" if ":" in node.group else f"{GROUP}{node.group}",
        x=x,
        y=y,
        height=height,
        label_x=x - TEXT if is_last else x + BAR + TEXT,
        label_y=y + height // 2,
        anchor="end" if is_last else "start",
    )


def name_of(node: Node, locale: Locale) -> str:
    """What a node is called."""
    group, _sep, channel = node.group.partition(":")
    if group == "cash":
        text = N_("{channel}: paid in") if node.side == IN else N_("{channel}: paid out")
        return say(locale, text, channel=money.of(locale, money.METHODS, channel))
    name = money.account_name(locale, group)
    match node.side:
        case "before":
            return say(locale, N_("{name}: from before"), name=name)
        case "still":
            return say(locale, N_("{name}: still there"), name=name)
        case "in" if group in GIVEN_BACK:
            return say(locale, N_("{name}: given back"), name=name)
        case "out" if group in TAKEN_BACK:
            return say(locale, N_("{name}: taken back"), name=name)
    return name


def _ribbons(picture: Flows, bars: Mapping[Node, Bar], scale: _Scale) -> tuple[Ribbon, ...]:
    taken: Counter[tuple[Node, str]] = Counter()
    found = []
    for (start, end), fen in sorted(picture.links.items(), key=lambda at: (bars[at[0][0]].y, bars[at[0][1]].y)):
        width = scale.height(fen, 1)
        here, there = bars[start], bars[end]
        x0, x1 = here.x + BAR, there.x
        y0, y1 = here.y + taken[start, OUT] + width // 2, there.y + taken[end, IN] + width // 2
        taken[start, OUT] += width
        taken[end, IN] += width
        middle = (x0 + x1) // 2
        found.append(
            Ribbon(
                key=f"{here.key}>{there.key}",
                path=f"M{x0} {y0}C{middle} {y0} {middle} {y1} {x1} {y1}",
                width=width,
                tone=here.tone if here.tone == "in" else there.tone,
                start=here.label,
                end=there.label,
                start_link=here.link,
                end_link=there.link,
                amount=formats.yuan(fen, always_decimals=True),
            )
        )
    return tuple(found)
