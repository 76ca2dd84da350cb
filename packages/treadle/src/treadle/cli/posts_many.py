"""``treadle posts many``: one action on many posts, with a result for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from treadle.cli._ids import whole_id
from treadle.cli._invocation import ACTOR, Invocation
from treadle.cli._print import confirm, print_json, speaks_json, table
from treadle.plural import plural

if TYPE_CHECKING:
    from treadle.services.many import Order
    from treadle.services.read import Filters

Pair = tuple[str, str] | None
OLD_NEW = "OLD NEW"


def many(
    cmd: Invocation,
    action: Annotated[str, typer.Argument(metavar="ACTION", help="retry, edit, replace, confirm, cancel or delete.")],
    posts: Annotated[
        list[str] | None, typer.Argument(metavar="POST", help="Ids; or choose with the filters below.")
    ] = None,
    state: Annotated[list[str] | None, typer.Option(help="In this state; repeatable.")] = None,
    account: Annotated[str, typer.Option(metavar="ACCOUNT", help="Of this account: id or username.")] = "",
    lane: Annotated[list[str] | None, typer.Option(help="With a cause in this lane.")] = None,
    pattern: Annotated[list[str] | None, typer.Option(help="With this cause.")] = None,
    label: Annotated[str, typer.Option(help="With this label.")] = "",
    search: Annotated[str, typer.Option("--search", "-q", help="With these words in the text.")] = "",
    blocker: Annotated[str, typer.Option(metavar="BLOCKER", help="Held back by this blocker.")] = "",
    media: Annotated[Pair, typer.Option(metavar=OLD_NEW, help="replace: a file's id or URL.")] = None,
    words: Annotated[Pair, typer.Option(metavar=OLD_NEW, help="replace: words of the text.")] = None,
    link: Annotated[Pair, typer.Option(metavar=OLD_NEW, help="replace: a link attachment; '' removes it.")] = None,
    text: Annotated[str | None, typer.Option(help="edit: new text.")] = None,
    at: Annotated[str | None, typer.Option(help="edit: new time, ISO 8601.")] = None,
    zone: Annotated[str | None, typer.Option(help="edit: zone of a time without an offset.")] = None,
    set_label: Annotated[list[str] | None, typer.Option(help="edit: new labels; repeatable.")] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Also retry changed posts that had failed.")] = False,
    preview: Annotated[bool, typer.Option("--preview", help="Only show which posts would be affected.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
) -> None:
    """Do one action on many posts. Asks first on a terminal. Exit code 1 if any post was refused."""
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
        raise typer.BadParameter("give the old and the new value", param_hint="OLD NEW")
    if bool(posts) == any((state, account, lane, pattern, label, search, blocker)):
        raise typer.BadParameter("name the posts, or choose them by a filter", param_hint="POSTS")
    order = Order(action, patch, **swaps, retry=retry)
    account_id = cmd.account(account)["id"] if account else None
    states = state or sorted(MEANT[action])
    filters = Filters(
        states, lane or (), pattern or (), account_id, label or None, search or None, blocker_id=blocker or None
    )
    _do(cmd, order, posts, filters, preview=preview, yes=yes)


def _do(cmd: Invocation, order: Order, posts: list[str] | None, filters: Filters, *, preview: bool, yes: bool) -> None:
    import asyncio

    from treadle.services.many import carry_out, choose

    app, workspace_id = cmd.app, cmd.workspace_id

    if posts:
        ids = list(dict.fromkeys(whole_id(cmd, post, "post") for post in posts))
    else:
        ids, after = [], None
        with app.db.read() as conn:
            while True:
                found, after = choose(conn, workspace_id, filters, after=after)
                ids += found
                if after is None:
                    break
    if preview or not ids:
        if speaks_json():
            print_json({"action": order.action, "chosen": len(ids), "data": [{"id": id_} for id_ in ids]})
        else:
            table(("Post",), [(id_,) for id_ in ids])
            typer.echo(f"{plural(len(ids), 'post')}." if ids else "No posts match.", err=True)
        return
    confirm(f"{order.action} {plural(len(ids), 'post')}?", yes)
    answers = asyncio.run(carry_out(app, workspace_id, ids, order, actor=ACTOR))
    rows = [(id_, *_result(answer)) for id_, answer, _ in answers]
    done = sum(1 for _, ok, _ in rows if ok)
    if speaks_json():
        data = [{"id": id_, "done": ok, "message": message} for id_, ok, message in rows]
        print_json({"action": order.action, "chosen": len(ids), "done": done, "refused": len(ids) - done, "data": data})
    else:
        table(("Post", "Done", "Answer"), [(id_, "yes" if ok else "no", message) for id_, ok, message in rows])
        typer.echo(f"{done} of {len(ids)} done.", err=True)
    if done < len(ids):
        raise typer.Exit(1)


def _result(answer: Any) -> tuple[bool, str]:

    from treadle.domain.answers import Done, Missing, Rejected

    match answer:
        case Done(_, message):
            return True, message
        case Missing(what):
            return False, f"There is no such {what} in this workspace."
        case Rejected(findings):
            return False, " ".join(f"{f.field}: {f.message} {f.way_out}" for f in findings)
    return False, str(answer.message)
