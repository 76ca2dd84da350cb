"""Tables, migrations, how the database is reached, and the queries: one module for each noun, the only SQL there is.

Everything else calls these functions with the :data:`Connection` that :class:`Database` gave it.
"""

from sqlalchemy import Connection, RowMapping
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.exc import SQLAlchemyError as DatabaseError

from treadle.store.database import AWAY, Database, open_database, why_away

__all__ = [
    "AWAY",
    "Connection",
    "DataError",
    "Database",
    "DatabaseError",
    "IntegrityError",
    "RowMapping",
    "open_database",
    "why_away",
]
