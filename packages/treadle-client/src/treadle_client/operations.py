"""The operations of the API. Made of the API's document by tools/build_clients.py; do not edit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Unpack, cast

from treadle_client import types
from treadle_client.calls import Call, address


class Operations:
    def __init__(self, send: Callable[[Call], Any]) -> None:
        self._send = send


class PostsOperations(Operations):
    def act_on_many(self, *, idempotency_key: str | None = None, **body: Unpack[types.ActionsIn]) -> types.Actions:
        """Do one thing to many posts: ``POST /v1/posts/actions``."""
        return cast(
            "types.Actions", self._send(Call("POST", "/v1/posts/actions", body=body, once=True, key=idempotency_key))
        )

    def create_many(self, *, idempotency_key: str | None = None, **body: Unpack[types.BulkIn]) -> types.Bulk:
        """Publish many; an answer for each: ``POST /v1/posts/bulk``."""
        return cast("types.Bulk", self._send(Call("POST", "/v1/posts/bulk", body=body, once=True, key=idempotency_key)))

    def create(self, *, idempotency_key: str | None = None, **body: Unpack[types.PostIn]) -> types.Post:
        """Publish, now or later: ``POST /v1/posts``."""
        return cast("types.Post", self._send(Call("POST", "/v1/posts", body=body, once=True, key=idempotency_key)))

    def list(
        self,
        *,
        state: Sequence[str] | None = None,
        lane: Sequence[str] | None = None,
        pattern: Sequence[str] | None = None,
        account_id: str | None = None,
        label: str | None = None,
        q: str | None = None,
        blocker_id: str | None = None,
        due_from: str | None = None,
        due_to: str | None = None,
        sort: str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> types.PostPage:
        """List posts: ``GET /v1/posts``."""
        return cast(
            "types.PostPage",
            self._send(
                Call(
                    "GET",
                    "/v1/posts",
                    query={
                        "state": state,
                        "lane": lane,
                        "pattern": pattern,
                        "account_id": account_id,
                        "label": label,
                        "q": q,
                        "blocker_id": blocker_id,
                        "due_from": due_from,
                        "due_to": due_to,
                        "sort": sort,
                        "limit": limit,
                        "after": after,
                    },
                )
            ),
        )

    def iterate(
        self,
        *,
        state: Sequence[str] | None = None,
        lane: Sequence[str] | None = None,
        pattern: Sequence[str] | None = None,
        account_id: str | None = None,
        label: str | None = None,
        q: str | None = None,
        blocker_id: str | None = None,
        due_from: str | None = None,
        due_to: str | None = None,
        sort: str | None = None,
        limit: int | None = None,
    ) -> Iterator[types.Post]:
        """The same, entry by entry through all pages; ``limit`` is that of one page."""
        after: str | None = None
        while True:
            page = self.list(
                state=state,
                lane=lane,
                pattern=pattern,
                account_id=account_id,
                label=label,
                q=q,
                blocker_id=blocker_id,
                due_from=due_from,
                due_to=due_to,
                sort=sort,
                limit=limit,
                after=after,
            )
            for entry in page["data"]:
                yield entry
            after = page["next"]
            if after is None:
                return

    def get(self, post_id: str, /) -> types.Post:
        """Read a post: ``GET /v1/posts/{post_id}``."""
        return cast("types.Post", self._send(Call("GET", address("/v1/posts/{post_id}", post_id))))

    def update(self, post_id: str, /, *, if_match: str | None = None, **body: Unpack[types.PatchIn]) -> types.Post:
        """Change a post that is not published: ``PATCH /v1/posts/{post_id}``."""
        return cast(
            "types.Post",
            self._send(
                Call(
                    "PATCH",
                    address("/v1/posts/{post_id}", post_id),
                    body=body,
                    headers={"If-Match": if_match} if if_match else {},
                )
            ),
        )

    def delete(self, post_id: str, /) -> None:
        """Delete a post that was never sent: ``DELETE /v1/posts/{post_id}``."""
        self._send(Call("DELETE", address("/v1/posts/{post_id}", post_id)))

    def list_events(self, post_id: str, /) -> types.Events:
        """A post's timeline: ``GET /v1/posts/{post_id}/events``."""
        return cast("types.Events", self._send(Call("GET", address("/v1/posts/{post_id}/events", post_id))))

    def get_errors_verbose(self, post_id: str, /) -> types.Verbose:
        """A post's error in the shape of another service: ``GET /v1/posts/{post_id}/errors-verbose``."""
        return cast("types.Verbose", self._send(Call("GET", address("/v1/posts/{post_id}/errors-verbose", post_id))))

    def retry(self, post_id: str, /, *, idempotency_key: str | None = None) -> types.Action:
        """Try again now: ``POST /v1/posts/{post_id}/retry``."""
        return cast(
            "types.Action",
            self._send(Call("POST", address("/v1/posts/{post_id}/retry", post_id), once=True, key=idempotency_key)),
        )

    def cancel(self, post_id: str, /, *, idempotency_key: str | None = None) -> types.Action:
        """Stop a post: ``POST /v1/posts/{post_id}/cancel``."""
        return cast(
            "types.Action",
            self._send(Call("POST", address("/v1/posts/{post_id}/cancel", post_id), once=True, key=idempotency_key)),
        )

    def confirm(self, post_id: str, /, *, idempotency_key: str | None = None) -> types.Action:
        """Approve a post: ``POST /v1/posts/{post_id}/confirm``."""
        return cast(
            "types.Action",
            self._send(Call("POST", address("/v1/posts/{post_id}/confirm", post_id), once=True, key=idempotency_key)),
        )

    def request_approval(self, post_id: str, /, *, idempotency_key: str | None = None) -> types.Action:
        """Ask for approval: ``POST /v1/posts/{post_id}/request-approval``."""
        return cast(
            "types.Action",
            self._send(
                Call("POST", address("/v1/posts/{post_id}/request-approval", post_id), once=True, key=idempotency_key)
            ),
        )

    def request_changes(
        self, post_id: str, /, *, idempotency_key: str | None = None, **body: Unpack[types.CommentIn]
    ) -> types.Action:
        """Request changes: ``POST /v1/posts/{post_id}/request-changes``."""
        return cast(
            "types.Action",
            self._send(
                Call(
                    "POST",
                    address("/v1/posts/{post_id}/request-changes", post_id),
                    body=body,
                    once=True,
                    key=idempotency_key,
                )
            ),
        )

    def list_comments(self, post_id: str, /) -> types.Comments:
        """Read comments: ``GET /v1/posts/{post_id}/comments``."""
        return cast("types.Comments", self._send(Call("GET", address("/v1/posts/{post_id}/comments", post_id))))

    def add_comment(
        self, post_id: str, /, *, idempotency_key: str | None = None, **body: Unpack[types.CommentIn]
    ) -> types.Comments:
        """Comment on a post: ``POST /v1/posts/{post_id}/comments``."""
        return cast(
            "types.Comments",
            self._send(
                Call(
                    "POST", address("/v1/posts/{post_id}/comments", post_id), body=body, once=True, key=idempotency_key
                )
            ),
        )

    def resolve(
        self, post_id: str, /, *, idempotency_key: str | None = None, **body: Unpack[types.ResolveIn]
    ) -> types.Action:
        """Say what happened: ``POST /v1/posts/{post_id}/resolve``."""
        return cast(
            "types.Action",
            self._send(
                Call("POST", address("/v1/posts/{post_id}/resolve", post_id), body=body, once=True, key=idempotency_key)
            ),
        )

    def unpublish(self, post_id: str, /, *, idempotency_key: str | None = None) -> types.Unpublished:
        """Delete a post from Threads: ``POST /v1/posts/{post_id}/unpublish``."""
        return cast(
            "types.Unpublished",
            self._send(Call("POST", address("/v1/posts/{post_id}/unpublish", post_id), once=True, key=idempotency_key)),
        )

    def get_insights(self, post_id: str, /) -> types.Insights:
        """Read what Threads counts of a post: ``GET /v1/posts/{post_id}/insights``."""
        return cast("types.Insights", self._send(Call("GET", address("/v1/posts/{post_id}/insights", post_id))))

    def read_insights(self, post_id: str, /, *, idempotency_key: str | None = None) -> types.Insights:
        """Ask Threads for a post's figures now: ``POST /v1/posts/{post_id}/insights``."""
        return cast(
            "types.Insights",
            self._send(Call("POST", address("/v1/posts/{post_id}/insights", post_id), once=True, key=idempotency_key)),
        )

    def list_replies(self, post_id: str, /) -> types.Replies:
        """List replies to a post: ``GET /v1/posts/{post_id}/replies``."""
        return cast("types.Replies", self._send(Call("GET", address("/v1/posts/{post_id}/replies", post_id))))

    def hide_reply(self, post_id: str, reply_id: str, /, *, idempotency_key: str | None = None) -> types.Hidden:
        """Hide a reply: ``POST /v1/posts/{post_id}/replies/{reply_id}/hide``."""
        return cast(
            "types.Hidden",
            self._send(
                Call(
                    "POST",
                    address("/v1/posts/{post_id}/replies/{reply_id}/hide", post_id, reply_id),
                    once=True,
                    key=idempotency_key,
                )
            ),
        )

    def show_reply(self, post_id: str, reply_id: str, /, *, idempotency_key: str | None = None) -> types.Hidden:
        """Show a hidden reply again: ``POST /v1/posts/{post_id}/replies/{reply_id}/show``."""
        return cast(
            "types.Hidden",
            self._send(
                Call(
                    "POST",
                    address("/v1/posts/{post_id}/replies/{reply_id}/show", post_id, reply_id),
                    once=True,
                    key=idempotency_key,
                )
            ),
        )

    def check(self, body: types.PostIn, /, *, media: bool | None = None) -> types.Preflight:
        """Look at a post before it is sent: ``POST /v1/preflight``."""
        return cast("types.Preflight", self._send(Call("POST", "/v1/preflight", query={"media": media}, body=body)))

    def queue(self, post_id: str, /, *, idempotency_key: str | None = None) -> types.Action:
        """Add a post to the queue: ``POST /v1/posts/{post_id}/queue``."""
        return cast(
            "types.Action",
            self._send(Call("POST", address("/v1/posts/{post_id}/queue", post_id), once=True, key=idempotency_key)),
        )

    def move(
        self, post_id: str, /, *, idempotency_key: str | None = None, **body: Unpack[types.MoveIn]
    ) -> types.Action:
        """Move a post in the queue: ``POST /v1/posts/{post_id}/move``."""
        return cast(
            "types.Action",
            self._send(
                Call("POST", address("/v1/posts/{post_id}/move", post_id), body=body, once=True, key=idempotency_key)
            ),
        )


