"""The name of each operation of the API, such as ``posts.create``: what the document and both clients call it."""

from __future__ import annotations

from collections.abc import Mapping

_OWN: Mapping[tuple[str, str], str] = {
    ("post", "/v1/posts/actions"): "posts.act_on_many",
    ("post", "/v1/posts/bulk"): "posts.create_many",
    ("get", "/v1/posts/{post_id}/errors-verbose"): "posts.get_errors_verbose",
    ("get", "/v1/posts.csv"): "posts.export_csv",
    ("get", "/v1/events"): "events.stream",
    ("post", "/v1/preflight"): "posts.check",
    ("post", "/v1/media"): "media.upload",
    ("post", "/v1/accounts"): "accounts.add",
    ("delete", "/v1/accounts/{account_id}"): "accounts.disconnect",
    ("get", "/v1/accounts/{account_id}/quota"): "accounts.get_quota",
    ("get", "/v1/accounts/{account_id}/queue"): "accounts.get_queue",
    ("post", "/v1/diagnose"): "answers.diagnose",
    ("get", "/v1/unknown-answers"): "answers.list_unknown",
    ("post", "/v1/posts/{post_id}/insights"): "posts.read_insights",
    ("get", "/v1/posts/{post_id}/insights"): "posts.get_insights",
    ("post", "/v1/posts/{post_id}/replies/{reply_id}/hide"): "posts.hide_reply",
    ("post", "/v1/posts/{post_id}/replies/{reply_id}/show"): "posts.show_reply",
    ("post", "/v1/posts/{post_id}/comments"): "posts.add_comment",
    ("post", "/v1/people/invites"): "people.invite",
    ("delete", "/v1/people/invites/{invite_id}"): "people.withdraw_invite",
    ("delete", "/v1/people/{user_id}"): "people.remove",
    ("post", "/v1/people/{user_id}/password-link"): "people.make_password_link",
    ("post", "/v1/webhooks/{webhook_id}/secret"): "webhooks.rotate_secret",
    ("delete", "/v1/keys/{key_id}"): "keys.revoke",
    ("post", "/v1/workspaces/{workspace_id}/alerts/test"): "workspaces.test_alerts",
    ("get", "/v1/export"): "workspaces.export",
    ("get", "/healthz"): "operating.alive",
    ("get", "/readyz"): "operating.ready",
    ("get", "/metrics"): "operating.metrics",
}
_WHOLE = {"get": "list", "post": "create", "put": "replace", "patch": "update", "delete": "clear"}
_ONE = {"get": "get", "post": "act", "put": "replace", "patch": "update", "delete": "delete"}
_BELOW = {"get": "list_", "delete": "stop_", "post": "", "put": "set_", "patch": "change_"}


def name(method: str, path: str) -> str:
    """``posts.cancel`` for POST ``/v1/posts/{post_id}/cancel``."""
    if own := _OWN.get((method, path)):
        return own
    resource, *rest = path.removeprefix("/v1/").split("/")
    if not rest:
        return f"{resource}.{_WHOLE[method]}"
    if len(rest) == 1 and rest[0].startswith("{"):
        return f"{resource}.{_ONE[method]}"
    return f"{resource}.{_BELOW[method]}{rest[-1].replace('-', '_')}"
