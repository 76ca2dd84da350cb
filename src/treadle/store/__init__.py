"""Tables, migrations and queries. The only room that knows what the database looks like."""

from treadle.store.database import AWAY, Database, open_database, why_away

__all__ = ["AWAY", "Database", "open_database", "why_away"]