class ImportsOperations(Operations):
    def list(self) -> types.Imports:
        """List imports: ``GET /v1/imports``."""
        return cast("types.Imports", self._send(Call("GET", "/v1/imports")))

    def create(self, *, idempotency_key: str | None = None, **body: Unpack[types.ImportIn]) -> types.ImportReport:
        """Import posts from CSV: ``POST /v1/imports``."""
        return cast(
            "types.ImportReport", self._send(Call("POST", "/v1/imports", body=body, once=True, key=idempotency_key))
        )

    def confirm(self, import_id: str, /, *, idempotency_key: str | None = None) -> types.Imports:
        """Confirm an import: ``POST /v1/imports/{import_id}/confirm``."""
        return cast(
            "types.Imports",
            self._send(
                Call("POST", address("/v1/imports/{import_id}/confirm", import_id), once=True, key=idempotency_key)
            ),
        )


class EventsOperations(Operations):
    def get(self, event_id: int | str, /) -> types.Change:
        """Read an event again: ``GET /v1/events/{event_id}``."""
        return cast("types.Change", self._send(Call("GET", address("/v1/events/{event_id}", event_id))))


class MediaOperations(Operations):
    def list(self, *, limit: int | None = None, after: str | None = None) -> types.MediaPage:
        """List files: ``GET /v1/media``."""
        return cast("types.MediaPage", self._send(Call("GET", "/v1/media", query={"limit": limit, "after": after})))

    def iterate(self, *, limit: int | None = None) -> Iterator[types.Media]:
        """The same, entry by entry through all pages; ``limit`` is that of one page."""
        after: str | None = None
        while True:
            page = self.list(limit=limit, after=after)
            for entry in page["data"]:
                yield entry
            after = page["next"]
            if after is None:
                return

    def get(self, media_id: str, /) -> types.Media:
        """Read a file's facts and findings: ``GET /v1/media/{media_id}``."""
        return cast("types.Media", self._send(Call("GET", address("/v1/media/{media_id}", media_id))))

    def delete(self, media_id: str, /) -> None:
        """Delete a file: ``DELETE /v1/media/{media_id}``."""
        self._send(Call("DELETE", address("/v1/media/{media_id}", media_id)))

    def repair(
        self, media_id: str, body: types.RepairIn | None = None, /, *, idempotency_key: str | None = None
    ) -> types.Media:
        """Make it fit for Threads: ``POST /v1/media/{media_id}/repair``."""
        return cast(
            "types.Media",
            self._send(
                Call(
                    "POST", address("/v1/media/{media_id}/repair", media_id), body=body, once=True, key=idempotency_key
                )
            ),
        )

    def stop_repair(self, media_id: str, /) -> None:
        """Stop a repair: ``DELETE /v1/media/{media_id}/repair``."""
        self._send(Call("DELETE", address("/v1/media/{media_id}/repair", media_id)))


