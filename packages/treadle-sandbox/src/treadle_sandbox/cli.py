"""The command ``threads-sandbox``: the sandbox on one port until it is stopped; also run by ``treadle sandbox``."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from treadle_diagnosis.cli.arguments import Parser
from treadle_diagnosis.cli.pipe import drop_the_rest, outlive_the_reader

if TYPE_CHECKING:
    from treadle_sandbox.server import Sandbox

STOPPED = 130  # what a shell gives a program that Ctrl-C ended
APP_ID, APP_SECRET = "TREADLE_THREADS_APP_ID", "TREADLE_THREADS_APP_SECRET"


def main(argv: list[str] | None = None) -> None:
    """Run the command; never returns, exits with its code: 0 done, 1 failed, 2 wrong usage."""
    outlive_the_reader()
    try:
        code = run("threads-sandbox", sys.argv[1:] if argv is None else argv, "")
    except KeyboardInterrupt:
        code = STOPPED
        drop_the_rest()
    raise SystemExit(code)


def parser(prog: str) -> Parser:
    p = Parser(
        prog,
        description="Run a local Threads API, with failures on demand. Nothing in it reaches the real one.",
        epilog="Exit codes: 0 stopped, 1 refused or failed, 2 wrong usage.",
    )
    add = p.add_argument
    add("--host", default="127.0.0.1", metavar="ADDRESS", help="Address to listen on. By default %(default)s.")
    add("--port", type=_port, default=8710, metavar="N", help="Port; 0 takes a free one. By default %(default)s.")
    add(
        "--account", action="append", type=_account, metavar="NAME[:ID[:TOKEN]]",
        help="Username that exists from the start, with its id and access token if they matter; repeatable.",
    )  # fmt: skip
    add("--scenario", metavar="NAME", help="Start with a named set of failures, or with those of a .json file.")
    add(
        "--processing", default="real", metavar="TIME",
        help="How long containers take: real, fast, or seconds. By default %(default)s.",
    )  # fmt: skip
    add("--app-id", default=os.environ.get(APP_ID), metavar="ID", help=f"Threads app ID it knows. By default {APP_ID}.")
    add(
        "--app-secret", default=os.environ.get(APP_SECRET), metavar="SECRET",
        help=f"Secret of that app. By default {APP_SECRET}.",
    )  # fmt: skip
    add("--redirect-uri", action="append", metavar="URL", help="Allowed redirect URI; repeatable. By default any.")
    add("--auto-consent", metavar="NAME", help="Consent in the authorization window as this account, without a page.")
    add(
        "--tls", action="store_true",
        help="Also speak TLS on the port, and be a proxy (HTTPS_PROXY) for Meta's hosts; needs the extra [tls].",
    )  # fmt: skip
    add("--data-dir", type=Path, metavar="DIR", help="Keep the state here. By default it is kept in memory.")
    add("-o", "--option", action="append", default=[], type=_option, metavar="NAME=VALUE", help="Any other switch.")
    add("--scenarios", action="store_true", help="List the scenarios and exit.")
    add("--json", action="store_true", help="Print one line of JSON when it has started.")
    add("--version", "-V", action="store_true", help="Print the version and exit.")
    return p


def run(name: str, args: list[str], program: str = "treadle") -> int:
    """The command; returns its exit code."""
    p = parser(f"{program} {name}".strip())
    try:
        given = p.parse_args(args)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 2
    if given.version:
        from treadle_sandbox import __version__

        _print(f"{p.prog} {__version__}")
        return 0
    if given.scenarios:
        _list_scenarios(given.json)
        return 0
    from treadle_sandbox.disk import WrongState

    try:
        sandbox = _made(given)
    except ValueError as wrong:
        sys.stderr.write(f"{p.prog}: {wrong}\n")
        return 2
    except WrongState as wrong:
        sys.stderr.write(f"{p.prog}: {wrong}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"{p.prog}: cannot use {error.filename or given.data_dir}: {error.strerror or error}\n")
        return 1
    return asyncio.run(_serve(sandbox, given.host, given.port, given.json, p.prog))


def _made(given: argparse.Namespace) -> Sandbox:
    from treadle_sandbox.server import Sandbox
    from treadle_sandbox.world import DEFAULT_APP_ID, DEFAULT_APP_SECRET

    switches: dict[str, Any] = {"processing": _value(given.processing), **dict(given.option)}
    if given.auto_consent is not None:
        switches["auto_consent"] = given.auto_consent
    app: dict[str, Any] | None = None
    if given.app_id or given.app_secret or given.redirect_uri:
        app = {
            "id": given.app_id or DEFAULT_APP_ID,
            "secret": given.app_secret or DEFAULT_APP_SECRET,
            "redirect_uris": given.redirect_uri or [],
        }
    accounts = given.account or ([given.auto_consent] if given.auto_consent else ["ada"])
    return Sandbox(
        app=app, accounts=accounts, data_dir=given.data_dir, scenario=given.scenario, tls=given.tls, **switches
    )


def _account(text: str) -> dict[str, str]:
    """``ada``, ``ada:17841400000000001`` or ``ada:17841400000000001:my-token``; an empty id is made up."""
    name, _, rest = text.partition(":")
    number, _, token = rest.partition(":")
    facts = {"username": name, "id": number, "access_token": token}
    return {key: value for key, value in facts.items() if value or key == "username"}


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"'{text}' is not a port: 0 to 65535")
    return int(text)


def _option(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=VALUE; docs/sandbox.md lists the names")
    return key.strip(), _value(value)


def _value(text: str) -> Any:
    """JSON where it is JSON (numbers, true, lists), text otherwise."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()  # whoever started it waits for this line


