"""Conversations: reading replies, hiding and approving them, reposting, deleting."""

from __future__ import annotations

from treadle_sandbox.access import refuse
from treadle_sandbox.answers import Reply, ok
from treadle_sandbox.lists import post_list
from treadle_sandbox.model import Post
from treadle_sandbox.wire import Call
from treadle_sandbox.world import World


def may_read(world: World, call: Call, post: Post) -> bool:
    """Own posts, posts in own conversations, and public posts an app found by search, mention or profile."""
    if post.account_id == call.account.id:
        return True
    root = world.tables.posts.get(post.root or post.id)
    if root is not None and root.account_id == call.account.id:
        return True
    author = world.tables.accounts[post.account_id]
    return not author.private and bool(
        {"threads_keyword_search", "threads_manage_mentions", "threads_profile_discovery"} & set(call.token.scopes)
    )


def _post(world: World, call: Call) -> Post | Reply:
    post = world.post(call.node)
    if post is None or not may_read(world, call, post):
        return refuse(world, call, "unknown_object", verb=call.method.lower(), id=call.node)
    return post


def _newest_first(call: Call) -> bool:
    """``reverse`` is true unless said otherwise: newest first."""
    return call.flag("reverse") is not False


def replies(world: World, call: Call) -> Reply:
    """Direct replies, without those that wait for approval."""
    post = _post(world, call)
    if isinstance(post, Reply):
        return post
    return post_list(world, call, post.replies, keep=_shown, newest_first=_newest_first(call))


def _shown(post: Post) -> bool:
    return post.approval in (None, "approved")


def conversation(world: World, call: Call) -> Reply:
    """Everything below a post, flat, in order of time."""
    post = _post(world, call)
    if isinstance(post, Reply):
        return post
    found: list[Post] = []
    waiting = [*post.replies]
    while waiting:
        reply = world.tables.posts[waiting.pop()]
        found.append(reply)
        waiting.extend(reply.replies)
    found.sort(key=lambda reply: reply.seq)
    ids = [reply.id for reply in found]
    return post_list(world, call, ids, keep=_shown, newest_first=_newest_first(call))


def pending(world: World, call: Call) -> Reply:
    """``approval_status`` is ``pending`` or ``ignored``, in small letters."""
    post = _post(world, call)
    if isinstance(post, Reply):
        return post
    wanted = call.text("approval_status")
    if wanted and wanted not in ("pending", "ignored"):
        return refuse(world, call, "param_choice", name="approval_status", choices="pending, ignored", value=wanted)
    states = (wanted,) if wanted else ("pending", "ignored")
    return post_list(
        world, call, post.replies, keep=lambda reply: reply.approval in states, newest_first=_newest_first(call)
    )


def _own_conversation(world: World, call: Call) -> Post | Reply:
    """The reply named by the path, if its root is the caller's."""
    reply = world.post(call.node)
    root = world.tables.posts.get(reply.root or "") if reply is not None else None
    if reply is None or root is None or root.account_id != call.account.id:
        return refuse(world, call, "unknown_object", verb="post", id=call.node)
    return reply


def manage(world: World, call: Call) -> Reply:
    """Hides or shows a top-level reply."""
    reply = _own_conversation(world, call)
    if isinstance(reply, Reply):
        return reply
    hide = call.flag("hide")
    if hide is None:
        return refuse(world, call, "param_required", name="hide")
    if reply.reply_to != reply.root:
        return refuse(world, call, "param_invalid", name="hide")  # only top-level replies; the form is a guess
    reply.hide_status = "HIDDEN" if hide else "UNHUSHED"
    world.changed = True
    return ok({"success": True})


def manage_pending(world: World, call: Call) -> Reply:
    """Lets a waiting reply be seen, or ignores it."""
    reply = _own_conversation(world, call)
    if isinstance(reply, Reply):
        return reply
    approve = call.flag("approve")
    if approve is None:
        return refuse(world, call, "param_required", name="approve")
    if reply.approval is None:
        return refuse(world, call, "param_invalid", name="approve")
    reply.approval = "approved" if approve else "ignored"
    world.changed = True
    return ok({"success": True})


def repost(world: World, call: Call) -> Reply:
    """A new object of type REPOST_FACADE in the reposter's list."""
    target = _post(world, call)
    if isinstance(target, Reply):
        return target
    account = call.account
    if account.restricted:
        return refuse(world, call, "user_restricted")
    if world.used(account, "posts") >= world.options.quota_posts:
        return refuse(world, call, "rate_limit")
    made = Post(
        id=world.ids.object_id(),
        seq=world.next_seq(),
        account_id=account.id,
        media_type="REPOST_FACADE",
        created_at=call.now,
        visible_at=call.now + world.lag(account),
        params={},
        reposted=target.id,
    )
    world.tables.posts[made.id] = made
    account.threads.append(made.id)
    target.reposts += 1
    world.use(account, "posts")
    world.changed = True
    return ok({"id": made.id})


def remove(world: World, post: Post, now: float) -> None:
    """Deletes a post and its carousel children; replies to it stay, without their parent."""
    account = world.tables.accounts[post.account_id]
    post.deleted_at = now
    for child in post.children:
        world.tables.posts[child].deleted_at = now
    for ids in (account.threads, account.replies, account.ghosts):
        if post.id in ids:
            ids.remove(post.id)
    world.changed = True
    if world.on_delete is not None:
        world.on_delete(post)