class AccountsOperations(Operations):
    def list(self, *, disconnected: bool | None = None) -> types.Accounts:
        """List accounts: ``GET /v1/accounts``."""
        return cast("types.Accounts", self._send(Call("GET", "/v1/accounts", query={"disconnected": disconnected})))

    def add(self, *, idempotency_key: str | None = None, **body: Unpack[types.AccountIn]) -> types.AccountConnected:
        """Connect with a token: ``POST /v1/accounts``."""
        return cast(
            "types.AccountConnected",
            self._send(Call("POST", "/v1/accounts", body=body, once=True, key=idempotency_key)),
        )

    def get(self, account_id: str, /) -> types.AccountRead:
        """Read an account: ``GET /v1/accounts/{account_id}``."""
        return cast("types.AccountRead", self._send(Call("GET", address("/v1/accounts/{account_id}", account_id))))

    def update(self, account_id: str, /, **body: Unpack[types.PauseIn]) -> types.Account:
        """Pause an account: ``PATCH /v1/accounts/{account_id}``."""
        return cast(
            "types.Account", self._send(Call("PATCH", address("/v1/accounts/{account_id}", account_id), body=body))
        )

    def disconnect(self, account_id: str, /) -> None:
        """Disconnect an account: ``DELETE /v1/accounts/{account_id}``."""
        self._send(Call("DELETE", address("/v1/accounts/{account_id}", account_id)))

    def recheck(self, account_id: str, /, *, idempotency_key: str | None = None) -> types.AccountChecked:
        """Check that it works: ``POST /v1/accounts/{account_id}/recheck``."""
        return cast(
            "types.AccountChecked",
            self._send(
                Call("POST", address("/v1/accounts/{account_id}/recheck", account_id), once=True, key=idempotency_key)
            ),
        )

    def get_quota(self, account_id: str, /, *, live: bool | None = None) -> types.Quota:
        """How much it may publish: ``GET /v1/accounts/{account_id}/quota``."""
        return cast(
            "types.Quota",
            self._send(Call("GET", address("/v1/accounts/{account_id}/quota", account_id), query={"live": live})),
        )

    def get_queue(self, account_id: str, /) -> types.Queue:
        """Read the queue of an account: ``GET /v1/accounts/{account_id}/queue``."""
        return cast("types.Queue", self._send(Call("GET", address("/v1/accounts/{account_id}/queue", account_id))))

    def set_queue(self, account_id: str, /, **body: Unpack[types.QueueIn]) -> types.Queue:
        """Set the slots of a queue: ``PUT /v1/accounts/{account_id}/queue``."""
        return cast(
            "types.Queue", self._send(Call("PUT", address("/v1/accounts/{account_id}/queue", account_id), body=body))
        )

    def connect(self, body: types.ConnectIn | None = None, /, *, idempotency_key: str | None = None) -> types.Link:
        """A link for somebody to connect their account: ``POST /v1/accounts/connect``."""
        return cast(
            "types.Link", self._send(Call("POST", "/v1/accounts/connect", body=body, once=True, key=idempotency_key))
        )

    def reconnect(
        self, account_id: str, body: types.ConnectIn | None = None, /, *, idempotency_key: str | None = None
    ) -> types.Link:
        """Reconnect an account: ``POST /v1/accounts/{account_id}/reconnect``."""
        return cast(
            "types.Link",
            self._send(
                Call(
                    "POST",
                    address("/v1/accounts/{account_id}/reconnect", account_id),
                    body=body,
                    once=True,
                    key=idempotency_key,
                )
            ),
        )