def _list_scenarios(as_json: bool) -> None:
    from treadle_sandbox.scenarios import SCENARIOS

    if as_json:
        _print(json.dumps([{"name": name, "what": s.what} for name, s in SCENARIOS.items()]))
        return
    width = max(map(len, SCENARIOS))
    for name, scenario in SCENARIOS.items():
        _print(f"{name:<{width}}  {scenario.what}")


async def _serve(sandbox: Sandbox, host: str, port: int, as_json: bool, prog: str) -> int:
    try:
        await sandbox.start(host, port)
    except RuntimeError as missing:
        sys.stderr.write(f"{prog}: {missing}\n")
        return 1
    except OSError as error:
        sys.stderr.write(
            f"{prog}: cannot listen on {host}:{port} ({error.strerror or error}). "
            "Another program may have the port; choose one with --port, or --port 0 for a free one.\n"
        )
        return 1
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(number, stopped.set)
    _print(_where_json(sandbox) if as_json else _where(sandbox))
    try:
        await stopped.wait()
    finally:
        await sandbox.stop()
    return 0


def _tokens(sandbox: Sandbox) -> list[dict[str, str | None]]:
    """One live token for each account, so that the first call can be made at once."""
    rows: list[dict[str, str | None]] = []
    for account in sandbox.world.tables.accounts.values():
        token = next((t for t in sandbox.world.tables.tokens.values() if t.account_id == account.id), None)
        rows.append({"username": account.username, "id": account.id, "access_token": token.value if token else None})
    return rows


def _where_json(sandbox: Sandbox) -> str:
    return json.dumps(
        {
            "url": sandbox.url,
            "authorize_url": sandbox.authorize_url,
            "page": f"{sandbox.url}/_sandbox",
            "app_id": sandbox.app.id,
            "app_secret": sandbox.app.secret,
            "accounts": _tokens(sandbox),
            "ca_file": str(sandbox.ca_file) if sandbox.ca_file else None,
            "proxy_url": sandbox.proxy_url if sandbox.ca_file else None,
        }
    )


def _where(sandbox: Sandbox) -> str:
    lines = [
        "A Threads of your own is running. Nothing in it reaches the real one.",
        "",
        f"  Look at it     {sandbox.url}/_sandbox",
        f"  API            {sandbox.url}   (in place of https://graph.threads.net)",
        f"  Authorize      {sandbox.authorize_url}",
        f"  App            {sandbox.app.id}, secret {sandbox.app.secret}",
    ]
    for row in _tokens(sandbox):
        lines.append(f"  @{row['username']:<13} {row['id']}, token {row['access_token']}")
    if sandbox.ca_file:
        secure = sandbox.url.replace("http://", "https://", 1)
        trusted = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"]
        lines += [
            "",
            f"The port also speaks TLS ({secure}) and is a proxy for Meta's hosts. In the shell of your client:",
            "  export " + " ".join(f"{name}={sandbox.ca_file}" for name in trusted),
            f"  export HTTPS_PROXY={sandbox.proxy_url} NODE_USE_ENV_PROXY=1",
        ]
    lines += [
        "",
        "For Treadle:",
        f"  export TREADLE_THREADS_API_URL={sandbox.url} TREADLE_THREADS_AUTHORIZE_URL={sandbox.authorize_url}",
        f"  export TREADLE_THREADS_APP_ID={sandbox.app.id} TREADLE_THREADS_APP_SECRET={sandbox.app.secret}",
        "  export TREADLE_ALLOW_PRIVATE_MEDIA_HOSTS=true",
        "",
        "Stop it with Ctrl-C.",
    ]
    return "\n".join(lines)
