"""Tables, migrations, and how the database is reached. Each room keeps the queries of its own things."""

from treadle.store.database import AWAY, Database, open_database, why_away

__all__ = ["AWAY", "Database", "open_database", "why_away"]
