"""``treadle serve`` and ``treadle worker``: the house at work until it is told to stop."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from treadle import private
from treadle.cli._house import fail

if TYPE_CHECKING:
    from treadle.app import App
    from treadle.settings import Settings

HTTP_SHARE = 0.4  # of the time to stop: answers under way end first, then the runs
KEEP_ALIVE_S = 5
READ_S = 60.0  # without reading what was answered
BACKLOG = 512  # connections that wait to be accepted
TIDY_S = 10.0  # beyond the time to stop, for what tidies up after it: leases, sessions, connections

server = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)
worker = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)


def run(name: str, args: list[str]) -> int | None:
    from treadle.cli._typer import run_app

    return run_app(server if name == "serve" else worker, name, args)


StopWithin = Annotated[float, typer.Option(min=1, help="Seconds to finish what runs when told to stop.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print where it runs as one line of JSON.")]


@server.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.  [default: TREADLE_HOST]")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.  [default: TREADLE_PORT]")
    ] = None,
    with_worker: Annotated[bool, typer.Option("--worker/--no-worker", help="Also run the posts here.")] = True,
    stop_within: StopWithin = 20.0,
    as_json: AsJson = False,
) -> None:
    """Run the server: API, pages, media and, unless told otherwise, a worker. Ctrl-C or SIGTERM stops it cleanly."""
    began = time.monotonic()
    settings = _settings()
    with _alone(settings):
        listening = _listen(host or settings.host, settings.port if port is None else port)
        shown = _address(host or settings.host, listening)
        if "public_url" not in settings.model_fields_set:
            # Nobody said where people reach it: it is where it listens.
            settings = settings.model_copy(update={"public_url": shown})
        app = _open(settings)
        try:
            _serve(app, listening, shown, with_worker, stop_within, as_json, began)
        finally:
            app.close()


@worker.command()
def work(stop_within: StopWithin = 20.0, as_json: AsJson = False) -> None:
    """Run one more worker beside a server on Postgres: it takes its share, and over what a dead one left."""
    settings = _settings()
    if not settings.database_url:
        fail(
            "A worker of its own needs Postgres: on SQLite the worker is inside 'treadle serve'.",
            "Set TREADLE_DATABASE_URL to a Postgres address for both.",
        )
    app = _open(settings)
    if app.db.is_sqlite:
        app.close()
        fail("A worker of its own needs Postgres: on SQLite the worker is inside 'treadle serve'.")
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    deadline = Deadline(stop_within + TIDY_S)
    with _working(app, stop_within):
        engine = app.engine
        said = {"worker": engine.lease.worker if engine else "", "database": app.db.url.render_as_string()}
        typer.echo(json.dumps(said) if as_json else f"Worker {said['worker']} is at work.  Ctrl-C stops it.")
        sys.stdout.flush()
        stop.wait()
        deadline.begin()
        _default_signals()
    app.close()


class Deadline:
    """Ends the process ``seconds`` after :meth:`begin`, whatever still holds it.

    A database that does not answer, or a log that nobody reads, can hold a thread for ever. Ending then loses nothing:
    every run is in the database, and whoever works there next goes on with it.
    """

    def __init__(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, os._exit, (0,))
        self._timer.daemon = True

    def begin(self) -> None:
        """Let the time run; once is enough, more does no harm."""
        if self._timer.ident is None:
            self._timer.start()


def _settings() -> Settings:
    from treadle.settings import Settings

    return Settings()


def _open(settings: Settings) -> App:
    from treadle.app import open_app
    from treadle.observe.logs import configure
    from treadle.private import KeyFileError
    from treadle.services import cage_line

    configure(settings)
    cage_line.note(settings)
    app = open_app(settings)
    try:
        app.check_keys()
    except KeyFileError:
        app.close()
        raise
    private.tighten_tree(settings.data_dir)
    return app


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """On SQLite one server at a time: two would each take the other's runs for a dead worker's.

    The database itself is locked, however its address is spelled, and the data directory that it is in by default.
    """
    import sqlalchemy as sa
    from filelock import FileLock, Timeout

    from treadle.store.database import sqlite_file

    database = sqlite_file(sa.make_url(settings.resolved_database_url))
    if database is None:
        yield
        return
    places = [Path(f"{database}.server.lock")]
    if not settings.database_url:
        places.append(settings.data_dir / "server.lock")
    with ExitStack() as held:
        try:
            for place in places:
                private.make_directory(place.parent)
                held.enter_context(FileLock(place, timeout=0, mode=private.FILE))
        except Timeout:
            fail(
                f"Another Treadle server is running on {database}.",
                "Stop it first, or give this one a data directory of its own (TREADLE_DATA_DIR).",
            )
        yield


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        fail(f"Cannot listen on {host}:{port}: {error.strerror}.", "Choose another with --port; 0 takes a free one.")
    made.listen(BACKLOG)
    return made


def _address(host: str, listening: socket.socket) -> str:
    name = {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1"}.get(host, host)
    return f"http://{f'[{name}]' if ':' in name else name}:{listening.getsockname()[1]}"


@contextmanager
def _working(app: App, stop_within: float) -> Iterator[None]:
    """A worker in this process, with its log and its traces."""
    from treadle.observe.tracing import exporter_from_environment
    from treadle.observe.watching import Watch

    engine = app.start_worker()
    watch = Watch(app.db, engine.lease.worker, exporter_from_environment())
    watch.start()
    try:
        yield
    finally:
        app.stop_worker(within_s=max(1.0, stop_within))
        watch.stop()


def _serve(
    app: App,
    listening: socket.socket,
    shown: str,
    with_worker: bool,
    stop_within: float,
    as_json: bool,
    began: float,
) -> None:
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
            _said(app, shown, with_worker, as_json, began, api)
            if not as_json and listening.getsockname()[0] in ("0.0.0.0", "::"):
                _warn_of_hosts(app.settings)

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
        forwarded_allow_ips=app.settings.trusted_proxies,
    )
    # The server raises the signal again when it has stopped: then the worker still needs its time.
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: asked.set())
    http = Server(config)
    if not with_worker:
        asyncio.run(http.serve(sockets=[listening]))
        return
    with _working(app, stop_within * (1 - HTTP_SHARE)):
        asyncio.run(http.serve(sockets=[listening]))
        _default_signals()


def _default_signals() -> None:
    """A second signal ends the process at once; nothing is lost by that."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _said(app: App, shown: str, with_worker: bool, as_json: bool, began: float, api: Any) -> None:
    from treadle.people.login import anybody

    public = app.settings.public_url
    first = f"{public}/setup?token={api.state.first_token}"
    with app.db.read() as conn:
        nobody = not anybody(conn)
    took = time.monotonic() - began
    if as_json:
        said = {"url": shown, "public_url": public, "worker": with_worker, "started_in_s": round(took, 3)}
        typer.echo(json.dumps({**said, **({"first_user": first} if nobody else {})}))
    else:
        typer.echo(
            f"Treadle is at {shown}" + (f", reached as {public}" if public != shown else "") + ".  Ctrl-C stops it."
        )
        typer.echo(f"Interface for programs: {public}/docs   Guide: {public}/guide")
        if nobody:
            typer.echo(f"Nobody has an account here yet: make the first one at {first}")
        _warn(app)
    sys.stdout.flush()


def _warn(app: App) -> None:
    """What Threads will not be able to do from here."""
    from treadle.media.reach import unreachable_reason

    reason = unreachable_reason(app.settings)
    if reason:
        typer.echo(f"Threads cannot fetch media from here: {reason}")


def _warn_of_hosts(settings: Settings) -> None:
    """What listens on every address answers only for the hosts it knows."""
    from treadle.hosts import authority_of, is_loopback

    public = authority_of(settings.public_url)
    if not settings.allowed_hosts and (public is None or is_loopback(public.host)):
        typer.echo(
            "It is open to other machines and answers none of them: set TREADLE_PUBLIC_URL to the address people use.",
            err=True,
        )
