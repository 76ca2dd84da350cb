"""Deliveries of webhooks: sending a test, sending again, and waiting for the response."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from treadle.cli._ids import whole_id
from treadle.cli._invocation import ACTOR, Invocation
from treadle.cli._print import fail_missing, fail_refusal, print_json, short, speaks_json, when

if TYPE_CHECKING:
    from treadle.app import App

HookId = Annotated[
    str, typer.Argument(metavar="WEBHOOK", help="Id of the webhook (whk_...), or enough of its end to identify it.")
]
DeliveryId = Annotated[
    str, typer.Argument(metavar="DELIVERY", help="Id of the delivery (dlv_...), or enough of its end.")
]
Wait = Annotated[float, typer.Option("--wait", min=0, metavar="SECONDS", help="Wait up to this long for the response.")]
POLL_S = 0.2
# As on the pages.
STATES: Mapping[str, tuple[str, str]] = {
    "active": ("Works", "green"),
    "troubled": ("Does not answer", "yellow"),
    "paused": ("Paused", "dim"),
    "failing": ("Paused after failing", "red"),
    "delivered": ("Delivered", "green"),
    "due": ("Waiting", "yellow"),
    "given_up": ("Given up", "red"),
}


def ping(cmd: Invocation, webhook: HookId, wait: Wait = 0.0) -> None:
    """Send a test event. With --wait: exit code 0 if it was accepted, 1 otherwise."""
    from treadle.domain.refusal import Refusal
    from treadle.services import webhooks

    app, workspace_id = cmd.app, cmd.workspace_id
    id_ = whole_id(cmd, webhook, "webhook")
    with app.db.begin() as conn:
        made = webhooks.ping(conn, app, workspace_id, id_)
    if isinstance(made, Refusal):
        fail_refusal(made)
    _follow(cmd, made.delivery_id, wait)


def redeliver(cmd: Invocation, delivery: DeliveryId, wait: Wait = 0.0) -> None:
    """Send a delivery again, with the same id. With --wait: exit code 0 if it was accepted, 1 otherwise."""
    from treadle.services import webhooks

    app, workspace_id = cmd.app, cmd.workspace_id
    id_ = whole_id(cmd, delivery, "delivery")
    before = _delivery(app, workspace_id, id_)
    if before is None:
        fail_missing("delivery")
    with app.db.begin() as conn:
        webhooks.redeliver(conn, app, workspace_id, before["webhook_id"], id_, actor=ACTOR)
    _follow(cmd, id_, wait)


def _follow(cmd: Invocation, delivery_id: str, wait: float) -> None:
    """Print what became of a delivery; with ``wait``, after the first attempt."""
    app, workspace_id = cmd.app, cmd.workspace_id
    found = _delivery(app, workspace_id, delivery_id)
    assert found is not None
    paused = _paused(app, workspace_id, found["webhook_id"])
    works = cmd.someone_works()
    ends = time.monotonic() + (wait if works and not paused else 0.0)
    while not found["attempts"] and time.monotonic() < ends:
        time.sleep(POLL_S)
        found = _delivery(app, workspace_id, delivery_id) or found
    took = found["state"] == "delivered"
    if speaks_json():
        print_json({"delivery_id": delivery_id, **(found if wait else {})})
    elif found["attempts"]:
        typer.echo(f"{'Accepted' if took else 'Not accepted'}: {answer_words(found, most=500).removesuffix('.')}.")
    else:
        typer.echo(
            f"{delivery_id} is waiting to be sent. 'treadle webhooks show {found['webhook_id']}' shows the response."
        )
    if paused:
        typer.echo("The webhook is paused: resume it to send this.", err=True)
    elif not works:
        typer.echo("No worker is running: start 'treadle serve' to send it.", err=True)
    if wait and not took:
        raise typer.Exit(1)


def answer_words(delivery: dict[str, Any], *, most: int = 60) -> str:
    """The last response, and when it is retried; in at most ``most`` characters."""
    message = "not sent yet"
    if delivery["history"]:
        last = delivery["history"][-1]
        message = (
            f"HTTP {last['status']}"
            if last["status"] is not None
            else str(last["error"] or "no answer").removesuffix(".")
        )
        message += f" after {last['took_s']:g} s" if last.get("took_s") is not None else ""
    again = f", retry {when(delivery['next_at'])}" if delivery["state"] == "due" and delivery["history"] else ""
    return short(message, most) + again


def _delivery(app: App, workspace_id: str, delivery_id: str) -> dict[str, Any] | None:

    from treadle.domain.answers import Missing
    from treadle.services.webhooks import delivery

    with app.db.read() as conn:
        found = delivery(conn, workspace_id, delivery_id)
    return None if isinstance(found, Missing) else found.to_json()


def _paused(app: App, workspace_id: str, hook_id: str) -> bool:
    from treadle.domain.answers import Missing
    from treadle.services.webhooks import read

    with app.db.read() as conn:
        found = read(conn, workspace_id, hook_id)
    return not isinstance(found, Missing) and found.state != "active"


def hook_state(hook: Mapping[str, Any]) -> str:
    """A key of :data:`STATES`: one that is at work may yet fail at the moment."""
    return "troubled" if hook["state"] == "active" and hook["failing_since"] else str(hook["state"])


def state_words(state: str) -> Any:
    """The words of a state, in its colour on a terminal."""
    from rich.text import Text

    words, style = STATES[state]
    return Text(words, style=style)