class BlockersOperations(Operations):
    def list(
        self, *, repaired: bool | None = None, limit: int | None = None, after: str | None = None
    ) -> types.Blockers:
        """What holds posts: ``GET /v1/blockers``."""
        return cast(
            "types.Blockers",
            self._send(Call("GET", "/v1/blockers", query={"repaired": repaired, "limit": limit, "after": after})),
        )

    def iterate(self, *, repaired: bool | None = None, limit: int | None = None) -> Iterator[types.Blocker]:
        """The same, entry by entry through all pages; ``limit`` is that of one page."""
        after: str | None = None
        while True:
            page = self.list(repaired=repaired, limit=limit, after=after)
            for entry in page["data"]:
                yield entry
            after = page["next"]
            if after is None:
                return

    def get(self, blocker_id: str, /) -> types.BlockerRead:
        """Read one, and what its repair would send: ``GET /v1/blockers/{blocker_id}``."""
        return cast("types.BlockerRead", self._send(Call("GET", address("/v1/blockers/{blocker_id}", blocker_id))))

    def recheck(
        self, blocker_id: str, body: types.RecheckIn | None = None, /, *, idempotency_key: str | None = None
    ) -> types.RecheckPreview | types.Recheck:
        """Look again: ``POST /v1/blockers/{blocker_id}/recheck``."""
        return cast(
            "types.RecheckPreview | types.Recheck",
            self._send(
                Call(
                    "POST",
                    address("/v1/blockers/{blocker_id}/recheck", blocker_id),
                    body=body,
                    once=True,
                    key=idempotency_key,
                )
            ),
        )


