"""Categories and services: the lists, one service's page, its reviews, and what the build bakes into static pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.access import Actor
from servicehub.domain.technician import TechnicianStatus
from servicehub.errors import NotFound
from servicehub.models.account import User
from servicehub.models.catalog import AddOn, Category, City, ServiceItem, joins
from servicehub.models.order import OrderPhoto, Review
from servicehub.models.technician import Technician, TechnicianSkill
from servicehub.queries.customer import words
from servicehub.queries.customer.places import city_of
from servicehub.texts import N_, Locale, formats, pick, say
from servicehub.viewmodels.customer.catalog import (
    AddOnChoice,
    CategoryCard,
    FurtherChoice,
    ReviewCard,
    ServiceCard,
    ServiceDetail,
    ServiceReviews,
    TagCount,
)

MOST_REVIEWS = 20
MOST_FURTHER_SHOWN = 4
POSITIVE_FROM = 4


def categories(session: Session, actor: Actor, *, locale: Locale) -> tuple[CategoryCard, ...]:
    """The city's categories in their order."""
    query = select(Category).where(Category.city_id == city_of(session, actor).id).order_by(col(Category.position))
    rows = session.exec(query).all()
    return tuple(CategoryCard(row.slug, pick(locale, row.name_zh, row.name_en), f"cat-{row.slug}") for row in rows)


def services(session: Session, actor: Actor, category: str = "", *, locale: Locale) -> tuple[ServiceCard, ...]:
    """Published services, all of them or those of one category, in the catalogue's order."""
    rows = published(session, city_of(session, actor), category)
    return tuple(card(locale, item, of.slug) for item, of in rows)


def popular(session: Session, actor: Actor, most: int, *, locale: Locale) -> tuple[ServiceCard, ...]:
    """What was booked most."""
    rows = published(session, city_of(session, actor))
    best = sorted(rows, key=lambda row: (-row[0].sold_count, row[0].position, row[0].id or 0))
    return tuple(card(locale, item, of.slug) for item, of in best[:most])


def service(session: Session, actor: Actor, slug: str, *, locale: Locale) -> ServiceDetail:
    """One published service. Raises: NotFound."""
    item, category = find(session, actor, slug)
    return detail(locale, item, category, _positive(session, [item.id or 0]).get(item.id or 0, ""))


def baked(session: Session, city_slug: str, *, locale: Locale) -> tuple[ServiceDetail, ...]:
    """Every published service of a city, for static pages."""
    city = session.exec(select(City).where(City.slug == city_slug)).first()
    if city is None:
        return ()
    rows = published(session, city)
    positive = _positive(session, [item.id or 0 for item, _category in rows])
    return tuple(detail(locale, item, category, positive.get(item.id or 0, "")) for item, category in rows)


def find(session: Session, actor: Actor, slug: str) -> tuple[ServiceItem, Category]:
    """The published service `slug` of the actor's city with its category. Raises: NotFound."""
    query = (
        select(ServiceItem, Category)
        .join(Category, col(Category.id) == col(ServiceItem.category_id))
        .where(ServiceItem.city_id == city_of(session, actor).id, ServiceItem.slug == slug, col(ServiceItem.published))
    )
    row = session.exec(query).first()
    if row is None:
        raise NotFound(f"service {slug[:48]}")
    return row


def add_ons(session: Session, item: ServiceItem) -> Sequence[AddOn]:
    """The add-ons of a service in the order in which they were entered."""
    return session.exec(select(AddOn).where(AddOn.service_item_id == item.id).order_by(col(AddOn.id))).all()


def add_on_choices(
    session: Session, item: ServiceItem, chosen: dict[str, int], *, locale: Locale
) -> tuple[AddOnChoice, ...]:
    """The add-ons with how many are chosen."""
    return tuple(
        AddOnChoice(
            slug=row.slug,
            title=pick(locale, row.name_zh, row.name_en),
            price=formats.yuan(row.price_fen),
            minutes=f"+{formats.duration(row.minutes, locale=locale)}" if row.minutes else "",
            most=row.max_quantity,
            count=min(chosen.get(row.slug, 0), row.max_quantity),
        )
        for row in add_ons(session, item)
    )


