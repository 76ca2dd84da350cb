"""The authorise window: a page with consent and refusal, raw JSON when the request is wrong."""

from __future__ import annotations

from html import escape

from treadle.sandbox.answers import Reply
from treadle.sandbox.oauth import decide, judge_window, scopes_of
from treadle.sandbox.wire import Call
from treadle.sandbox.world import World


def answer(world: World, call: Call) -> Reply:
    """``GET`` shows the page, ``POST`` (its form) decides. ``sandbox_account=<id or user name>`` in the query, with
    ``sandbox_consent=allow`` (or ``deny``), decides at once, so that no browser is needed."""
    app = judge_window(world, call)
    if isinstance(app, Reply):
        return app
    scopes = scopes_of(call.text("scope"))
    chosen = call.text("sandbox_account") or (world.options.auto_consent or "")
    if chosen:
        account = world.find_account(chosen)
        if account is None:
            return Reply(404, f"There is no account {escape(chosen)} in this sandbox.", {}, "text/plain; charset=utf-8")
        consent = call.text("sandbox_consent") or "allow"
        granted = scopes_of(call.text("sandbox_scope")) or scopes
        return decide(world, call, app, account, consent == "allow", granted)
    return Reply(200, "<!doctype html><title>Threads</title>", {}, "text/html; charset=utf-8")
