"""``treadle sandbox``: a Threads of your own on one port, until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from pathlib import Path
from typing import Annotated, Any

import typer

from treadle.cli._typer import run_app

app = typer.Typer(add_completion=False)


def run(name: str, args: list[str]) -> int | None:
    return run_app(app, name, args)


@app.command()
def sandbox(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8710,
    account: Annotated[list[str] | None, typer.Option(help="User name that exists from the start; repeatable.")] = None,
    scenario: Annotated[str | None, typer.Option(help="Start with a named set of failures.")] = None,
    processing: Annotated[str, typer.Option(help="How long containers take: real, fast, or seconds.")] = "real",
    app_id: Annotated[
        str | None, typer.Option(envvar="TREADLE_THREADS_APP_ID", help="Threads App ID it knows.")
    ] = None,
    app_secret: Annotated[
        str | None, typer.Option(envvar="TREADLE_THREADS_APP_SECRET", help="Threads App Secret of that app.")
    ] = None,
    redirect_uri: Annotated[
        list[str] | None, typer.Option(help="Allowed redirect address, exact; repeatable. None: any.")
    ] = None,
    auto_consent: Annotated[
        str | None, typer.Option(help="Say yes in the authorise window for this account, without a page.")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Keep the state here; otherwise in memory.")] = None,
    option: Annotated[
        list[str] | None, typer.Option("--option", "-o", help="Any other switch, NAME=VALUE; see docs/sandbox.md.")
    ] = None,
    scenarios: Annotated[bool, typer.Option("--scenarios", help="List the scenarios and stop.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print where it runs as one line of JSON.")] = False,
) -> None:
    """Run a Threads of your own, with failures on demand. Nothing in it reaches the real one."""
    if scenarios:
        _list_scenarios(as_json)
        return
    settings: dict[str, Any] = {"processing": _value(processing)}
    for given in option or []:
        key, equals, value = given.partition("=")
        if not equals:
            raise typer.BadParameter(f"'{given}' is not NAME=VALUE.", param_hint="--option")
        settings[key.strip()] = _value(value)
    if auto_consent is not None:
        settings["auto_consent"] = auto_consent
    from treadle_sandbox.disk import WrongState
    from treadle_sandbox.server import Sandbox
    from treadle_sandbox.world import DEFAULT_APP_ID, DEFAULT_APP_SECRET

    known: dict[str, Any] | None = None
    if app_id or app_secret or redirect_uri:
        known = {"id": app_id or DEFAULT_APP_ID, "secret": app_secret or DEFAULT_APP_SECRET}
        known["redirect_uris"] = redirect_uri or []
    names = account or ([auto_consent] if auto_consent else ["ada"])
    try:
        made = Sandbox(app=known, accounts=names, data_dir=data_dir, scenario=scenario, **settings)
    except (ValueError, WrongState) as wrong:
        typer.echo(f"treadle sandbox: {wrong}", err=True)
        raise typer.Exit(2 if isinstance(wrong, ValueError) else 1) from None
    raise typer.Exit(asyncio.run(_serve(made, host, port, as_json)))


def _value(text: str) -> Any:
    """JSON where it is JSON (numbers, true, lists), text otherwise."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _list_scenarios(as_json: bool) -> None:
    from treadle_sandbox.scenarios import SCENARIOS

    if as_json:
        typer.echo(json.dumps([{"name": name, "what": s.what} for name, s in SCENARIOS.items()]))
        return
    width = max(map(len, SCENARIOS))
    for name, scenario in SCENARIOS.items():
        typer.echo(f"{name:<{width}}  {scenario.what}")


async def _serve(sandbox: Any, host: str, port: int, as_json: bool) -> int:
    try:
        await sandbox.start(host, port)
    except OSError as error:
        typer.echo(
            f"treadle sandbox: cannot listen on {host}:{port} ({error.strerror or error}). "
            "Another program may have the port; choose one with --port, or --port 0 for a free one.",
            err=True,
        )
        return 1
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(number, stopped.set)
    typer.echo(_where_json(sandbox) if as_json else _where(sandbox))
    try:
        await stopped.wait()
    finally:
        await sandbox.stop()
    return 0


def _tokens(sandbox: Any) -> list[dict[str, Any]]:
    """One live token for each account, so that the first call can be made at once."""
    rows = []
    for account in sandbox.world.tables.accounts.values():
        token = next((t for t in sandbox.world.tables.tokens.values() if t.account_id == account.id), None)
        rows.append({"username": account.username, "id": account.id, "access_token": token.value if token else None})
    return rows


def _where_json(sandbox: Any) -> str:
    return json.dumps(
        {
            "url": sandbox.url,
            "authorize_url": sandbox.authorize_url,
            "page": f"{sandbox.url}/_sandbox",
            "app_id": sandbox.app.id,
            "app_secret": sandbox.app.secret,
            "accounts": _tokens(sandbox),
        }
    )


def _where(sandbox: Any) -> str:
    lines = [
        "A Threads of your own is running. Nothing in it reaches the real one.",
        "",
        f"  Look at it     {sandbox.url}/_sandbox",
        f"  API            {sandbox.url}   (in place of https://graph.threads.net)",
        f"  Authorise      {sandbox.authorize_url}",
        f"  App            {sandbox.app.id}, secret {sandbox.app.secret}",
    ]
    for row in _tokens(sandbox):
        lines.append(f"  @{row['username']:<13} {row['id']}, token {row['access_token']}")
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