class AnswersOperations(Operations):
    def diagnose(self, **body: Unpack[types.DiagnoseIn]) -> types.Diagnosis:
        """What does this error mean: ``POST /v1/diagnose``."""
        return cast("types.Diagnosis", self._send(Call("POST", "/v1/diagnose", body=body)))

    def list_unknown(self) -> types.UnknownAnswers:
        """Answers no pattern knows: ``GET /v1/unknown-answers``."""
        return cast("types.UnknownAnswers", self._send(Call("GET", "/v1/unknown-answers")))


class PatternsOperations(Operations):
    def list(
        self, *, lane: Sequence[str] | None = None, category: Sequence[str] | None = None, q: str | None = None
    ) -> types.Patterns:
        """The catalogue of causes: ``GET /v1/patterns``."""
        return cast(
            "types.Patterns",
            self._send(Call("GET", "/v1/patterns", query={"lane": lane, "category": category, "q": q})),
        )

    def get(self, pattern: str, /) -> types.Pattern:
        """One cause, whole: ``GET /v1/patterns/{pattern}``."""
        return cast("types.Pattern", self._send(Call("GET", address("/v1/patterns/{pattern}", pattern))))


class WebhooksOperations(Operations):
    def list(self) -> types.Webhooks:
        """List webhooks: ``GET /v1/webhooks``."""
        return cast("types.Webhooks", self._send(Call("GET", "/v1/webhooks")))

    def create(self, *, idempotency_key: str | None = None, **body: Unpack[types.WebhookIn]) -> types.WebhookMade:
        """Create a webhook: ``POST /v1/webhooks``."""
        return cast(
            "types.WebhookMade", self._send(Call("POST", "/v1/webhooks", body=body, once=True, key=idempotency_key))
        )

    def list_events(self) -> types.EventKinds:
        """List the events that can be sent: ``GET /v1/webhooks/events``."""
        return cast("types.EventKinds", self._send(Call("GET", "/v1/webhooks/events")))

    def get(self, webhook_id: str, /) -> types.Webhook:
        """Read a webhook: ``GET /v1/webhooks/{webhook_id}``."""
        return cast("types.Webhook", self._send(Call("GET", address("/v1/webhooks/{webhook_id}", webhook_id))))

    def update(self, webhook_id: str, /, **body: Unpack[types.WebhookPatch]) -> types.Webhook:
        """Change, pause or start a webhook: ``PATCH /v1/webhooks/{webhook_id}``."""
        return cast(
            "types.Webhook", self._send(Call("PATCH", address("/v1/webhooks/{webhook_id}", webhook_id), body=body))
        )

    def delete(self, webhook_id: str, /) -> None:
        """Remove a webhook: ``DELETE /v1/webhooks/{webhook_id}``."""
        self._send(Call("DELETE", address("/v1/webhooks/{webhook_id}", webhook_id)))

    def rotate_secret(self, webhook_id: str, /, *, idempotency_key: str | None = None) -> types.Secret:
        """Make a new secret: ``POST /v1/webhooks/{webhook_id}/secret``."""
        return cast(
            "types.Secret",
            self._send(
                Call("POST", address("/v1/webhooks/{webhook_id}/secret", webhook_id), once=True, key=idempotency_key)
            ),
        )

    def ping(self, webhook_id: str, /, *, idempotency_key: str | None = None) -> types.DeliveryQueued:
        """Send a test: ``POST /v1/webhooks/{webhook_id}/ping``."""
        return cast(
            "types.DeliveryQueued",
            self._send(
                Call("POST", address("/v1/webhooks/{webhook_id}/ping", webhook_id), once=True, key=idempotency_key)
            ),
        )

    def list_deliveries(
        self, webhook_id: str, /, *, limit: int | None = None, after: str | None = None
    ) -> types.DeliveryPage:
        """What was sent, and what came back: ``GET /v1/webhooks/{webhook_id}/deliveries``."""
        return cast(
            "types.DeliveryPage",
            self._send(
                Call(
                    "GET",
                    address("/v1/webhooks/{webhook_id}/deliveries", webhook_id),
                    query={"limit": limit, "after": after},
                )
            ),
        )

    def iterate_deliveries(self, webhook_id: str, /, *, limit: int | None = None) -> Iterator[types.Delivery]:
        """The same, entry by entry through all pages; ``limit`` is that of one page."""
        after: str | None = None
        while True:
            page = self.list_deliveries(webhook_id, limit=limit, after=after)
            for entry in page["data"]:
                yield entry
            after = page["next"]
            if after is None:
                return

    def redeliver(
        self, webhook_id: str, delivery_id: str, /, *, idempotency_key: str | None = None
    ) -> types.DeliveryQueued:
        """Send one again: ``POST /v1/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver``."""
        return cast(
            "types.DeliveryQueued",
            self._send(
                Call(
                    "POST",
                    address("/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver", webhook_id, delivery_id),
                    once=True,
                    key=idempotency_key,
                )
            ),
        )


