"""Look-ups beyond one's own posts: locations, keywords, mentions, public profiles, oEmbed.

With standard access they are crippled as Meta documents: keyword search sees only one's own posts, mentions only
those of testers, profiles only Meta's own four, locations only Menlo Park.
"""

from __future__ import annotations

import re
from html import escape
from typing import Any

from treadle_sandbox.access import refuse
from treadle_sandbox.answers import Reply, ok
from treadle_sandbox.ids import shortcode
from treadle_sandbox.lists import post_list
from treadle_sandbox.model import Account, Post
from treadle_sandbox.places import MENLO_PARK, PLACES, Place, place
from treadle_sandbox.reading import permalink, picture, selection_of
from treadle_sandbox.wire import Call
from treadle_sandbox.world import World

STANDARD_PROFILES = ("meta", "threads", "instagram", "facebook")
PLACE_FIELDS = tuple(place("0"))
PUBLIC_PROFILE_FIELDS = (
    "id",
    "username",
    "name",
    "profile_picture_url",
    "biography",
    "is_verified",
    "follower_count",
    "likes_count",
    "quotes_count",
    "reposts_count",
    "replies_count",
    "views_count",
)


def _standard(world: World, call: Call) -> bool:
    return world.tables.apps[call.token.app_id].access == "standard"


def _spend(world: World, call: Call, bucket: str, limit: int) -> Reply | None:
    if world.used(call.account, bucket) >= limit:
        return refuse(world, call, "rate_limit")
    world.use(call.account, bucket)
    return None


def location_search(world: World, call: Call) -> Reply:
    """``q``, or ``latitude`` with ``longitude``; default fields ``id`` and ``name`` (the defaults are a guess)."""
    refused = _spend(world, call, "location_search", world.options.quota_location_search)
    if refused is not None:
        return refused
    query = (call.text("q") or call.text("query")).strip().lower()
    if not query and not (call.has("latitude") and call.has("longitude")):
        return refuse(world, call, "param_required", name="q")
    chosen: list[Place]
    if _standard(world, call):
        chosen = [MENLO_PARK]
    elif query:
        chosen = [found for found in PLACES if query in found.name.lower()]
    else:
        try:
            here = float(call.text("latitude")), float(call.text("longitude"))
        except ValueError:
            return refuse(world, call, "param_invalid", name="latitude")
        chosen = sorted(PLACES, key=lambda p: (p.latitude - here[0]) ** 2 + (p.longitude - here[1]) ** 2)[:3]
    names = _place_fields(world, call)
    if isinstance(names, Reply):
        return names
    return ok({"data": [_place_row(found.id, names) for found in chosen]})


def _place_fields(world: World, call: Call) -> list[str] | Reply:
    """The fields asked for; ``id`` and ``name`` when none are."""
    selection = selection_of(world, call)
    if isinstance(selection, Reply):
        return selection
    names = [name for name, _ in selection] or ["id", "name"]
    unknown = next((name for name in names if name not in PLACE_FIELDS), None)
    return names if unknown is None else refuse(world, call, "nonexisting_field", name=unknown)


def _place_row(location_id: str, names: list[str]) -> dict[str, Any]:
    facts = place(location_id)
    return {name: facts[name] for name in dict.fromkeys([*names, "id"]) if facts[name] != ""}


def read_place(world: World, call: Call) -> Reply | None:
    """``GET /{location}``, if the node is a known place."""
    if not any(found.id == call.node for found in PLACES):
        return None
    names = _place_fields(world, call)
    if isinstance(names, Reply):
        return names
    return ok(_place_row(call.node, names))


def keyword_search(world: World, call: Call) -> Reply:
    """``q`` in the text, or with ``search_mode=TAG`` as the topic tag; an empty result costs no quota."""
    query = call.text("q").strip()
    if not query:
        return refuse(world, call, "param_required", name="q")
    kind, mode = call.reference("search_type").upper() or "TOP", call.reference("search_mode").upper() or "KEYWORD"
    if kind not in ("TOP", "RECENT"):
        return refuse(world, call, "param_choice", name="search_type", choices="TOP, RECENT", value=kind)
    if mode not in ("KEYWORD", "TAG"):
        return refuse(world, call, "param_choice", name="search_mode", choices="KEYWORD, TAG", value=mode)
    if world.used(call.account, "keyword_search") >= world.options.quota_keyword_search:
        return refuse(world, call, "rate_limit")
    own_only = _standard(world, call)
    wanted = query.lower().lstrip("#") if mode == "TAG" else query.lower()
    media_type = call.reference("media_type").upper()
    media_type = {"TEXT": "TEXT_POST", "CAROUSEL": "CAROUSEL_ALBUM"}.get(media_type, media_type)
    author = call.reference("author_username").lstrip("@").lower()

    def matches(post: Post) -> bool:
        writer = world.tables.accounts[post.account_id]
        if (own_only and writer.id != call.account.id) or (writer.private and writer.id != call.account.id):
            return False
        if post.is_child or post.reposted or (media_type and post.media_type != media_type):
            return False
        if author and writer.username.lower() != author:
            return False
        if mode == "TAG":
            return bool(post.params.get("topic_tag", "").lower() == wanted)
        return wanted in post.params.get("text", "").lower()

    found = [post.id for post in world.tables.posts.values() if post.deleted_at is None and matches(post)]
    if found:
        world.use(call.account, "keyword_search")
    call.account.searched.append({"query": query, "timestamp": int(call.now * 1000)})
    if kind == "TOP":
        found = [i for i in found if world.tables.posts[i].reply_to is None]  # a guess at "top"
    return post_list(world, call, found)


