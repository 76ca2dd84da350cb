"""The command: start sandbox and server, play the posts, show them, and compare the result."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.console import Console

from treadle.cli._groups import single
from treadle.demo import show, studio
from treadle.demo.connecting import DemoTrouble
from treadle.demo.play import WORKSPACE, Stage, play
from treadle_diagnosis.paths import absolute

app = single()

APP_ID, APP_SECRET = "1357924680123456", "demo-secret-of-the-sandbox"
EMAIL = "demo@example.com"
SETTLE_S, TIME_SCALE = 60.0, 0.1


@app.command()
def demo(
    exit_: Annotated[
        bool, typer.Option("--exit", help="Exit when all posts are done; code 0 only if they ended as expected.")
    ] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the server; 0 takes a free one.")] = 0,
    keep: Annotated[Path | None, typer.Option(metavar="DIR", help="Keep the data in this folder.")] = None,
) -> None:
    """Watch posts go to a sandbox on this machine: some fail, failures are explained, repaired ones are published."""
    console = Console(width=None if os.isatty(1) else 160)
    with contextlib.ExitStack() as stack:
        folder = absolute(keep or stack.enter_context(tempfile.TemporaryDirectory(prefix="treadle-demo-")))
        try:
            code = asyncio.run(_demo(console, folder, port, exit_))
        except DemoTrouble as trouble:
            console.print(f"The demo stopped: {trouble}", style="red", highlight=False)
            code = 1
        except KeyboardInterrupt:
            code = 130
    raise typer.Exit(code)


async def _demo(console: Console, folder: Path, port: int, exit_: bool) -> int:
    from treadle.demo.serving import free_socket, serving
    from treadle.people.login import add_user
    from treadle.settings import Settings
    from treadle_sandbox import running

    began = time.monotonic()
    listener = free_socket(port)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    console.print("Making pictures and videos ...", highlight=False)
    files = await asyncio.to_thread(studio.make, folder / "demo-media")
    host = studio.Host(files)
    await host.start()
    with running(
        app={"id": APP_ID, "secret": APP_SECRET},
        processing={"TEXT": 0.2, "IMAGE": 0.5, "VIDEO": 4.0, "CAROUSEL": 0.5},
        count="bytes",
    ) as sandbox:
        settings = Settings(
            data_dir=folder,
            database_url=os.environ.get("TREADLE_DATABASE_URL", ""),
            threads_api_url=sandbox.url,
            threads_authorize_url=f"{sandbox.url}/oauth/authorize",
            threads_app_id=APP_ID,
            threads_app_secret=SecretStr(APP_SECRET),
            allow_private_media_hosts=True,
            publish_settle=SETTLE_S,
            time_scale=TIME_SCALE,
            public_url=url,
        )
        with serving(settings, listener, WORKSPACE) as server:
            stage = Stage(server.app, sandbox, server.url, server.api_key, host.urls, console.print)
            console.print(f"Sandbox: {sandbox.url}   Treadle: {server.url}", highlight=False)
            played = time.monotonic()
            async with show.live_table(stage, console):
                await play(stage)
            show.summary(stage, console, time.monotonic() - played)
            console.print(f"Everything together took {time.monotonic() - began:.0f} s.", highlight=False)
            if not exit_:
                password = secrets.token_urlsafe(9)
                await add_user(server.app.db, WORKSPACE, EMAIL, password, actor="demo", now=server.app.now())
                console.print(f"\nSee the posts at {server.url}/posts and in the sandbox at {sandbox.url}/ .")
                console.print(f"Log in with {EMAIL} and the password {password}. Ctrl-C ends it.", highlight=False)
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.Event().wait()
    await host.stop()
    return 1 if stage.differences else 0
