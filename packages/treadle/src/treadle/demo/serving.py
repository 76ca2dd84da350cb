"""The demo's server: the real one, in a thread of this process, on an address of its own."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn

from treadle.app import App, open_app
from treadle.demo.connecting import DemoTrouble
from treadle.settings import Settings

READY_S = 20.0


@dataclass(slots=True)
class Server:
    app: App
    url: str
    api_key: str


def free_socket(port: int) -> socket.socket:
    """A listening socket on this machine; ``port`` 0 takes any free one."""
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind(("127.0.0.1", port))
    except OSError as error:
        found.close()
        raise DemoTrouble(f"port {port} is taken ({error.strerror}); leave --port out to get a free one") from error
    found.listen(128)
    return found


@contextmanager
def serving(settings: Settings, listener: socket.socket, workspace_id: str) -> Iterator[Server]:
    """API, pages and a worker until the block ends."""
    from treadle.people.keys import create_key
    from treadle.site import build

    app = open_app(settings)
    app.start_worker()
    config = uvicorn.Config(build(app), log_level="warning", access_log=False, lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="treadle-demo-api", daemon=True)
    thread.start()
    try:
        end = time.monotonic() + READY_S
        while not server.started and thread.is_alive() and time.monotonic() < end:
            time.sleep(0.02)
        if not server.started:
            raise DemoTrouble("the server did not start")
        with app.db.begin() as conn:
            _, secret = create_key(conn, workspace_id, "demo", ["read", "write", "admin"], app.now())
        yield Server(app, settings.public_url, secret)
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        app.close()
