"""Tables, migrations and queries. The only room that knows what the database looks like."""

from treadle.store.database import Database, open_database

__all__ = ["Database", "open_database"]
