"""Which of several processes may run what must run once: the holder of one advisory lock, until it lets go or dies.

On SQLite there is one process, which always leads. On PostgreSQL the lock lives with a connection of its own, so that the death of
the process frees it.
"""

from __future__ import annotations

import contextlib
import zlib

import sqlalchemy as sa

from servicehub.db.engines import normalised


class Leadership:
    """A candidate for the post called `name`. Not for use by several threads."""

    def __init__(self, url: sa.URL | str, name: str) -> None:
        parsed = normalised(url if isinstance(url, str) else url.render_as_string(hide_password=False))
        self._key = zlib.crc32(name.encode())
        self._connection: sa.Connection | None = None
        self._engine: sa.Engine | None = None
        if parsed.get_backend_name() == "postgresql":
            options = {"keepalives_idle": 5, "keepalives_interval": 5, "keepalives_count": 3}
            self._engine = sa.create_engine(
                parsed, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT", connect_args=options
            )

    def held(self) -> bool:
        """Whether this process leads now; takes the post if it is free. False while the database does not answer."""
        if self._engine is None:
            return True
        try:
            if self._connection is not None:
                self._connection.execute(sa.text("SELECT 1"))
                return True
            connection = self._engine.connect()
            if connection.scalar(sa.text("SELECT pg_try_advisory_lock(:key)"), {"key": self._key}):
                self._connection = connection
                return True
            connection.close()
        except sa.exc.DBAPIError:
            self.release()
        return False

    def release(self) -> None:
        """Leave the post."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sa.exc.DBAPIError):
                connection.invalidate()
                connection.close()
