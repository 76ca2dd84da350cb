"""``POST /{user}/threads_publish``: a container becomes a post; once."""

from __future__ import annotations

from typing import Any

from treadle_sandbox import magic
from treadle_sandbox.access import is_self, refuse
from treadle_sandbox.answers import Reply, ok
from treadle_sandbox.create import crossreshare
from treadle_sandbox.model import Account, Container, Post
from treadle_sandbox.wire import Call
from treadle_sandbox.world import World

# A video reply whose container is younger was published as a post of its own (seen, postiz-app issue 1441).
YOUNG_VIDEO_S = 30.0
_READ_TYPE = {"TEXT": "TEXT_POST", "IMAGE": "IMAGE", "VIDEO": "VIDEO", "CAROUSEL": "CAROUSEL_ALBUM"}


def publish(world: World, call: Call) -> Reply:
    """Publishes a FINISHED container of this user; every other state is "not found", as seen in reality."""
    account: Account = call.account
    creation_id = call.reference("creation_id")
    if not creation_id:
        return refuse(world, call, "param_required", name="creation_id")
    if not is_self(call, call.node):
        return refuse(world, call, "media_not_found", id=creation_id)
    if account.restricted:
        return refuse(world, call, "user_restricted")
    container = world.tables.containers.get(creation_id)
    if container is None or container.account_id != account.id or container.lost:
        return refuse(world, call, "media_not_found", id=creation_id)
    options = world.options
    status = container.status(call.now, options.container_lifetime_s)
    if status == "PUBLISHED" and options.republish == "same_id":
        return ok({"id": container.published_id})
    if status == "IN_PROGRESS" and options.early_publish == "9007":
        return refuse(world, call, "not_ready")
    if status != "FINISHED" or container.carousel_item:
        return refuse(world, call, "media_not_found", id=creation_id)
    if account.activity_restricted:
        return refuse(world, call, "activity_restricted")
    if any(not _child_good(world, call, child) for child in container.children):
        return refuse(world, call, "carousel_children", ids=", ".join(container.children))
    reply_to = container.params.get("reply_to_id")
    if reply_to and world.post(reply_to) is None:
        return refuse(world, call, "media_not_found", id=reply_to)
    refused = _quota(world, call, "replies" if reply_to else "posts") or _duplicate(world, call, container)
    if refused is not None:
        return refused
    post = put_out(world, account, container, call.now)
    if world.publish_refused_after_effect():
        return refuse(world, call, "media_not_found", id=creation_id)
    answer: dict[str, Any] = {"id": post.id}
    if options.crossreshare_in == "publish":
        answer.update(crossreshare(world, container))
    return ok(answer)


def _child_good(world: World, call: Call, child_id: str) -> bool:
    child = world.tables.containers.get(child_id)
    return child is not None and child.status(call.now, world.options.container_lifetime_s) in ("FINISHED", "PUBLISHED")


def _quota(world: World, call: Call, bucket: str) -> Reply | None:
    limit = world.options.quota_posts if bucket == "posts" else world.options.quota_replies
    if world.used(call.account, bucket) >= limit:
        return refuse(world, call, "rate_limit")
    return None


def _duplicate(world: World, call: Call, container: Container) -> Reply | None:
    """Off unless switched: no such refusal has been seen on Threads."""
    if world.options.duplicate_text == "accept" or container.media_type != "TEXT":
        return None
    text = container.params.get("text")
    for post_id in call.account.threads[-20:]:
        post = world.post(post_id)
        if post is not None and text and post.params.get("text") == text:
            return refuse(world, call, "duplicate_text")
    return None


def put_out(world: World, account: Account, container: Container, now: float) -> Post:
    """Makes the post of ``container`` and counts it against the quota."""
    tables = world.tables
    params = _shown_params(world, container, now)
    reply_to = params.get("reply_to_id")
    post = Post(
        id=world.ids.object_id(),
        seq=world.next_seq(),
        account_id=account.id,
        media_type=_READ_TYPE[container.media_type],
        created_at=now,
        visible_at=now + world.lag(account),
        params=params,
        container_id=container.id,
        media=container.media,
        media_content_type=container.media_content_type,
        address=container.address,
        reply_to=reply_to,
    )
    if container.children:
        dropped = world.options.drop_item or magic.asks(container, "drop_item")
        shown = container.children[:-1] if dropped else container.children
        post.children = tuple(_put_out_child(world, account, child, post, now) for child in shown)
    tables.posts[post.id] = post
    container.published_id = post.id
    container.published_at = now
    if reply_to:
        _join_conversation(world, account, post, reply_to)
    elif params.get("is_ghost_post"):
        account.ghosts.append(post.id)
    else:
        account.threads.append(post.id)
    quoted = params.get("quote_post_id")
    if quoted and quoted in tables.posts:
        tables.posts[quoted].quotes += 1
    world.use(account, "replies" if reply_to else "posts")
    world.changed = True
    world.announce(post)
    return post


def _shown_params(world: World, container: Container, now: float) -> dict[str, Any]:
    """What of the container becomes live: all of it, unless a switch has Threads lose some of it without a word."""
    options, params = world.options, dict(container.params)
    if options.cut_text is not None and params.get("text"):
        params["text"] = params["text"][: options.cut_text]
    if magic.asks(container, "cut_text"):
        params["text"] = params["text"][: len(params["text"]) // 2]
    video = container.media_type == "VIDEO"
    age = now - container.created_at
    detached = {
        "never": False,
        "young_video": video and age < YOUNG_VIDEO_S,
        "video": video,
        "all": True,
    }[options.detach_reply]
    early = video and age < options.detach_early_video_reply_s
    if detached or early or magic.asks(container, "detach_reply"):
        params.pop("reply_to_id", None)
    return params


def _put_out_child(world: World, account: Account, child_id: str, parent: Post, now: float) -> str:
    child = world.tables.containers[child_id]
    post = Post(
        id=world.ids.object_id(),
        seq=world.next_seq(),
        account_id=account.id,
        media_type=_READ_TYPE[child.media_type],
        created_at=now,
        visible_at=parent.visible_at,
        params={**child.params, "is_spoiler_media": True} if parent.params.get("is_spoiler_media") else child.params,
        container_id=child.id,
        media=child.media,
        media_content_type=child.media_content_type,
        address=child.address,
        is_child=True,
    )
    world.tables.posts[post.id] = post
    child.published_id = post.id
    child.published_at = now
    return post.id


def _join_conversation(world: World, account: Account, post: Post, reply_to: str) -> None:
    target = world.tables.posts[reply_to]
    post.root = target.root or target.id
    target.replies.append(post.id)
    account.replies.append(post.id)
    root = world.tables.posts.get(post.root)
    if root is not None and root.params.get("enable_reply_approvals") and root.account_id != account.id:
        post.approval = "pending"