def further(session: Session, item: ServiceItem) -> list[ServiceItem]:
    """Services that one technician could do in the same visit: other kinds of work first, then what most of the people offer too.

    Last come those that are sold by the visit like `item`, in the same category: rather another choice than a further one.
    """
    mine = sa.select(col(TechnicianSkill.technician_id)).where(col(TechnicianSkill.skill) == item.skill)
    offered = (
        sa.select(col(TechnicianSkill.skill), sa.func.count())
        .join(Technician, col(Technician.id) == col(TechnicianSkill.technician_id))
        .where(col(TechnicianSkill.technician_id).in_(mine), col(Technician.status) == TechnicianStatus.ACTIVE)
        .where(col(Technician.city_id) == item.city_id)
        .group_by(col(TechnicianSkill.skill))
    )
    people: dict[str, int] = dict(list(session.execute(offered)))
    rows = session.exec(select(ServiceItem).where(ServiceItem.city_id == item.city_id, col(ServiceItem.published)))
    found = [other for other in rows if joins(item, other) and people.get(other.skill)]

    def order(other: ServiceItem) -> tuple[int, int, int, int, int]:
        instead = other.category_id == item.category_id and other.unit == item.unit == "visit"
        return instead, -people[other.skill], -other.sold_count, other.position, other.id or 0

    return sorted(found, key=order)


def further_choices(
    others: Sequence[ServiceItem], chosen: dict[str, int], *, locale: Locale
) -> tuple[FurtherChoice, ...]:
    """The first few of `others` and every chosen one, with how many are chosen."""
    shown = [other for n, other in enumerate(others) if n < MOST_FURTHER_SHOWN or other.slug in chosen]
    return tuple(_further(other, chosen.get(other.slug, 0), locale) for other in shown)


def _further(item: ServiceItem, count: int, locale: Locale) -> FurtherChoice:
    return FurtherChoice(
        slug=item.slug,
        title=pick(locale, item.name_zh, item.name_en),
        price=f"{formats.yuan(item.price_fen)}{words.suffix(locale, item)}",
        minutes=f"+{formats.duration(item.base_minutes, locale=locale)}",
        count=count,
        less=count - 1 if count > item.min_quantity else 0,
        more=count + 1 if count else item.min_quantity,
        most=item.max_quantity,
    )


def service_reviews(session: Session, actor: Actor, slug: str, *, locale: Locale, now: datetime) -> ServiceReviews:
    """The newest reviews of a service with how often each tag was given. Raises: NotFound."""
    item, _category = find(session, actor, slug)
    tz = city_of(session, actor).timezone
    rows = reviews_where(session, col(Review.service_item_id) == item.id, tz, locale=locale, now=now)
    tags: Counter[str] = Counter()
    for (given,) in session.execute(
        sa.select(col(Review.tags))
        .where(col(Review.service_item_id) == item.id)
        .order_by(col(Review.id).desc())
        .limit(500)
    ):
        tags.update(given)
    counted = [
        TagCount(say(locale, words.REVIEW_TAGS[key]), str(n))
        for key, n in tags.most_common(6)
        if key in words.REVIEW_TAGS
    ]
    return ServiceReviews(rows, tuple(counted))


def reviews_where(
    session: Session,
    which: sa.ColumnElement[bool],
    tz: str,
    *,
    locale: Locale,
    now: datetime,
    most: int = MOST_REVIEWS,
) -> tuple[ReviewCard, ...]:
    """The newest reviews for which `which` holds; authors masked."""
    query = (
        select(Review, col(User.display_name))
        .join(User, col(User.id) == col(Review.customer_id))
        .where(which)
        .order_by(col(Review.created_at).desc(), col(Review.id).desc())
        .limit(most)
    )
    rows = session.exec(query).all()
    photos: dict[int, list[str]] = {}
    found = select(OrderPhoto).where(col(OrderPhoto.order_id).in_([review.order_id for review, _name in rows]))
    for photo in session.exec(found.where(OrderPhoto.kind == "review")):
        photos.setdefault(photo.order_id, []).append(f"/api/photos/{photo.key}")
    return tuple(_review(locale, review, name, photos.get(review.order_id, []), now, tz) for review, name in rows)


