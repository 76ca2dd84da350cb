"""A browser, a server, and axe-core, for the tests that drive real pages."""

from __future__ import annotations

import importlib.resources
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI

from tests.support.migrated import migrated_sqlite
from tests.treadle.web.sample_data import SESSION
from treadle.app import App, open_app
from treadle.settings import Settings
from treadle.site import build
from treadle.web.page_request import SESSION_COOKIE

PATIENCE_S = 180.0  # a busy machine may take long; nothing is judged by it
# The shell is the same browser without its windows: it takes a third of the processor time.
CHROMIUM = (
    "/usr/bin/chromium-headless-shell",
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
)


def required() -> bool:
    """Whether what is missing is a failure: in CI."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false", "no")


def give_up(why: str) -> Any:
    if required():
        pytest.fail(why)
    pytest.skip(why)


def chromium() -> str:
    """The system's browser; skips (in CI fails) without one."""
    for path in CHROMIUM:
        if Path(path).exists():
            return path
    return str(give_up("there is no Chromium on this machine (apt install chromium)"))


def free_socket() -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    return listener


@dataclass(slots=True)
class Served:
    app: App
    url: str
    site: FastAPI


@contextmanager
def serving(settings: Settings, listener: socket.socket, *, worker: bool) -> Iterator[Served]:
    """The real server (API, pages, guide, kept files) in a thread, until the block ends."""
    migrated_sqlite(settings.resolved_database_url)
    app = open_app(settings)
    if worker:
        app.start_worker()
    site = build(app)
    server = uvicorn.Server(uvicorn.Config(site, log_level="warning", access_log=False, timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="pages", daemon=True)
    thread.start()
    try:
        end = time.monotonic() + PATIENCE_S
        while not server.started and thread.is_alive() and time.monotonic() < end:
            time.sleep(0.02)
        assert server.started, "the server did not start"
        yield Served(app, settings.public_url, site)
    finally:
        server.should_exit = True
        thread.join(timeout=15)
        app.close()


@contextmanager
def browser_page(browser: Any, served: Served, *, logged_in: bool = True, **options: Any) -> Iterator[Any]:
    """A page in a browser of its own; script errors, and what the content policy refuses, fail the test at the end.

    ``options``: Playwright's of a context.
    """
    context = browser.new_context(base_url=served.url, **options)
    if logged_in:
        context.add_cookies([{"name": SESSION_COOKIE, "value": SESSION, "url": served.url}])
    page = context.new_page()
    page.set_default_timeout(PATIENCE_S * 1000)
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: troubles.append(said.text) if "Content Security Policy" in said.text else None)
    try:
        yield page
    finally:
        context.close()
    assert not troubles, troubles[:3]


def axe_script() -> Path:
    """axe-core, as the lock file's package of it brings it."""
    return Path(str(importlib.resources.files("axe_playwright_python") / "axe.min.js"))


def serious_faults(page: Any, axe: Path) -> list[str]:
    """What axe-core calls serious or critical on the page as it is, one line each.

    Run in an isolated world, so that the page's own content policy stays in force for the page.
    """
    session = page.context.new_cdp_session(page)
    frame = session.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
    world = session.send("Page.createIsolatedWorld", {"frameId": frame, "worldName": "axe"})["executionContextId"]
    session.send("Runtime.evaluate", {"expression": axe.read_text(encoding="utf-8"), "contextId": world})
    answer = session.send(
        "Runtime.evaluate",
        {
            "expression": "axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.map(v => "
            "({impact: v.impact, id: v.id, help: v.help, nodes: v.nodes.map(n => n.html.slice(0, 200))})))",
            "contextId": world,
            "awaitPromise": True,
            "returnByValue": True,
        },
    )
    session.detach()
    assert "exceptionDetails" not in answer, answer["exceptionDetails"]
    found = answer["result"]["value"]
    return [
        f"{v['impact']} {v['id']}: {v['help']}: {v['nodes'][:3]}"
        for v in found
        if v["impact"] in ("serious", "critical")
    ]
