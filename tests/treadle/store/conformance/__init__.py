"""The contract of ``treadle.store``: every function of its modules, by the same tests on SQLite and PostgreSQL."""