def card(locale: Locale, item: ServiceItem, category: str, earliest: str = "") -> ServiceCard:
    """A service for lists; `category` is its slug."""
    return ServiceCard(
        slug=item.slug,
        title=pick(locale, item.name_zh, item.name_en),
        summary=pick(locale, item.summary_zh, item.summary_en),
        art=words.service_art(category, item.slug),
        category=category,
        price=formats.amount(item.price_fen),
        price_fen=item.price_fen * item.min_quantity,
        suffix=words.suffix(locale, item),
        rating=words.score(locale, item.rating_sum, item.rating_count),
        rating_x100=words.score_x100(item.rating_sum, item.rating_count),
        sold=words.sold(locale, item.sold_count),
        sold_count=item.sold_count,
        duration=words.visit(locale, item.base_minutes, item.crew_size),
        warranty=words.warranty(locale, item.warranty_days),
        earliest=earliest,
    )


def detail(locale: Locale, item: ServiceItem, category: Category, positive: str) -> ServiceDetail:
    """A service's page."""
    return ServiceDetail(
        slug=item.slug,
        title=pick(locale, item.name_zh, item.name_en),
        summary=pick(locale, item.summary_zh, item.summary_en),
        art=words.service_art(category.slug, item.slug),
        category=category.slug,
        price=formats.amount(item.price_fen),
        suffix=words.suffix(locale, item),
        unit=words.unit(locale, item),
        duration=words.visit(locale, item.base_minutes, item.crew_size),
        least=item.min_quantity,
        most=item.max_quantity,
        included=tuple(pick(locale, line.get("zh", ""), line.get("en", "")) for line in item.included),
        excluded=tuple(pick(locale, line.get("zh", ""), line.get("en", "")) for line in item.excluded),
        notes=pick(locale, item.notes_zh, item.notes_en),
        warranty=words.warranty(locale, item.warranty_days),
        plan=say(locale, words.PLANS[item.payment_plan.value]),
        rating=words.score(locale, item.rating_sum, item.rating_count),
        review_count=say(locale, N_("{n} reviews"), n=formats.big_count(item.rating_count, locale=locale)),
        positive=say(locale, N_("{share} positive"), share=positive) if positive else "",
        sold=words.sold(locale, item.sold_count),
    )


def published(session: Session, city: City, category: str = "") -> list[tuple[ServiceItem, Category]]:
    """The city's published services with their categories, in the catalogue's order."""
    query = (
        select(ServiceItem, Category)
        .join(Category, col(Category.id) == col(ServiceItem.category_id))
        .where(ServiceItem.city_id == city.id, col(ServiceItem.published))
        .order_by(col(Category.position), col(ServiceItem.position), col(ServiceItem.id))
    )
    return list(session.exec(query.where(Category.slug == category) if category else query).all())


def _positive(session: Session, item_ids: Sequence[int]) -> dict[int, str]:
    """Share of reviews with four stars or more, by service."""
    good = sa.func.sum(sa.case((col(Review.stars) >= POSITIVE_FROM, 1), else_=0))
    query = sa.select(col(Review.service_item_id), sa.func.count(), good).where(
        col(Review.service_item_id).in_(item_ids)
    )
    rows = session.execute(query.group_by(col(Review.service_item_id))).all()
    return {item: formats.percent(int(yes) * 10_000 // total) for item, total, yes in rows}


def _review(locale: Locale, review: Review, author: str, photos: Sequence[str], now: datetime, tz: str) -> ReviewCard:
    labels = [say(locale, words.REVIEW_TAGS[tag]) for tag in review.tags if tag in words.REVIEW_TAGS]
    return ReviewCard(
        id=review.id or 0,
        author=formats.mask_name(author or say(locale, N_("Customer"))),
        art=f"cu-{review.customer_id % 6 + 1}",
        stars=f"{review.stars}.0",
        when=formats.relative(review.created_at, now, tz, locale=locale),
        text=review.text,
        tags=" · ".join(labels),
        photos=tuple(photos),
    )
