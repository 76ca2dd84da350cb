"""What was sent to a webhook: a test, sending again, and waiting for what comes back."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from treadle.cli._house import (
    ACTOR,
    Json,
    Workspace,
    house,
    missing,
    no,
    say,
    short,
    somebody_works,
    when,
    workspace_of,
)

if TYPE_CHECKING:
    from treadle.app import App

HookId = Annotated[
    str, typer.Argument(metavar="WEBHOOK", help="Id of the webhook (whk_...), or enough of its end to tell it apart.")
]
DeliveryId = Annotated[
    str, typer.Argument(metavar="DELIVERY", help="Id of the delivery (dlv_...), or enough of its end.")
]
Wait = Annotated[float, typer.Option("--wait", min=0, help="Wait so many seconds for the answer of the address.")]
LOOK_S = 0.2
# The words of the pages.
STATES: Mapping[str, tuple[str, str]] = {
    "active": ("Works", "green"),
    "troubled": ("Does not answer", "yellow"),
    "paused": ("Paused", "dim"),
    "failing": ("Paused after failing", "red"),
    "delivered": ("Delivered", "green"),
    "due": ("Waiting", "yellow"),
    "given_up": ("Given up", "red"),
}


def ping(webhook: HookId, wait: Wait = 0.0, workspace: Workspace = "", as_json: Json = False) -> None:
    """Send a test. With --wait: exit code 0 if the address took it, 1 otherwise."""
    from treadle.domain.refusal import Refusal
    from treadle.notify import webhooks

    with house() as app:
        workspace_id = workspace_of(app, workspace)
        id_ = hook_id(app, workspace_id, webhook)
        with app.db.begin() as conn:
            made = webhooks.ping(conn, workspace_id, id_, now=app.now())
        if isinstance(made, Refusal):
            no(made, as_json)
        _follow(app, workspace_id, made, wait, as_json)


def redeliver(delivery: DeliveryId, wait: Wait = 0.0, workspace: Workspace = "", as_json: Json = False) -> None:
    """Send one again, with its id as before. With --wait: exit code 0 if the address took it, 1 otherwise."""
    from treadle.cli._ids import whole_id
    from treadle.notify import webhooks
    from treadle.store.tables import webhook_deliveries

    with house() as app:
        workspace_id = workspace_of(app, workspace)
        id_ = whole_id(app, workspace_id, delivery, "delivery", "delivery", webhook_deliveries)
        before = _delivery(app, workspace_id, id_)
        if before is None:
            missing("delivery", as_json)
        with app.db.begin() as conn:
            webhooks.redeliver(conn, workspace_id, before["webhook_id"], id_, actor=ACTOR, now=app.now())
        _follow(app, workspace_id, id_, wait, as_json)


def _follow(app: App, workspace_id: str, delivery_id: str, wait: float, as_json: bool) -> None:
    """Say what becomes of a delivery; with ``wait``, once its address was asked for the first time."""
    found = _delivery(app, workspace_id, delivery_id)
    assert found is not None
    paused = _paused(app, workspace_id, found["webhook_id"])
    works = somebody_works(app)
    ends = time.monotonic() + (wait if works and not paused else 0.0)
    while not found["attempts"] and time.monotonic() < ends:
        time.sleep(LOOK_S)
        found = _delivery(app, workspace_id, delivery_id) or found
    took = found["state"] == "delivered"
    if as_json:
        say({"delivery_id": delivery_id, **(found if wait else {})})
    elif found["attempts"]:
        typer.echo(
            f"{'It took it' if took else 'It did not take it'}: {answer_words(found, most=500).removesuffix('.')}."
        )
    else:
        typer.echo(
            f"{delivery_id} waits to be sent: 'treadle webhooks show {found['webhook_id']}' tells what came back."
        )
    if paused:
        typer.echo("The webhook is paused: it goes out when that is resumed.", err=True)
    elif not works:
        typer.echo("No worker is running: it goes out when 'treadle serve' runs.", err=True)
    if wait and not took:
        raise typer.Exit(1)


def answer_words(delivery: dict[str, Any], *, most: int = 60) -> str:
    """What came back the last time, and when it is tried again; in a list, in ``most`` characters."""
    said = "not sent yet"
    if delivery["history"]:
        last = delivery["history"][-1]
        said = (
            f"HTTP {last['status']}"
            if last["status"] is not None
            else str(last["error"] or "no answer").removesuffix(".")
        )
        said += f" after {last['took_s']:g} s" if last.get("took_s") is not None else ""
    again = f", again {when(delivery['next_at'])}" if delivery["state"] == "due" and delivery["history"] else ""
    return short(said, most) + again


def hook_id(app: App, workspace_id: str, given: str) -> str:
    from treadle.cli._ids import whole_id
    from treadle.store.tables import webhooks

    return whole_id(app, workspace_id, given, "webhook", "webhook", webhooks)


def _delivery(app: App, workspace_id: str, delivery_id: str) -> dict[str, Any] | None:
    from treadle.domain.answers import Missing
    from treadle.services.webhooks import delivery

    with app.db.read() as conn:
        found = delivery(conn, workspace_id, delivery_id)
    return None if isinstance(found, Missing) else found.model_dump()


def _paused(app: App, workspace_id: str, hook_id: str) -> bool:
    from treadle.notify.webhooks import find

    with app.db.read() as conn:
        row = find(conn, workspace_id, hook_id)
    return row is not None and row["state"] != "active"


def hook_state(hook: Mapping[str, Any]) -> str:
    """A key of :data:`STATES`: one that is at work may yet fail at the moment."""
    return "troubled" if hook["state"] == "active" and hook["failing_since"] else str(hook["state"])


def state_words(state: str) -> Any:
    """The words of a state, in its colour on a terminal."""
    from rich.text import Text

    words, style = STATES[state]
    return Text(words, style=style)
