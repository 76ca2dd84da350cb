"""Whatever is called in whatever order: a container becomes at most one post, and the lists tell the truth."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from treadle_sandbox.access import find_token
from treadle_sandbox.answers import Reply
from treadle_sandbox.options import DEFAULTS
from treadle_sandbox.routes import answer, find_route
from treadle_sandbox.wire import Call
from treadle_sandbox.world import World

QUOTA = 4


class Life(RuleBasedStateMachine):
    """Two accounts that create, publish, reply, repost, delete and read while the clock moves."""

    containers = Bundle("containers")
    posts = Bundle("posts")

    def __init__(self) -> None:
        super().__init__()
        self.world = World(
            DEFAULTS.changed({"processing": 30.0, "quota_posts": QUOTA, "quota_replies": QUOTA, "seed": 1})
        )
        self.world.clock.freeze()
        self.tokens = [self.world.issue_token(self.world.add_account(name)).value for name in ("ada", "grace")]
        self.published: dict[str, str] = {}

    def call(self, who: int, method: str, path: str, **params: str) -> Reply:
        call = Call(
            method, path, [part for part in path.split("/") if part], {**params, "access_token": self.tokens[who]}
        )
        call.now = self.world.now()
        find_token(self.world, call)
        reply = answer(self.world, call, find_route(self.world, call))
        assert isinstance(reply, Reply)
        return reply

    @rule(target=containers, who=st.integers(0, 1), text=st.text(min_size=1, max_size=5))
    def create(self, who: int, text: str) -> tuple[int, str]:
        return who, self.call(who, "POST", "/me/threads", media_type="TEXT", text=text).body["id"]

    @rule(target=containers, who=st.integers(0, 1), post=posts)
    def create_reply(self, who: int, post: str) -> tuple[int, str]:
        reply = self.call(who, "POST", "/me/threads", media_type="TEXT", text="re", reply_to_id=post)
        return who, reply.body["id"] if reply.status == 200 else "0"

    @rule(target=posts, who=st.integers(0, 1), container=containers)
    def publish(self, who: int, container: tuple[int, str]) -> str:
        reply = self.call(who, "POST", "/me/threads_publish", creation_id=container[1])
        if reply.status != 200:
            assert reply.body["error"]["code"] in (24, 613)
            return "0"
        assert who == container[0]
        assert container[1] not in self.published, "published twice"
        self.published[container[1]] = reply.body["id"]
        return str(reply.body["id"])

    @rule(who=st.integers(0, 1), post=posts)
    def delete(self, who: int, post: str) -> None:
        owner = self.world.tables.posts.get(post)
        was = self.world.post(post) is not None and owner is not None and owner.account_id == self.account(who).id
        reply = self.call(who, "DELETE", f"/{post}")
        assert (reply.status == 200) is was

    @rule(who=st.integers(0, 1), post=posts)
    def repost(self, who: int, post: str) -> None:
        self.call(who, "POST", f"/{post}/repost")

    @rule(seconds=st.sampled_from([1, 29, 31, 3600, 86_400]))
    def wait(self, seconds: int) -> None:
        self.world.clock.advance(seconds)

    def account(self, who: int) -> Any:
        return list(self.world.tables.accounts.values())[who]

    @invariant()
    def the_lists_tell_the_truth(self) -> None:
        for who in (0, 1):
            account = self.account(who)
            listed = self.call(who, "GET", "/me/threads", fields="id,is_reply", limit="100").body["data"]
            alive = [p for p in self.world.tables.posts.values() if p.account_id == account.id and p.deleted_at is None]
            assert [row["id"] for row in listed] == [p.id for p in reversed(alive) if p.reply_to is None]
            assert not any(row["is_reply"] for row in listed)
            used = self.call(who, "GET", "/me/threads_publishing_limit", fields="quota_usage,reply_quota_usage").body[
                "data"
            ]
            assert used[0]["quota_usage"] <= QUOTA
            assert used[0]["reply_quota_usage"] <= QUOTA

    @invariant()
    def a_published_container_says_so(self) -> None:
        for container, post in self.published.items():
            stored = self.world.tables.containers[container]
            assert stored.status(self.world.now(), 86_400) == "PUBLISHED"
            assert stored.published_id == post


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
