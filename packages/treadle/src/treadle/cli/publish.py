"""``treadle publish``: text, pictures and videos from the command line, now or later."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from treadle.cli._house import (
    ACTOR,
    Json,
    Workspace,
    account_of,
    done,
    fail,
    house,
    refused,
    say,
    somebody_works,
    workspace_of,
)
from treadle.cli._media import keep_file

if TYPE_CHECKING:
    from treadle.app import App

app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)


def run(name: str, args: list[str]) -> int | None:
    from treadle.cli._typer import run_app

    return run_app(app, name, args)


@app.command()
def publish(
    text: Annotated[str, typer.Argument(help="The text; '-' reads it from standard input.")] = "",
    account: Annotated[str, typer.Option("--account", "-a", help="Id or user name; the only one unless said.")] = "",
    media: Annotated[
        list[str] | None,
        typer.Option("--media", "-m", help="File, address, or id of a kept file; repeatable, in order."),
    ] = None,
    alt: Annotated[list[str] | None, typer.Option("--alt", help="Alternative text, one per --media, in order.")] = None,
    at: Annotated[str, typer.Option("--at", help="When, ISO 8601: 2026-12-01T09:00+01:00. Now unless said.")] = "",
    zone: Annotated[str, typer.Option(help="Zone of a time without an offset, such as Europe/Berlin.")] = "",
    reply: Annotated[
        list[str] | None, typer.Option("--reply", "-r", help="Text of a further part; repeatable.")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option("--option", "-o", help="Threads' own parameter, NAME=VALUE; repeatable.")
    ] = None,
    label: Annotated[list[str] | None, typer.Option(help="Label of yours; repeatable.")] = None,
    max_lateness: Annotated[str, typer.Option(help="How late it may go out unasked: PT24H.")] = "",
    draft: Annotated[bool, typer.Option("--draft", help="Keep it until 'treadle posts confirm'.")] = False,
    approval: Annotated[bool, typer.Option("--approval", help="Let it wait for somebody's approval.")] = False,
    metadata: Annotated[
        list[str] | None, typer.Option(help="Yours, kept and given back: NAME=VALUE; repeatable.")
    ] = None,
    key: Annotated[str, typer.Option("--idempotency-key", help="The same key and post: nothing is sent twice.")] = "",
    check: Annotated[bool, typer.Option("--check", help="Only say what is wrong with it.")] = False,
    wait: Annotated[float, typer.Option("--wait", min=0, help="Wait so many seconds until it is out.")] = 0.0,
    workspace: Workspace = "",
    as_json: Json = False,
) -> None:
    """Publish. Files are checked and kept first; the running server (`treadle serve`) sends the post."""
    if text == "-":
        text = sys.stdin.read().rstrip("\n")
    body: dict[str, Any] = {"text": text}
    for name, value in (("publish_at", at), ("zone", zone), ("max_lateness", max_lateness), ("labels", label)):
        if value:
            body[name] = value
    for name, asked in (("draft", draft), ("approval", approval)):
        if asked:
            body[name] = True
    if metadata:
        body["metadata"] = dict(_pair(given, "--metadata") for given in metadata)
    if option:
        body["options"] = dict(_option(given) for given in option)
    if reply:
        body["replies"] = [{"text": part} for part in reply]
    if alt and len(alt) > len(media or ()):
        raise typer.BadParameter("more alternative texts than media", param_hint="--alt")
    with house() as app:
        workspace_id = workspace_of(app, workspace)
        body["account_id"] = account_of(app, workspace_id, account)["id"]
        made = asyncio.run(_publish(app, workspace_id, body, media or [], alt or [], check, key, as_json))
        if made is not None:
            _follow(app, workspace_id, made, wait, as_json)


async def _publish(
    app: App,
    workspace_id: str,
    body: dict[str, Any],
    media: list[str],
    alt: list[str],
    check: bool,
    key: str,
    as_json: bool,
) -> dict[str, Any] | None:
    from treadle.services.intake import Accepted, accept
    from treadle.services.intake import check as check_request

    try:
        # What is wrong without the files is said before a gigabyte of them is read.
        early = await app.db.query(check_request, app, workspace_id, _with_media(body, media))
        if early.errors:
            refused(early.errors, as_json)
        if media:
            body["media"] = [
                {**await _medium(app, workspace_id, given, as_json), **({"alt_text": alt[n]} if n < len(alt) else {})}
                for n, given in enumerate(media)
            ]
        if check:
            await _only_check(app, workspace_id, body, as_json)
            return None
        now = app.now()
        made = await app.db.run(accept, app, workspace_id, body, now=now, actor=ACTOR, idempotency_key=key or None)
    finally:
        await app.media().close()
    if not isinstance(made, Accepted):
        done(made, as_json)
        return None
    for warning in made.warnings:
        typer.echo(f"{warning.field}: {warning.message} {warning.way_out}", err=True)
    return made.post.to_json()


def _with_media(body: dict[str, Any], media: list[str]) -> dict[str, Any]:
    """The body as it will be, for the rules that count media; the addresses themselves are looked at later."""
    if not media:
        return body
    return {**body, "media": [{"url": given if "://" in given else "https://example.com/file"} for given in media]}


def _pair(given: str, option: str) -> tuple[str, str]:
    name, equals, value = given.partition("=")
    if not equals or not name.strip():
        raise typer.BadParameter(f"'{given}' is not NAME=VALUE", param_hint=option)
    return name.strip(), value


def _option(given: str) -> tuple[str, Any]:
    name, value = _pair(given, "--option")
    try:
        return name, json.loads(value) if value[:1] in "{[tf" else value
    except ValueError:
        return name, value


async def _medium(app: App, workspace_id: str, given: str, as_json: bool) -> dict[str, Any]:
    """An address and the id of a kept file as they are; a file is kept first, with progress."""
    from treadle.services.files import NotKept, finding_json

    if "://" in given:
        return {"url": given}
    if given.startswith("med_") and not await asyncio.to_thread(Path(given).exists):
        return {"id": given}
    made = await keep_file(app, workspace_id, given, show=not as_json and sys.stderr.isatty())
    found = made.findings if isinstance(made, NotKept) else []
    if isinstance(made, NotKept):
        if as_json:
            said = " ".join(f.message for f in found)
            say({"error": "invalid_request", "message": said, "findings": [finding_json(f, given) for f in found]})
            raise typer.Exit(1)
        fail("\n".join(f"{given}: {f.message}" for f in found))
    for f in (made["report"] or {}).get("findings", []):
        if not as_json:
            typer.echo(f"{given}: {f['message']}", err=True)
    return {"id": made["id"]}


async def _only_check(app: App, workspace_id: str, body: dict[str, Any], as_json: bool) -> None:
    from treadle.services.preflight import inspect_post

    found = (await inspect_post(app, workspace_id, body)).to_json()
    if as_json:
        say(found)
    else:
        for f in [*found["findings"], *(f for report in found["media"] for f in report["findings"])]:
            typer.echo(f"{f['severity']}: {f['field'] or 'the post'}: {f['message']} {f['way_out']}")
        typer.echo("It can be published." if found["ok"] else "It cannot be published like this.")
    if not found["ok"]:
        raise typer.Exit(1)


def _follow(app: App, workspace_id: str, post: dict[str, Any], wait: float, as_json: bool) -> None:
    from treadle.cli.posts import print_post, wait_for

    if not somebody_works(app) and post["state"] != "draft":
        typer.echo("No worker is running: it goes out when 'treadle serve' runs.", err=True)
    elif wait:
        post = wait_for(app, workspace_id, post["id"], wait)
    if as_json:
        say(post)
    else:
        print_post(post)
    if wait and post["state"] != "published":
        raise typer.Exit(1)
