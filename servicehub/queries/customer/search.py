"""Search by keyword, in Chinese or English, over services and technicians. Owns what counts as a match and its rank."""

from __future__ import annotations

from sqlmodel import Session

from servicehub.domain.access import Actor
from servicehub.models.catalog import Category, ServiceItem
from servicehub.queries.customer import catalog, technicians
from servicehub.queries.customer.places import city_of, resolve
from servicehub.texts import Locale
from servicehub.viewmodels.customer.catalog import Found, ServiceCard

LONGEST = 40
SORTS = ("best", "price", "rating", "sold")


def search(session: Session, actor: Actor, text: str, place: str, *, sort: str = "best", locale: Locale) -> Found:
    """What `text` finds; nothing for an empty one. `sort` is one of `SORTS` (others: best)."""
    wanted = " ".join(text.split())[:LONGEST]
    if not wanted:
        return Found()
    rows = catalog.published(session, city_of(session, actor))
    ranked = sorted(((rank(wanted, item, category), i) for i, (item, category) in enumerate(rows)), reverse=False)
    found = [catalog.card(locale, rows[i][0], rows[i][1].slug) for score, i in ranked if score < NO_MATCH]
    here = resolve(session, actor, place, locale=locale)
    people = technicians.search(session, actor, wanted, here, locale=locale)
    return Found(ordered(found, sort), people)


def ordered(cards: list[ServiceCard], sort: str) -> tuple[ServiceCard, ...]:
    """Cards by price, rating or popularity; as they come for any other `sort`."""
    match sort:
        case "price":
            return tuple(sorted(cards, key=lambda card: card.price_fen))
        case "rating":
            return tuple(sorted(cards, key=lambda card: -card.rating_x100))
        case "sold":
            return tuple(sorted(cards, key=lambda card: -card.sold_count))
        case _:
            return tuple(cards)


NO_MATCH = 9


def rank(text: str, item: ServiceItem, category: Category) -> int:
    """How well a service fits, 0 best: in the name, in the category's name, in the summary, letter by letter in the name."""
    wanted = text.casefold()
    name = f"{item.name_zh} {item.name_en}".casefold()
    of = f"{category.name_zh} {category.name_en}".casefold()
    about = f"{item.summary_zh} {item.summary_en}".casefold()
    for place, score in ((name, 0), (of, 1), (about, 2)):
        if wanted in place or all(word in place for word in wanted.split()):
            return score
    return 3 if not wanted.isascii() and _in_order(wanted, f"{item.name_zh}{category.name_zh}") else NO_MATCH


def _in_order(letters: str, text: str) -> bool:
    """Whether all letters occur in `text` in this order: 空调清洗 finds 空调挂机清洗."""
    rest = iter(text)
    return all(letter in rest for letter in letters if not letter.isspace())