class KeysOperations(Operations):
    def list(self) -> types.Keys:
        """List keys: ``GET /v1/keys``."""
        return cast("types.Keys", self._send(Call("GET", "/v1/keys")))

    def create(self, body: types.KeyIn | None = None, /, *, idempotency_key: str | None = None) -> types.KeyMade:
        """Make a key: ``POST /v1/keys``."""
        return cast("types.KeyMade", self._send(Call("POST", "/v1/keys", body=body, once=True, key=idempotency_key)))

    def revoke(self, key_id: str, /) -> None:
        """Revoke a key: ``DELETE /v1/keys/{key_id}``."""
        self._send(Call("DELETE", address("/v1/keys/{key_id}", key_id)))


class PeopleOperations(Operations):
    def list(self) -> types.People:
        """List people: ``GET /v1/people``."""
        return cast("types.People", self._send(Call("GET", "/v1/people")))

    def list_invites(self) -> types.Invites:
        """List open invitations: ``GET /v1/people/invites``."""
        return cast("types.Invites", self._send(Call("GET", "/v1/people/invites")))

    def invite(self, *, idempotency_key: str | None = None, **body: Unpack[types.InviteIn]) -> types.LinkMade:
        """Invite a person: ``POST /v1/people/invites``."""
        return cast(
            "types.LinkMade", self._send(Call("POST", "/v1/people/invites", body=body, once=True, key=idempotency_key))
        )

    def withdraw_invite(self, invite_id: str, /) -> None:
        """Revoke an invitation: ``DELETE /v1/people/invites/{invite_id}``."""
        self._send(Call("DELETE", address("/v1/people/invites/{invite_id}", invite_id)))

    def update(self, user_id: str, /, **body: Unpack[types.PersonPatch]) -> types.Person:
        """Change a person's role, disable or enable them: ``PATCH /v1/people/{user_id}``."""
        return cast("types.Person", self._send(Call("PATCH", address("/v1/people/{user_id}", user_id), body=body)))

    def remove(self, user_id: str, /) -> None:
        """Remove a person: ``DELETE /v1/people/{user_id}``."""
        self._send(Call("DELETE", address("/v1/people/{user_id}", user_id)))

    def make_password_link(self, user_id: str, /, *, idempotency_key: str | None = None) -> types.LinkMade:
        """Make a link to a new password: ``POST /v1/people/{user_id}/password-link``."""
        return cast(
            "types.LinkMade",
            self._send(
                Call("POST", address("/v1/people/{user_id}/password-link", user_id), once=True, key=idempotency_key)
            ),
        )


