"""The server: one port for the imitated API, the authorization window, the control API and the pages.

The main path is kept short: no framework routing, no middleware, one table look-up, answers built as bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from treadle_diagnosis.paths import absolute
from treadle_sandbox import control, disk, magic, samples, window
from treadle_sandbox.access import find_token, refuse, token_text
from treadle_sandbox.answers import Reply
from treadle_sandbox.fault_answers import container_reply, fault_reply
from treadle_sandbox.faults import Fault
from treadle_sandbox.helper import Control, in_process
from treadle_sandbox.hosts import ANSWERED, SAMPLES_HOST, host_of, is_own
from treadle_sandbox.model import App
from treadle_sandbox.options import DEFAULTS
from treadle_sandbox.record import KEPT_BODY, Entry
from treadle_sandbox.routes import answer, find_route
from treadle_sandbox.webhooks import Webhooks
from treadle_sandbox.wire import Call, read_call, split_path
from treadle_sandbox.world import World

log = logging.getLogger("treadle_sandbox")

# Text of 10,000 characters travels in the query of real clients: three times over when escaped, and more.
_MAX_LINE = 262_144
_MAX_BODY = 4 * 1024 * 1024


class Sandbox:
    """One Threads. ``options`` are the fields of :class:`~treadle_sandbox.options.Options`.

    ``app`` is the Meta app it knows (fields of :class:`~treadle_sandbox.model.App`), ``accounts`` the user names that
    exist from the start, ``data_dir`` where the state is kept (in memory otherwise), ``scenario`` a named set of
    failures. ``tls``: the port speaks TLS beside plain HTTP and is a proxy for Meta's hosts (needs the extra
    ``[tls]``); ``ca_file`` is what clients have to trust.
    """

    def __init__(
        self,
        *,
        app: Mapping[str, Any] | None = None,
        accounts: Iterable[str | Mapping[str, Any]] = (),
        data_dir: str | Path | None = None,
        scenario: str | None = None,
        tls: bool = False,
        **options: Any,
    ) -> None:
        first_app = control.make_app(app) if app else None
        self.world = World(DEFAULTS.changed(options), app=first_app)
        self._accounts = [{"username": a} if isinstance(a, str) else dict(a) for a in accounts]
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: int | None = None
        self._runner: web.ServerRunner | None = None
        self.host, self.port = "127.0.0.1", 0
        self.webhooks = Webhooks(self.world)
        self.panel = control.Panel(self.world, self._accounts, scenario)
        self.control = Control(in_process(self.panel.handle, lambda: self._loop, lambda: self._thread))
        self._folder = absolute(data_dir) if data_dir is not None else None
        self._saver: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._tls = tls
        self._front: asyncio.Server | None = None
        self.ca_file: Path | None = None
        if self._folder is not None:
            self.world.fetcher.use_folder(self._folder / "media")
            if disk.load(self.world, self._folder):
                self._after_load(options, first_app)
        self.panel.begin()

    def _after_load(self, options: Mapping[str, Any], app: App | None) -> None:
        """What was asked for now wins over what was kept."""
        world = self.world
        world.options = world.options.changed(options)
        if app is not None:
            kept = world.tables.apps.pop(app.id, app)
            kept.secret, kept.redirect_uris = app.secret, app.redirect_uris or kept.redirect_uris
            world.tables.apps = {kept.id: kept, **world.tables.apps}

    @property
    def url(self) -> str:
        """Base address of the API, without a version: what ``TREADLE_THREADS_API_URL`` takes."""
        return self.world.base_url

    @property
    def authorize_url(self) -> str:
        """The authorization window: what ``TREADLE_THREADS_AUTHORIZE_URL`` takes."""
        return f"{self.world.base_url}/oauth/authorize"

    @property
    def proxy_url(self) -> str:
        """What ``HTTPS_PROXY`` takes, with ``tls``: whatever a client sends to Meta's hosts comes here."""
        return self.world.base_url

    @property
    def app(self) -> App:
        return self.world.app

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> Sandbox:
        """Listens on ``host`` and ``port`` (0: a free one). Raises ``OSError`` when the port is taken."""
        server = web.Server(
            self._serve,
            request_factory=_request,
            access_log=None,
            max_line_size=_MAX_LINE,
            max_field_size=_MAX_LINE,
            keepalive_timeout=75.0,
        )
        runner = web.ServerRunner(server, shutdown_timeout=1.0)
        await runner.setup()
        try:
            bound = await self._listen(runner, server, host, port)
        except BaseException:
            await runner.cleanup()
            raise
        self._runner = runner
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self.host, self.port = bound
        shown = "127.0.0.1" if host in ("", "0.0.0.0", "::") else host
        here = f"http://{f'[{shown}]' if ':' in shown else shown}:{self.port}"
        self.world.base_url = (self.world.options.public_url or here).rstrip("/")
        await self.webhooks.start()
        if self._folder is not None:
            self._stopping = asyncio.Event()
            self._saver = asyncio.create_task(self._save_changes(self._folder))
        return self

    async def _listen(self, runner: web.ServerRunner, server: web.Server, host: str, port: int) -> tuple[str, int]:
        """Opens the port; returns where it is."""
        if not self._tls:
            await web.TCPSite(runner, host, port, backlog=1024).start()
            address: tuple[str, int] = runner.addresses[0][:2]
            return address
        from urllib.parse import urlsplit

        from treadle_sandbox.front import Front
        from treadle_sandbox.tls import make_authority, write_certificate

        def public_host() -> str:
            return urlsplit(self.world.base_url).hostname or ""

        known_as = urlsplit(self.world.options.public_url or "").hostname or ""
        pem, context = make_authority((known_as, host if host not in ("", "0.0.0.0", "::") else ""))
        self._front = await asyncio.get_running_loop().create_server(
            lambda: Front(server, context, public_host), host or None, port, backlog=1024
        )
        self.ca_file = write_certificate(pem, self._folder or self.world.fetcher.folder)
        address = self._front.sockets[0].getsockname()[:2]
        return address

    async def stop(self) -> None:
        """Closes every connection and forgets what is in memory."""
        if self._front is not None:
            self._front.close()
            self._front = None
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        await self.webhooks.stop()
        if self._saver is not None:
            self._stopping.set()
            await self._saver  # a save under way is finished, then the last one is made
            self._saver = None
        await self.world.fetcher.close()
        self._loop = None

    async def __aenter__(self) -> Sandbox:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _save_changes(self, folder: Path) -> None:
        """Writes the state at most twice a second, when something changed."""
        stopping = False
        while not stopping:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), 0.5)
            stopping = self._stopping.is_set()
            if self.world.changed or stopping:
                self.world.changed = False
                await asyncio.to_thread(disk.save, folder, disk.dump(self.world))

    # One request -----------------------------------------------------------------------------------------------

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        raw = request.raw_path
        if request.method == "CONNECT":
            why = "This sandbox is a proxy only when it is started with --tls (in Python: tls=True).\n"
            return _response(Reply(501, why, {"Connection": "close"}, "text/plain; charset=utf-8"))
        if raw[:1] != "/" and request.method != "OPTIONS":
            refusal = self._beyond(raw)
            if refusal is not None:
                return _response(refusal)
            raw = "/" + raw.partition("://")[2].partition("/")[2]
        if host_of(request.host) == SAMPLES_HOST:
            return _response(samples.answer(raw))
        if raw.startswith("/_sandbox") or raw == "/":
            return await self._own(request, raw)
        try:
            response = await self._imitate(request)
            if self.world.options.cors == "on":
                _allow_other_origins(request, response)
            return response
        except (ConnectionError, asyncio.CancelledError, web.HTTPException):
            raise
        except Exception:
            log.exception("The sandbox failed to answer %s %s", request.method, raw.partition("?")[0])
            return _response(refuse(self.world, None, "unknown_error"))

    def _beyond(self, address: str) -> Reply | None:
        """The refusal of a plain request that was sent here as to a proxy, for a host this sandbox is not."""
        host = host_of(address.partition("://")[2].partition("/")[0])
        if host in ANSWERED or is_own(host, self.world.base_url.partition("://")[2]):
            return None
        why = f"This sandbox answers for {', '.join(ANSWERED)} and reaches nothing else; {host} is not among them.\n"
        return Reply(403, why, {}, "text/plain; charset=utf-8")

    async def _imitate(self, request: web.BaseRequest) -> web.StreamResponse:
        world = self.world
        asks_first = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        if asks_first and world.options.cors == "on":
            return web.Response(headers=_PREFLIGHT)
        began = time.perf_counter()
        call = await read_call(request)
        call.now = world.clock.now()
        if call.segments[:2] == ["oauth", "authorize"]:
            reply, fault = await self._window(call)
        else:
            reply, fault = await self._api(call)
        return await self._send(request, call, reply, fault, began)

    async def _api(self, call: Call) -> tuple[Reply | None, Fault | None]:
        world = self.world
        find_token(world, call)
        route = find_route(world, call)
        call.endpoint = route.endpoint
        fault: Fault | Reply | None = None
        if world.faults:
            fault = world.faults.pick(call.endpoint, call.account.id if call.account else None)
        if fault is None and world.options.magic:
            fault = magic.fault_of(world, call, token_text(world, call) if call.token is None else "")
        if isinstance(fault, Reply):
            return fault, None
        if fault is not None and fault.when == "before":
            early = await fault_reply(world, call, fault)
            if early is not None or fault.answer.get("drop"):
                return early, fault
        reply = answer(world, call, route)
        if not isinstance(reply, Reply):
            reply = await reply
        if fault is not None:
            replaced = await self._after(call, fault, reply)
            return replaced, fault
        return reply, None

    async def _after(self, call: Call, fault: Fault, reply: Reply) -> Reply | None:
        """What is left of a fault once the effect has happened."""
        if fault.when == "after":
            replaced = await fault_reply(self.world, call, fault)
            if fault.answer.get("drop"):
                return None
            reply = replaced or reply
        return container_reply(self.world, fault, reply)

    async def _window(self, call: Call) -> tuple[Reply | None, Fault | None]:
        call.endpoint = "authorize"
        fault = self.world.faults.pick("authorize", None) if self.world.faults else None
        if fault is not None:
            early = await fault_reply(self.world, call, fault)
            if early is not None or fault.answer.get("drop"):
                return early, fault
        return window.answer(self.world, call), fault

    async def _send(
        self, request: web.BaseRequest, call: Call, reply: Reply | None, fault: Fault | None, began: float
    ) -> web.StreamResponse:
        world = self.world
        body = b"" if reply is None else reply.encoded()
        truncated = fault is not None and bool(fault.answer.get("truncate"))
        headers: dict[str, str] = {}
        if reply is not None:
            headers = {**reply.headers, "Content-Type": reply.content_type}
            if call.account is not None:
                self._usage(call, headers)
        recorder = world.recorder
        recorder.add(
            Entry(
                recorder.next_number(), call.now, call.method, call.path, call.endpoint,
                call.account.id if call.account is not None else None, call.params, call.content_type,
                bool(call.authorization), call.user_agent, None if reply is None else reply.status, body,
                time.perf_counter() - began, fault.id if fault is not None else None, truncated,
                request.raw_path, tuple(request.headers.items()), call.raw[:KEPT_BODY], call.sources, headers,
            )
        )  # fmt: skip
        if reply is None:
            return _drop(request)
        if truncated:
            return await _half(request, reply.status, headers, body)
        return web.Response(status=reply.status, body=body, headers=headers)

    def _usage(self, call: Call, headers: dict[str, str]) -> None:
        """``X-App-Usage`` in percent of the day's calls; the others by switch."""
        shown = self.world.options.usage_headers
        if shown == "none":
            return
        limit = self.world.options.call_limit or 48_000
        percent = min(100, len(call.account.calls) * 100 // limit)
        usage = f'{{"call_count":{percent},"total_time":{percent // 2},"total_cputime":{percent // 2}}}'
        headers.setdefault("X-App-Usage", usage)
        if shown == "all" and percent >= 100:
            headers.setdefault("Retry-After", "3600")
        if shown == "all":
            headers.setdefault(
                "X-Business-Use-Case-Usage",
                f'{{"{call.account.id}":[{{"type":"threads","call_count":{percent},"total_cputime":{percent // 2},'
                f'"total_time":{percent // 2},"estimated_time_to_regain_access":{60 if percent >= 100 else 0}}}]}}',
            )

    async def _replay(self, number: int, *, page: bool) -> web.StreamResponse:
        """Makes a kept request once more, as it came; its answer is kept like any other."""
        entry = next((e for e in self.world.recorder.entries if e.n == number), None)
        if entry is None:
            return _response(Reply(404, {"error": f"Request {number} is not kept any more."}))
        path, segments, query = split_path(entry.target)
        call = Call(entry.method, path, segments, dict(entry.params))
        call.now, call.content_type, call.user_agent = self.world.clock.now(), entry.content_type, entry.user_agent
        call.authorization = next((value for name, value in entry.headers if name.lower() == "authorization"), "")
        call.query_token = dict(parse_qsl(query)).get("access_token", "")
        call.raw, call.sources = entry.body, dict(entry.sources)
        began = time.perf_counter()
        if segments[:2] == ["oauth", "authorize"]:
            reply, fault = await self._window(call)
        else:
            reply, fault = await self._api(call)
        recorder, body = self.world.recorder, b"" if reply is None else reply.encoded()
        recorder.add(
            Entry(
                recorder.next_number(), call.now, call.method, call.path, call.endpoint,
                call.account.id if call.account is not None else None, call.params, call.content_type,
                bool(call.authorization), call.user_agent, None if reply is None else reply.status, body,
                time.perf_counter() - began, fault.id if fault is not None else None, False, entry.target,
                entry.headers, call.raw, call.sources, {} if reply is None else dict(reply.headers),
            )
        )  # fmt: skip
        if page:
            return _response(Reply(303, b"", {"Location": "/_sandbox?tab=requests"}))
        return _response(Reply(200, recorder.entries[-1].as_json()))

    async def _own(self, request: web.BaseRequest, raw: str) -> web.StreamResponse:
        """The control API and the pages; ``raw`` is the path with its query."""
        body: Any = None
        origin = request.headers.get("Origin")
        if origin is not None and request.method not in ("GET", "HEAD") and not _same(origin, request.host):
            refusal = {"error": f"Pages of {origin} may not drive this sandbox; programs send no Origin header."}
            return _response(Reply(403, refusal))
        if request.body_exists:
            call = await read_call(request)
            body = control.body_of(call, await request.read())
        method = "GET" if request.method == "HEAD" else request.method
        again = control.replay_of(method, raw, body)
        if again is not None:
            return await self._replay(again, page="/ui/" in raw)
        try:
            status, answered = self.panel.handle(method, raw, body)
        except Exception as error:
            log.exception("The sandbox failed at %s %s", method, raw.partition("?")[0])
            status, answered = (
                500,
                {"error": f"The sandbox itself failed ({type(error).__name__}); its log says where."},
            )
        if isinstance(answered, Path):
            return web.FileResponse(answered)
        if isinstance(answered, Reply):
            return _response(answered)
        return _response(Reply(status, answered))


def _request(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
    return web.BaseRequest(
        message, payload, protocol, writer, task, asyncio.get_running_loop(), client_max_size=_MAX_BODY
    )


# As graph.facebook.com is said to answer pages of other origins; what graph.threads.net does is not known.
_PREFLIGHT = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": "600",
}


def _allow_other_origins(request: web.BaseRequest, response: web.StreamResponse) -> None:
    if "Origin" in request.headers and not response.prepared:
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = "X-App-Usage, X-Business-Use-Case-Usage, Retry-After"


def _same(origin: str, host: str) -> bool:
    return origin.partition("://")[2] == host


def _response(reply: Reply) -> web.Response:
    return web.Response(
        status=reply.status, body=reply.encoded(), headers={**reply.headers, "Content-Type": reply.content_type}
    )


def _drop(request: web.BaseRequest) -> web.StreamResponse:
    """Closes the connection without an answer: the client sees a reset or an unexpected end."""
    transport = request.transport
    if transport is not None:
        transport.abort()
    return web.Response()  # written to nobody


async def _half(request: web.BaseRequest, status: int, headers: Mapping[str, str], body: bytes) -> web.StreamResponse:
    """Sends the head and half of the body, then closes."""
    response = web.StreamResponse(status=status, headers=headers)
    response.content_length = len(body)
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    transport = request.transport
    if transport is not None:
        transport.close()
    return response
