"""Running the whole of Treadle until it is told to stop: the server, a worker, or the tools of an assistant.

The command line starts these; only here do the faces meet the process that runs them.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from types import FrameType
from typing import Any

from treadle.app import App

HTTP_SHARE = 0.4  # of the time to stop: answers under way end first, then the runs
KEEP_ALIVE_S = 5
READ_S = 60.0  # without reading what was answered
BACKLOG = 512  # connections that wait to be accepted
TIDY_S = 10.0  # beyond the time to stop, for what tidies up after it: leases, sessions, connections


class Deadline:
    """Ends the process ``seconds`` after :meth:`begin`, whatever still holds it.

    A database that does not answer, or a log that nobody reads, can hold a thread for ever. Ending then loses nothing:
    every run is in the database, and whoever works there next goes on with it.
    """

    def __init__(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, os._exit, (0,))
        self._timer.daemon = True

    def begin(self) -> None:
        """Start the time; once is enough, more does no harm."""
        if self._timer.ident is None:
            self._timer.start()


def run_server(
    app: App, listening: socket.socket, *, worker: bool, stop_within: float, ready: Callable[[str], None]
) -> None:
    """API, pages and, with ``worker``, a worker, until SIGINT or SIGTERM; then at most ``stop_within`` seconds more.

    ``ready`` is called when the server answers, with the token that the first user needs.
    """
    import uvicorn

    from treadle.http.connection import ConnectionLimits, ceiling, limited, quiet_accept
    from treadle.site import build

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            asyncio.get_running_loop().set_exception_handler(quiet_accept)
            await super().startup(sockets)
            if asked.is_set():
                deadline.begin()
                self.should_exit = True
                return
            ready(api.state.first_token)

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            deadline.begin()
            super().handle_exit(sig, frame)

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            await api.state.hub.close()  # live streams would wait for ever
            await super().shutdown(sockets)

    asked = threading.Event()
    deadline = Deadline(stop_within + TIDY_S)
    api = build(app)
    settings = app.settings
    limits = ConnectionLimits(
        settings.request_head_timeout, settings.request_body_timeout, READ_S, ceiling(settings.max_connections)
    )
    config = uvicorn.Config(
        api,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        http=limited(limits),
        timeout_keep_alive=KEEP_ALIVE_S,
        backlog=max(4, min(BACKLOG, limits.most // 4)),  # also how many are accepted before one is served
        timeout_graceful_shutdown=max(1, int(stop_within * HTTP_SHARE)),
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
    )
    # The server raises the signal again when it has stopped: then the worker still needs its time.
    _on_signals(lambda *_: asked.set())
    with _working(app, stop_within * (1 - HTTP_SHARE)) if worker else nullcontext():
        asyncio.run(Server(config).serve(sockets=[listening]))
        if worker:
            _default_signals()


def run_worker(app: App, *, stop_within: float, ready: Callable[[str], None]) -> None:
    """A worker until SIGINT or SIGTERM; then at most ``stop_within`` seconds more. ``ready`` gets the worker's id."""
    stop = threading.Event()
    _on_signals(lambda *_: stop.set())
    deadline = Deadline(stop_within + TIDY_S)
    with _working(app, stop_within):
        ready(app.engine.lease.worker if app.engine else "")
        stop.wait()
        deadline.begin()
        _default_signals()


def assistant_tools(app: App, secret: str, *, confirm: bool) -> list[dict[str, Any]]:
    """What an assistant is offered, as the protocol describes it."""
    from treadle.mcp.assistants import create_server

    tools = asyncio.run(create_server(app, secret, confirm=confirm).list_tools())
    return [tool.model_dump(mode="json", exclude_none=True) for tool in tools]


def run_assistant(app: App, secret: str, *, confirm: bool) -> None:
    """The tools of an assistant on standard input and output, until these are closed."""
    from treadle.mcp.assistants import create_server

    create_server(app, secret, confirm=confirm).run("stdio")


@contextmanager
def _working(app: App, stop_within: float) -> Iterator[None]:
    """A worker in this process, with its log and its traces."""
    from treadle.observe.traces_wanted import traces_url
    from treadle.observe.watching import Watch

    exporter = None
    if traces_url():
        from treadle.observe.tracing import exporter_from_environment

        exporter = exporter_from_environment()
    engine = app.start_worker()
    watch = Watch(app.db, engine.lease.worker, exporter)
    watch.start()
    try:
        yield
    finally:
        app.stop_worker(within_s=max(1.0, stop_within))
        watch.stop()


def _on_signals(handler: Any) -> None:
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, handler)


def _default_signals() -> None:
    """A second signal ends the process at once; nothing is lost by that."""
    _on_signals(signal.SIG_DFL)