class AuditOperations(Operations):
    def list(self, *, limit: int | None = None, before: int | None = None, action: str | None = None) -> types.Audit:
        """Read the audit log: ``GET /v1/audit``."""
        return cast(
            "types.Audit",
            self._send(Call("GET", "/v1/audit", query={"limit": limit, "before": before, "action": action})),
        )


class WorkspacesOperations(Operations):
    def list(self) -> types.Workspaces:
        """Workspaces this key can see: ``GET /v1/workspaces``."""
        return cast("types.Workspaces", self._send(Call("GET", "/v1/workspaces")))

    def create(self, *, idempotency_key: str | None = None, **body: Unpack[types.WorkspaceIn]) -> types.WorkspaceMade:
        """Make a workspace for a customer: ``POST /v1/workspaces``."""
        return cast(
            "types.WorkspaceMade", self._send(Call("POST", "/v1/workspaces", body=body, once=True, key=idempotency_key))
        )

    def get(self, workspace_id: str, /) -> types.Workspace:
        """Read a workspace: ``GET /v1/workspaces/{workspace_id}``."""
        return cast("types.Workspace", self._send(Call("GET", address("/v1/workspaces/{workspace_id}", workspace_id))))

    def update(self, workspace_id: str, /, **body: Unpack[types.WorkspacePatch]) -> types.Workspace:
        """Rename, pause, set options: ``PATCH /v1/workspaces/{workspace_id}``."""
        return cast(
            "types.Workspace",
            self._send(Call("PATCH", address("/v1/workspaces/{workspace_id}", workspace_id), body=body)),
        )

    def test_alerts(self, workspace_id: str, /, *, idempotency_key: str | None = None) -> types.AlertsTried:
        """Send a test alert: ``POST /v1/workspaces/{workspace_id}/alerts/test``."""
        return cast(
            "types.AlertsTried",
            self._send(
                Call(
                    "POST",
                    address("/v1/workspaces/{workspace_id}/alerts/test", workspace_id),
                    once=True,
                    key=idempotency_key,
                )
            ),
        )