def mentions(world: World, call: Call) -> Reply:
    """Posts that name the caller; with standard access only those of testers."""
    account: Account = call.account
    name = f"@{account.username.lower()}"
    standard = _standard(world, call)

    def names_me(post: Post) -> bool:
        writer = world.tables.accounts[post.account_id]
        if writer.id == account.id or writer.private or (standard and writer.tester != "accepted"):
            return False
        words = post.params.get("text", "").lower().replace(",", " ").replace(".", " ").split()
        return name in words

    return post_list(world, call, [p.id for p in world.tables.posts.values() if p.deleted_at is None and names_me(p)])


def _public_profile(world: World, call: Call) -> Account | Reply:
    refused = _spend(world, call, "profile_lookup", world.options.quota_profile_lookup)
    if refused is not None:
        return refused
    username = call.text("username").lstrip("@")
    if not username:
        return refuse(world, call, "param_required", name="username")
    if _standard(world, call) and username.lower() not in STANDARD_PROFILES:
        return refuse(world, call, "access_tier")
    account = world.tables.accounts.get(world.usernames.get(username.lower(), ""))
    if account is None and username.lower() in STANDARD_PROFILES:
        account = world.add_account(username.lower(), name=username.title(), is_verified=True, followers=1_000_000)
    if account is None or account.private or account.followers < world.options.min_insight_followers:
        return refuse(world, call, "unknown_object", verb="get", id=username)
    return account


def profile_lookup(world: World, call: Call) -> Reply:
    """Public numbers of a public profile with at least 100 followers."""
    account = _public_profile(world, call)
    if isinstance(account, Reply):
        return account
    posts = [post for post_id in account.threads if (post := world.post(post_id)) is not None]
    facts: dict[str, Any] = {
        "id": account.id,
        "username": account.username,
        "name": account.name,
        "profile_picture_url": picture(world, call, account),
        "biography": account.biography,
        "is_verified": account.is_verified,
        "follower_count": account.followers,
        "likes_count": sum(post.likes for post in posts),
        "quotes_count": sum(post.quotes for post in posts),
        "reposts_count": sum(post.reposts for post in posts),
        "replies_count": sum(len(post.replies) for post in posts),
        "views_count": sum(post.views for post in posts),
    }
    selection = selection_of(world, call)
    if isinstance(selection, Reply):
        return selection
    for name, _ in selection:
        if name not in PUBLIC_PROFILE_FIELDS:
            return refuse(world, call, "nonexisting_field", name=name)
    names = [name for name, _ in selection] or list(PUBLIC_PROFILE_FIELDS)
    return ok({name: facts[name] for name in names if facts[name] != ""})


def profile_posts(world: World, call: Call) -> Reply:
    """Posts of a public profile, newest first."""
    account = _public_profile(world, call)
    return account if isinstance(account, Reply) else post_list(world, call, account.threads)


_OFFICIAL = re.compile(
    r"https://(?:www\.)?threads\.(?:com|net)/@(?:" + "|".join(STANDARD_PROFILES) + r")/post/([\w-]{1,20})/?", re.ASCII
)


def _embed(address: str, code: str) -> str:
    """The card as Meta's example has it: the frame, the link, the words; Meta's mark and its script are left out."""
    return (
        f'<blockquote class="text-post-media" data-text-post-permalink="{address}" data-text-post-version="0"'
        f' id="ig-tp-{code}" style=" background:#FFF; border-width: 1px; border-style: solid;'
        " border-color: #00000026; border-radius: 16px; max-width:658px; margin: 1px; min-width:270px; padding:0;"
        ' width:99.375%; width:-webkit-calc(100% - 2px); width:calc(100% - 2px);"> '
        f'<a href="{address}" style=" background:#FFFFFF; line-height:0; padding:0 0; text-align:center;'
        ' text-decoration:none; width:100%; font-family: -apple-system, BlinkMacSystemFont, sans-serif;"'
        ' target="_blank"> <div style=" padding: 40px; display: flex; flex-direction: column; align-items: center;">'
        '<div style=" font-size: 15px; line-height: 21px; font-weight: 600; color: #000000;"> View on Threads'
        "</div></div></a></blockquote>"
    )


def oembed(world: World, call: Call) -> Reply:
    """``GET /oembed?url=``; since March 2026 without a token. Meta's own profiles have every post one asks for."""
    url = call.text("url")
    if not url:
        return refuse(world, call, "param_required", name="url")
    official = _OFFICIAL.fullmatch(url)
    code = official[1] if official else None
    for post in world.tables.posts.values():
        if post.deleted_at is None and not post.is_child and url.rstrip("/").endswith(permalink(world, post)[-14:]):
            code = shortcode(post.id)
    if code is not None:
        return ok({"type": "rich", "version": "1.0", "html": _embed(escape(url), code), "provider_name": "Threads",
                   "provider_url": "https://www.threads.net/", "width": 658})  # fmt: skip
    return refuse(world, call, "unknown_object", verb="get", id=url)
