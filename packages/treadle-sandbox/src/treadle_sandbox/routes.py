"""Which path and method means what. One table; the handlers are in the modules named for what they answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from treadle_sandbox import insights, lookups, media, oauth, replies
from treadle_sandbox.access import admit, is_self, refuse
from treadle_sandbox.answers import Reply, ok
from treadle_sandbox.lists import post_list
from treadle_sandbox.publish import publish
from treadle_sandbox.quotas import publishing_limit
from treadle_sandbox.reading import read_container, read_post, read_profile
from treadle_sandbox.wire import Call
from treadle_sandbox.world import World

Handler = Callable[[World, Call], "Reply | Awaitable[Reply]"]


@dataclass(frozen=True, slots=True)
class Route:
    """``endpoint`` is the name faults use; ``scope`` the permission, empty when the handler judges the token itself;
    ``own``: the node must be the caller."""

    endpoint: str
    scope: str
    handler: Handler
    own: bool = False


def _threads(world: World, call: Call) -> Reply:
    return post_list(world, call, call.account.threads)


def _user_replies(world: World, call: Call) -> Reply:
    return post_list(world, call, call.account.replies)


def _ghosts(world: World, call: Call) -> Reply:
    return post_list(world, call, call.account.ghosts)


def _unknown(world: World, call: Call) -> Reply:
    return refuse(world, call, "unknown_object", verb=call.method.lower(), id=call.node)


def _unknown_edge(world: World, call: Call) -> Reply:
    """A wrong edge is read as a field that does not exist, as seen with ``/me/threads_mentions``."""
    return refuse(world, call, "nonexisting_field", name=call.segments[1])


def _unknown_path(world: World, call: Call) -> Reply:
    return refuse(world, call, "unknown_path", path="/".join(call.segments))


def _node(world: World, call: Call) -> Reply:
    node = call.node
    tables = world.tables
    known = node in tables.containers or world.post(node) is not None
    if known and world.options.object_reads == "authorization_error":
        return refuse(world, call, "authorization_error")
    if (container := tables.containers.get(node)) is not None and container.account_id == call.account.id:
        if call.now < container.created_at + world.options.container_lag_s:
            return refuse(world, call, "media_not_found", id=node)
        return read_container(world, call, container)
    if is_self(call, node):
        return read_profile(world, call, call.account)
    post = world.post(node)
    if post is not None and replies.may_read(world, call, post):
        return read_post(world, call, post)
    return lookups.read_place(world, call) or _unknown(world, call)


def _delete(world: World, call: Call) -> Reply:
    post = world.post(call.node)
    if post is None or post.account_id != call.account.id or post.is_child:
        return _unknown(world, call)
    if world.used(call.account, "deletes") >= world.options.quota_deletes:
        return refuse(world, call, "rate_limit")
    world.use(call.account, "deletes")
    replies.remove(world, post, call.now)
    if world.options.delete_says_false:
        return ok({"success": False})
    return ok({"success": True, "deleted_id": post.id})


BASIC, WRITE = "threads_basic", "threads_content_publish"
USER_EDGES: dict[tuple[str, str], Route] = {
    ("POST", "threads"): Route("create", WRITE, media.create),
    ("GET", "threads"): Route("list", BASIC, _threads, own=True),
    ("POST", "threads_publish"): Route("publish", WRITE, publish),
    ("GET", "threads_publishing_limit"): Route("limit", BASIC, publishing_limit, own=True),
    ("GET", "replies"): Route("list", "threads_read_replies", _user_replies, own=True),
    ("GET", "mentions"): Route("list", "threads_manage_mentions", lookups.mentions, own=True),
    ("GET", "threads_insights"): Route("insights", "threads_manage_insights", insights.user_insights, own=True),
    ("GET", "ghost_posts"): Route("list", BASIC, _ghosts, own=True),
}
POST_EDGES: dict[tuple[str, str], Route] = {
    ("GET", "insights"): Route("insights", "threads_manage_insights", insights.media_insights),
    ("GET", "replies"): Route("replies", "threads_read_replies", replies.replies),
    ("GET", "conversation"): Route("replies", "threads_read_replies", replies.conversation),
    ("GET", "pending_replies"): Route("replies", "threads_read_replies", replies.pending),
    ("POST", "manage_reply"): Route("manage", "threads_manage_replies", replies.manage),
    ("POST", "manage_pending_reply"): Route("manage", "threads_manage_replies", replies.manage_pending),
    ("POST", "repost"): Route("repost", WRITE, replies.repost),
}
_FIND = "threads_profile_discovery"
ROOTS: dict[tuple[str, str], Route] = {
    ("GET", "location_search"): Route("search", "threads_location_tagging", lookups.location_search),
    ("GET", "keyword_search"): Route("search", "threads_keyword_search", lookups.keyword_search),
    ("GET", "profile_lookup"): Route("search", _FIND, lookups.profile_lookup),
    ("GET", "profile_posts"): Route("search", _FIND, lookups.profile_posts),
    ("GET", "oembed"): Route("read", "", lookups.oembed),
}
_READ = Route("read", BASIC, _node)
_STATUS = Route("status", BASIC, _node)
_DELETE = Route("delete", "threads_delete", _delete)
_NO_EDGE = Route("read", BASIC, _unknown_edge)
_NO_PATH = Route("read", "", _unknown_path)
_NO_METHOD = Route("read", BASIC, _unknown)


def find_route(world: World, call: Call) -> Route:
    """The route of a call whose token is already looked up; sets ``call.node``."""
    segments = call.segments
    count = len(segments)
    if count == 1:
        name = segments[0]
        route = ROOTS.get((call.method, name))
        if route is not None:
            return route
        call.node = name
        if call.method == "GET":
            return _STATUS if name in world.tables.containers or _asks_status(call) else _READ
        return _DELETE if call.method == "DELETE" else _NO_METHOD
    if count == 2:
        first, second = segments
        route = ROOTS.get((call.method, f"{first}/{second}"))
        if route is not None:
            return route
        call.node = first
        key = (call.method, second)
        # `replies` and `insights` hang on users and on posts: the node decides.
        if first in world.tables.posts and key in POST_EDGES:
            return POST_EDGES[key]
        return USER_EDGES.get(key) or POST_EDGES.get(key) or _NO_EDGE
    return _NO_PATH


def _asks_status(call: Call) -> bool:
    return "status" in call.text("fields").split(",")


def answer(world: World, call: Call, route: Route) -> Reply | Awaitable[Reply]:
    """Admits the caller and runs the handler."""
    if route.scope:
        refused = admit(world, call, route.scope)
        if refused is not None:
            return refused
        if call.account is None:
            return refuse(world, call, "token_garbage")
        if route.own and not is_self(call, call.node):
            return _unknown(world, call)
    return route.handler(world, call)


def _roots() -> None:
    for method in ("GET", "POST"):
        ROOTS[method, "oauth/access_token"] = Route("token", "", oauth.access_token)
        ROOTS[method, "access_token"] = Route("token", "", oauth.exchange)
        ROOTS[method, "refresh_access_token"] = Route("token", "", oauth.refresh)
        ROOTS[method, "debug_token"] = Route("debug", "", oauth.debug_token)


_roots()
