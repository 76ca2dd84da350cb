"""``treadle serve`` and ``treadle worker``: the options of the server and the worker, and what these print."""

from __future__ import annotations

import gc
import json
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from treadle import private
from treadle.cli._groups import single
from treadle.cli._print import fail
from treadle.starting import nothing_collected

if TYPE_CHECKING:
    from treadle.app import App
    from treadle.settings import Settings

BACKLOG = 512  # connections that wait to be accepted
COLLECT_AT = (5000, 20, 100)  # for gc.set_threshold: new objects, then rounds of the next generations
SQLITE_ONLY = "A separate worker needs Postgres: with SQLite, the worker runs inside 'treadle serve'."

server = single()
worker = single()
StopWithin = Annotated[
    float, typer.Option(min=1, metavar="SECONDS", help="How long running posts may take to finish after a stop.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one line of JSON when it has started.")]


@server.command()
def serve(
    host: Annotated[str | None, typer.Option(help="IP address to listen on. By default TREADLE_HOST.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port; 0 takes a free one. By default TREADLE_PORT.")
    ] = None,
    with_worker: Annotated[
        bool, typer.Option("--worker/--no-worker", help="Also run a worker in this process.")
    ] = True,
    stop_within: StopWithin = 20.0,
    as_json: AsJson = False,
) -> None:
    """Run the server: API, pages, media and, by default, a worker. Ctrl-C or SIGTERM stops it cleanly."""
    gc.set_threshold(*COLLECT_AT)
    with nothing_collected():
        from treadle.launcher import run_server
        from treadle.listening import noted

        began = time.monotonic()
        settings = _settings()
        with _alone(settings):
            listening = _listen(host or settings.host, settings.port if port is None else port)
            shown = _address(host or settings.host, listening)
            if "public_url" not in settings.model_fields_set:
                # By default people reach it where it listens.
                settings = settings.model_copy(update={"public_url": shown})
            app = _open(settings)
            try:
                with noted(settings.data_dir, shown):
                    run_server(
                        app,
                        listening,
                        worker=with_worker,
                        stop_within=stop_within,
                        ready=lambda token: _print_started(app, listening, shown, with_worker, as_json, began, token),
                    )
            finally:
                app.close()


@worker.command()
def work(stop_within: StopWithin = 20.0, as_json: AsJson = False) -> None:
    """Run another worker next to a server on Postgres. It shares the work, and takes over from workers that died."""
    gc.set_threshold(*COLLECT_AT)
    with nothing_collected():
        from treadle.launcher import run_worker

        settings = _settings()
        if not settings.database_url:
            fail(SQLITE_ONLY, "Set TREADLE_DATABASE_URL to the same Postgres database for both.")
        app = _open(settings)
        try:
            if app.db.is_sqlite:
                fail(SQLITE_ONLY)

            def print_started(name: str) -> None:
                shown = {"worker": name, "database": app.db.url.render_as_string()}
                typer.echo(json.dumps(shown) if as_json else f"Worker {name} is running. Press Ctrl-C to stop it.")
                _started()

            run_worker(app, stop_within=stop_within, ready=print_started)
        finally:
            app.close()


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
    from filelock import FileLock, Timeout

    from treadle.store.database import database_file

    database = database_file(settings)
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
                "Stop it first, or give this one another data directory (TREADLE_DATA_DIR).",
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


def _print_started(
    app: App, listening: socket.socket, shown: str, with_worker: bool, as_json: bool, began: float, first_token: str
) -> None:
    from treadle.people.login import anybody

    public = app.settings.public_url
    first = f"{public}/setup?token={first_token}"
    with app.db.read() as conn:
        nobody = not anybody(conn)
    took = time.monotonic() - began
    if as_json:
        facts = {"url": shown, "public_url": public, "worker": with_worker, "started_in_s": round(took, 3)}
        typer.echo(json.dumps({**facts, **({"first_user": first} if nobody else {})}))
    else:
        typer.echo(
            f"Treadle is running at {shown}"
            + (f" (public URL {public})" if public != shown else "")
            + ". Press Ctrl-C to stop it."
        )
        typer.echo(f"API: {public}/docs   Error guide: {public}/guide")
        if nobody:
            typer.echo(f"There are no users yet. Create the first one at {first}")
        _warn(app)
        if listening.getsockname()[0] in ("0.0.0.0", "::"):
            _warn_of_hosts(app.settings)
    _started()


def _started() -> None:
    """Say so at once, then take what a start made out of garbage collection: half a million objects that stay."""
    sys.stdout.flush()
    gc.collect()
    gc.freeze()
    gc.enable()


def _warn(app: App) -> None:
    """What Threads cannot do from here."""
    from treadle.media.reach import unreachable_reason

    reason = unreachable_reason(app.settings)
    if reason:
        typer.echo(f"Threads cannot fetch media from here: {reason}")


def _warn_of_hosts(settings: Settings) -> None:
    """A server that listens on every address answers only for the hosts it knows."""
    from treadle.hosts import authority_of, is_loopback

    public = authority_of(settings.public_url)
    if not settings.allowed_hosts and (public is None or is_loopback(public.host)):
        typer.echo(
            "Other machines can connect, but get no answer: set TREADLE_PUBLIC_URL to the address people use.",
            err=True,
        )
