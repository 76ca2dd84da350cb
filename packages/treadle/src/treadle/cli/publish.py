"""``treadle publish``: text, images and videos from the command line, now or later."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from treadle.cli._groups import single
from treadle.cli._invocation import ACTOR, Invocation, command
from treadle.cli._media import keep_file, not_kept
from treadle.cli._print import fail, fail_findings, print_json, report_action, speaks_json

if TYPE_CHECKING:
    from treadle.app import App

app = single()


@command(app)
def publish(
    cmd: Invocation,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The text; '-' reads it from standard input.")] = "",
    account: Annotated[
        str, typer.Option("--account", "-a", metavar="ACCOUNT", help="Id or username; not needed if there is only one.")
    ] = "",
    media: Annotated[
        list[str] | None,
        typer.Option(
            "--media", "-m", metavar="FILE|URL|ID", help="File, URL, or id of an added file; repeatable, in order."
        ),
    ] = None,
    alt: Annotated[list[str] | None, typer.Option("--alt", help="Alt text, one per --media, in order.")] = None,
    at: Annotated[
        str, typer.Option("--at", metavar="TIME", help="When, ISO 8601: 2026-12-01T09:00+01:00. Now by default.")
    ] = "",
    zone: Annotated[
        str, typer.Option(metavar="ZONE", help="Time zone of a time without an offset, such as Europe/Berlin.")
    ] = "",
    reply: Annotated[
        list[str] | None, typer.Option("--reply", "-r", help="Text of another post of the thread; repeatable.")
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", "-o", metavar="NAME=VALUE", help="A publish option of Threads; repeatable."),
    ] = None,
    label: Annotated[list[str] | None, typer.Option(help="A label of your own; repeatable.")] = None,
    max_lateness: Annotated[
        str, typer.Option(metavar="DURATION", help="Publish if late by up to this long, such as PT24H.")
    ] = "",
    queue: Annotated[bool, typer.Option("--queue", help="Publish it in the next free slot of the account.")] = False,
    draft: Annotated[bool, typer.Option("--draft", help="Save a draft; 'treadle posts confirm' publishes it.")] = False,
    approval: Annotated[bool, typer.Option("--approval", help="Require approval before it is published.")] = False,
    hold_chain_on_warning: Annotated[
        bool,
        typer.Option("--hold-chain-on-warning", help="Hold a thread until it is approved when a part has a warning."),
    ] = False,
    metadata: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Stored with the post and returned with it; repeatable."),
    ] = None,
    key: Annotated[
        str, typer.Option("--idempotency-key", metavar="KEY", help="With the same key and post, nothing is sent twice.")
    ] = "",
    check: Annotated[bool, typer.Option("--check", help="Only report problems; publish nothing.")] = False,
    wait: Annotated[
        float, typer.Option("--wait", min=0, metavar="SECONDS", help="Wait up to this long until it is published.")
    ] = 0.0,
) -> None:
    """Publish a post. Files are checked and uploaded first; the running server ('treadle serve') sends the post."""
    if text == "-":
        text = sys.stdin.read().rstrip("\n")
    body: dict[str, Any] = {"text": text}
    for name, value in (("publish_at", at), ("zone", zone), ("max_lateness", max_lateness), ("labels", label)):
        if value:
            body[name] = value
    for name, asked in (
        ("draft", draft),
        ("approval", approval),
        ("queue", queue),
        ("hold_chain_on_warning", hold_chain_on_warning),
    ):
        if asked:
            body[name] = True
    if metadata:
        body["metadata"] = dict(_pair(given, "--metadata") for given in metadata)
    if option:
        body["options"] = dict(_option(given) for given in option)
    if reply:
        body["replies"] = [{"text": part} for part in reply]
    if alt and len(alt) > len(media or ()):
        raise typer.BadParameter("there are more alt texts than media", param_hint="--alt")
    app, workspace_id = cmd.app, cmd.workspace_id
    body["account_id"] = cmd.account(account)["id"]
    made = asyncio.run(_publish(app, workspace_id, body, media or [], alt or [], check, key))
    if made is not None:
        _follow(cmd, made, wait)


async def _publish(
    app: App,
    workspace_id: str,
    body: dict[str, Any],
    media: list[str],
    alt: list[str],
    check: bool,
    key: str,
) -> dict[str, Any] | None:
    from treadle.services.intake import Accepted, accept
    from treadle.services.intake import check as check_request

    try:
        # Problems that do not depend on the files are reported before a gigabyte of them is read.
        early = await app.db.query(check_request, app, workspace_id, _with_media(body, media))
        if early.errors:
            fail_findings(early.errors)
        if media:
            body["media"] = [
                {**await _medium(app, workspace_id, given), **({"alt_text": alt[n]} if n < len(alt) else {})}
                for n, given in enumerate(media)
            ]
        if check:
            await _only_check(app, workspace_id, body)
            return None
        now = app.now()
        made = await app.db.run(accept, app, workspace_id, body, now=now, actor=ACTOR, idempotency_key=key or None)
    finally:
        await app.media().close()
    if not isinstance(made, Accepted):
        report_action(made)
        return None
    for warning in made.warnings:
        typer.echo(f"{warning.field}: {warning.message} {warning.way_out}", err=True)
    return made.post.to_json()


def _with_media(body: dict[str, Any], media: list[str]) -> dict[str, Any]:
    """The body as it will be, for the rules that count media; the URLs themselves are checked later."""
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


async def _medium(app: App, workspace_id: str, given: str) -> dict[str, Any]:
    """A URL and the id of an added file as they are; a local file is added first, with progress."""
    from treadle.services.files import NotKept

    if "://" in given:
        return {"url": given}
    if given.startswith("med_") and not await asyncio.to_thread(Path(given).exists):
        return {"id": given}
    made = await keep_file(app, workspace_id, given, show=not speaks_json() and sys.stderr.isatty())
    if isinstance(made, NotKept):
        if speaks_json():
            print_json(not_kept(made, given, app.settings.public_url))
            raise typer.Exit(1)
        fail("\n".join(f"{given}: {f.message}" for f in made.findings))
    for f in (made["report"] or {}).get("findings", []):
        if not speaks_json():
            typer.echo(f"{given}: {f['message']}", err=True)
    return {"id": made["id"]}


async def _only_check(app: App, workspace_id: str, body: dict[str, Any]) -> None:
    from treadle.services.preflight import inspect_post

    found = (await inspect_post(app, workspace_id, body)).to_json()
    if speaks_json():
        print_json(found)
    else:
        for f in [*found["findings"], *(f for report in found["media"] for f in report["findings"])]:
            typer.echo(f"{f['severity']}: {f['field'] or 'the post'}: {f['message']} {f['way_out']}")
        typer.echo("Ready to publish." if found["ok"] else "It cannot be published like this.")
    if not found["ok"]:
        raise typer.Exit(1)


def _follow(cmd: Invocation, post: dict[str, Any], wait: float) -> None:
    from treadle.cli.posts import print_post, wait_for

    if not cmd.someone_works() and post["state"] != "draft":
        typer.echo("No worker is running: start 'treadle serve' to publish it.", err=True)
    elif wait:
        post = wait_for(cmd.app, cmd.workspace_id, post["id"], wait)
    if speaks_json():
        print_json(post)
    else:
        print_post(post)
    if wait and post["state"] != "published":
        raise typer.Exit(1)
