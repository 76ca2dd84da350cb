"""``treadle posts many``: one repair, retry or stop for many posts, with an answer for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from treadle.cli._house import ACTOR, Json, Workspace, account_of, fail, house, say, table, workspace_of
from treadle.cli._ids import whole_post_id
from treadle.plural import plural

if TYPE_CHECKING:
    from treadle.services.many import Order
    from treadle.services.read import Filters

Pair = tuple[str, str] | None
OLD_NEW = "OLD NEW"


def many(
    action: Annotated[str, typer.Argument(help="retry, edit, replace, confirm, cancel or delete.")],
    posts: Annotated[list[str] | None, typer.Argument(help="Ids; or choose by the filters below.")] = None,
    state: Annotated[list[str] | None, typer.Option(help="In this state; repeatable.")] = None,
    account: Annotated[str, typer.Option(help="Of this account: id or user name.")] = "",
    lane: Annotated[list[str] | None, typer.Option(help="With a cause in this lane.")] = None,
    pattern: Annotated[list[str] | None, typer.Option(help="With this cause.")] = None,
    label: Annotated[str, typer.Option(help="With this label.")] = "",
    search: Annotated[str, typer.Option("--search", "-q", help="With these words in the text.")] = "",
    blocker: Annotated[str, typer.Option(help="Waiting behind this blocker.")] = "",
    media: Annotated[Pair, typer.Option(metavar=OLD_NEW, help="replace: a file's id or an address.")] = None,
    words: Annotated[Pair, typer.Option(metavar=OLD_NEW, help="replace: words of the text.")] = None,
    link: Annotated[Pair, typer.Option(metavar=OLD_NEW, help="replace: a link attachment; '' takes it away.")] = None,
    text: Annotated[str | None, typer.Option(help="edit: new text.")] = None,
    at: Annotated[str | None, typer.Option(help="edit: new time, ISO 8601.")] = None,
    zone: Annotated[str | None, typer.Option(help="edit: zone of a time without an offset.")] = None,
    set_label: Annotated[list[str] | None, typer.Option(help="edit: new labels; repeatable.")] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Also try changed posts again that had failed.")] = False,
    preview: Annotated[bool, typer.Option("--preview", help="Only say which posts it would be.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    workspace: Workspace = "",
    as_json: Json = False,
) -> None:
    """Do one thing to many posts. On a terminal it asks first. Exit code 1 if any of them was refused."""
    from treadle.services.many import MEANT, Order
    from treadle.services.read import Filters

    if action not in MEANT:
        raise typer.BadParameter(f"one of {', '.join(MEANT)}", param_hint="ACTION")
    given = {"text": text, "publish_at": at, "zone": zone, "labels": set_label}
    patch = {name: value for name, value in given.items() if value is not None}
    swaps = {"media": media, "text": words, "link": link}
    if (action == "edit") != bool(patch):
        raise typer.BadParameter("--text, --at, --zone and --set-label belong to 'edit'", param_hint="ACTION")
    if (action == "replace") != any(swaps.values()):
        raise typer.BadParameter("--media, --words and --link belong to 'replace'", param_hint="ACTION")
    if any(pair is not None and not pair[0] for pair in swaps.values()) or (media and not media[1]):
        raise typer.BadParameter("say what is replaced, and by what", param_hint="OLD NEW")
    if bool(posts) == any((state, account, lane, pattern, label, search, blocker)):
        raise typer.BadParameter("name the posts, or choose them by a filter", param_hint="POSTS")
    order = Order(action, patch, **swaps, retry=retry)
    with house() as app:
        workspace_id = workspace_of(app, workspace)
        account_id = account_of(app, workspace_id, account)["id"] if account else None
        states = state or sorted(MEANT[action])
        filters = Filters(
            states, lane or (), pattern or (), account_id, label or None, search or None, blocker_id=blocker or None
        )
        _do(app, workspace_id, order, posts, filters, preview=preview, yes=yes, as_json=as_json)


def _do(
    app: Any,
    workspace_id: str,
    order: Order,
    posts: list[str] | None,
    filters: Filters,
    *,
    preview: bool,
    yes: bool,
    as_json: bool,
) -> None:
    import asyncio
    import sys

    from treadle.services.many import carry_out, choose

    if posts:
        ids = list(dict.fromkeys(whole_post_id(app, workspace_id, post) for post in posts))
    else:
        ids, after = [], None
        with app.db.read() as conn:
            while True:
                found, after = choose(conn, workspace_id, filters, after=after)
                ids += found
                if after is None:
                    break
    if preview or not ids:
        if as_json:
            say({"action": order.action, "chosen": len(ids), "data": [{"id": id_} for id_ in ids]})
        else:
            table(("Post",), [(id_,) for id_ in ids])
            typer.echo(f"{plural(len(ids), 'post')}." if ids else "No posts like that.", err=True)
        return
    if not yes and sys.stdin.isatty() and not typer.confirm(f"{order.action} {plural(len(ids), 'post')}?", err=True):
        fail("Nothing was done.")
    answers = asyncio.run(carry_out(app, workspace_id, ids, order, actor=ACTOR))
    rows = [(id_, *_said(answer)) for id_, answer, _ in answers]
    done = sum(1 for _, ok, _ in rows if ok)
    if as_json:
        data = [{"id": id_, "done": ok, "message": said} for id_, ok, said in rows]
        say({"action": order.action, "chosen": len(ids), "done": done, "refused": len(ids) - done, "data": data})
    else:
        table(("Post", "Done", "Answer"), [(id_, "yes" if ok else "no", said) for id_, ok, said in rows])
        typer.echo(f"{done} of {len(ids)} done.", err=True)
    if done < len(ids):
        raise typer.Exit(1)


def _said(answer: Any) -> tuple[bool, str]:
    from treadle.domain.answers import Done, Missing, Rejected

    match answer:
        case Done(_, message):
            return True, message
        case Missing(what):
            return False, f"There is no such {what} in this workspace."
        case Rejected(findings):
            return False, " ".join(f"{f.field}: {f.message} {f.way_out}" for f in findings)
    return False, str(answer.message)
