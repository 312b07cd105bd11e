"""What is published while pages are compiled, so that each service gets a static page with its words inside.

Read once for a process, from the configured database if there is one; ratings and sales are left out because they change by
themselves. Without a database no page is baked and the dynamic route serves every service.
"""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import Session

from servicehub.queries.customer import catalog
from servicehub.settings import get_settings
from servicehub.texts import LOCALES, Locale
from servicehub.viewmodels.customer.catalog import ServiceDetail

Baked = dict[Locale, ServiceDetail]


@lru_cache(maxsize=1)
def published() -> tuple[Baked, ...]:
    """Every published service in both languages, in the catalogue's order."""
    settings = get_settings()
    file = Path(sa.make_url(settings.sqlalchemy_url).database or "")
    if settings.is_sqlite and not file.is_file():
        return ()
    engine = sa.create_engine(settings.sqlalchemy_url, poolclass=sa.NullPool)
    try:
        with Session(engine) as session:
            words = {locale: catalog.baked(session, settings.city, locale=locale) for locale in LOCALES}
    except sa.exc.SQLAlchemyError:  # not migrated yet, or out of reach
        return ()
    finally:
        engine.dispose()
    return tuple({locale: _lasting(words[locale][i]) for locale in LOCALES} for i in range(len(words["zh"])))


def _lasting(detail: ServiceDetail) -> ServiceDetail:
    return replace(detail, rating="", review_count="", positive="", sold="")
