"""The authorization window: a page with consent and refusal, raw JSON when the request is wrong."""

from __future__ import annotations

from treadle_sandbox.answers import Reply
from treadle_sandbox.oauth import decide, judge_window, scopes_of
from treadle_sandbox.render import HTML, SAFE_HEADERS, render
from treadle_sandbox.wire import Call
from treadle_sandbox.world import World

_WORDS = {
    "threads_basic": "See the profile and its posts",
    "threads_content_publish": "Create and publish posts",
    "threads_read_replies": "Read replies to its posts",
    "threads_manage_replies": "Hide and approve replies",
    "threads_manage_insights": "See its numbers",
    "threads_delete": "Delete its posts",
    "threads_location_tagging": "Tag locations",
    "threads_keyword_search": "Search public posts",
    "threads_manage_mentions": "See posts that mention it",
    "threads_profile_discovery": "See public profiles",
    "threads_share_to_instagram": "Share posts to Instagram stories",
}


def answer(world: World, call: Call) -> Reply:
    """``GET`` shows the page, ``POST`` (its form) decides. ``sandbox_account=<id or user name>`` in the query, with
    ``sandbox_consent=allow`` (or ``deny``), decides at once, so that no browser is needed; so does the option
    ``auto_consent``."""
    if call.base.endswith("threads.net") and world.options.threads_net_window == "drops_query":
        return Reply(302, b"", {"Location": call.base.replace(".net", ".com") + "/oauth/authorize"}, HTML)
    app = judge_window(world, call)
    if isinstance(app, Reply):
        return app
    scopes = scopes_of(call.text("scope"))
    chosen = call.text("sandbox_account") or (world.options.auto_consent or "")
    if chosen:
        account = world.find_account(chosen)
        if account is None:
            text = f"There is no account '{chosen}' in this sandbox. Add one: POST /_sandbox/accounts."
            return Reply(404, text, SAFE_HEADERS, "text/plain; charset=utf-8")
        granted = scopes_of(call.text("sandbox_scope")) or scopes
        allowed = (call.text("sandbox_consent") or "allow") == "allow"
        return decide(world, call, app, account, allowed, tuple(s for s in granted if s in scopes))
    page = render(
        "authorize.html",
        app=app,
        accounts=[a for a in world.tables.accounts.values() if a.has_threads_profile],
        scopes=[(scope, _WORDS[scope]) for scope in scopes],
        kept={name: call.text(name) for name in ("client_id", "redirect_uri", "scope", "state", "response_type")},
    )
    return Reply(200, page, SAFE_HEADERS, HTML)
