"""Every connection that Treadle opens itself: one guard that judges addresses, and the clients built on it.

``guard`` decides which addresses may be reached and makes the sockets; ``session`` is aiohttp on these sockets,
``plain`` is http.client on them, for code without an event loop. Nothing else in Treadle opens a connection, except the
drivers of the database and of object storage, which know only addresses from the operator's settings.
"""
