"""``POST /{user}/threads``: judging the parameters and making a container."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from treadle_sandbox import attachments
from treadle_sandbox.answers import Reply, ok
from treadle_sandbox.gate import check_scope, is_self, refuse
from treadle_sandbox.model import MEDIA_TYPES, Account, Container
from treadle_sandbox.wire import Call
from treadle_sandbox.world import World
from treadle_threads.text import ALT_TEXT_LIMIT, TAG_LIMIT, TEXT_LIMIT, count_text, links, topic_tag

REPLY_CONTROLS = (
    "everyone",
    "accounts_you_follow",
    "mentioned_only",
    "parent_post_author_only",
    "followers_only",
)
MIN_CHILDREN, MAX_CHILDREN = 2, 20


@dataclass(slots=True)
class Draft:
    """What a creation asks for, once it has been found good."""

    media_type: str
    params: dict[str, Any] = field(default_factory=dict)
    url: str = ""
    children: tuple[str, ...] = ()
    carousel_item: bool = False


def draft(world: World, call: Call) -> Draft | Reply:
    """Every documented parameter against every documented limit; the first fault found is the answer."""
    account: Account = call.account
    if not is_self(call, call.node):
        return refuse(world, call, "media_not_found", id=call.node)
    if account.restricted:
        return refuse(world, call, "user_restricted")
    if account.activity_restricted:
        return refuse(world, call, "activity_restricted")
    media_type = _media_type(world, call)
    if isinstance(media_type, Reply):
        return media_type
    made = Draft(media_type, carousel_item=call.flag("is_carousel_item") is True)
    for judge in (_text, _media, _audience, _references, _switches, _text_only):
        refused = judge(world, call, made)
        if refused is not None:
            return refused
    return made


def _media_type(world: World, call: Call) -> str | Reply:
    value = call.reference("media_type").upper()
    if not value:
        if call.has("video_url"):
            return "VIDEO"
        if call.has("image_url"):
            return "IMAGE"
        return refuse(world, call, "param_required", name="media_type")
    if value not in MEDIA_TYPES:
        choices = ", ".join(MEDIA_TYPES)
        return refuse(world, call, "param_choice", name="media_type", choices=choices, value=call.text("media_type"))
    return value


def _text(world: World, call: Call, made: Draft) -> Reply | None:
    text = call.text("text")
    has_attachment = call.has("text_attachment") or call.has("poll_attachment") or call.has("gif_attachment")
    if not text:
        if made.media_type == "TEXT" and not has_attachment and not call.has("link_attachment"):
            return refuse(world, call, "text_required")
        return None
    if count_text(text, world.options.count) > TEXT_LIMIT:
        return refuse(world, call, "text_too_long")
    if made.carousel_item:
        return None  # Postiz sends it on children; Threads keeps the parent's
    made.params["text"] = text
    if "#" in text:
        tag = topic_tag(text)
        if tag:
            made.params["topic_tag"] = tag
    return None


def _media(world: World, call: Call, made: Draft) -> Reply | None:
    if made.media_type in ("IMAGE", "VIDEO"):
        name = "image_url" if made.media_type == "IMAGE" else "video_url"
        url = call.reference(name).strip()
        if not url:
            return refuse(world, call, "param_required", name=name)
        if not is_url(url):
            return refuse(world, call, "image_url_invalid" if name == "image_url" else "url_invalid", name=name)
        made.url = url
    elif made.media_type == "CAROUSEL":
        refused = _children(world, call, made)
        if refused is not None:
            return refused
    if call.has("alt_text") and made.media_type != "TEXT":
        alt = call.text("alt_text")
        if len(alt) > ALT_TEXT_LIMIT:
            return refuse(world, call, "param_too_long", name="alt_text", limit=ALT_TEXT_LIMIT)
        made.params["alt_text"] = alt
    if call.flag("is_spoiler_media") and made.media_type != "TEXT":
        made.params["is_spoiler_media"] = True
    return None


def _children(world: World, call: Call, made: Draft) -> Reply | None:
    ids = call.items("children")
    if not ids:
        return refuse(world, call, "param_required", name="children")
    if not MIN_CHILDREN <= len(ids) <= MAX_CHILDREN:
        return refuse(world, call, "param_invalid", name="children")
    options = world.options
    wrong = []
    for child_id in ids:
        child = world.tables.containers.get(child_id)
        status = child.status(call.now, options.container_lifetime_s) if child else ""
        good = (
            child is not None
            and child.account_id == call.account.id
            and child.carousel_item
            and child.media_type in ("IMAGE", "VIDEO")
            and not child.lost
            and (status == "FINISHED" or (status == "IN_PROGRESS" and not options.children_finished))
        )
        if not good:
            wrong.append(child_id)
    if wrong or len(set(ids)) != len(ids):
        return refuse(world, call, "carousel_children", ids=", ".join(wrong or ids))
    made.children = tuple(ids)
    return None


def _audience(world: World, call: Call, made: Draft) -> Reply | None:
    control = call.reference("reply_control")
    if control:
        if control.lower() not in REPLY_CONTROLS:
            choices = ", ".join(REPLY_CONTROLS)
            return refuse(world, call, "param_choice", name="reply_control", choices=choices, value=control)
        made.params["reply_control"] = control.lower()
    codes = attachments.countries(world, call)
    if isinstance(codes, Reply):
        return codes
    if codes:
        made.params["allowlisted_country_codes"] = codes
    tag = call.reference("topic_tag").lstrip("#")
    if tag:
        if len(tag) > TAG_LIMIT:
            return refuse(world, call, "param_too_long", name="topic_tag", limit=TAG_LIMIT)
        if "." in tag or "&" in tag:
            return refuse(world, call, "param_invalid", name="topic_tag")
        made.params["topic_tag"] = tag
    return None


def _references(world: World, call: Call, made: Draft) -> Reply | None:
    if world.options.undefined == "refuse" and call.text("reply_to_id") == "undefined":
        return refuse(world, call, "reply_to_invalid")
    reply_to = call.reference("reply_to_id")
    if reply_to:
        refused = _reply_to(world, call, reply_to)
        if refused is not None:
            return refused
        made.params["reply_to_id"] = reply_to
    quoted = call.reference("quote_post_id")
    if quoted:
        if world.post(quoted) is None:
            return refuse(world, call, "media_param_invalid", name="quote_post_id")
        made.params["quote_post_id"] = quoted
    location = call.reference("location_id")
    if location:
        refused = check_scope(world, call, "threads_location_tagging")
        if refused is not None:
            return refused
        if not location.isdigit():
            return refuse(world, call, "param_invalid", name="location_id")
        made.params["location_id"] = location
    return None


def _reply_to(world: World, call: Call, reply_to: str) -> Reply | None:
    """An id that was never one is a wrong parameter; a deleted or just published post is not found, for now."""
    target = world.tables.posts.get(reply_to)
    if target is None or target.is_child:
        return refuse(world, call, "reply_to_invalid")
    if target.deleted_at is not None or target.created_at + world.options.publish_lag_s > call.now:
        return refuse(world, call, "media_not_found", id=reply_to)
    root = world.tables.posts.get(target.root or target.id)
    own = call.account.id in (target.account_id, root.account_id if root else None)
    if own:
        return None
    # Answering others: the root is the user's own, or the app may search or see mentions (December 2025).
    scopes = call.token.scopes
    if "threads_keyword_search" in scopes or "threads_manage_mentions" in scopes:
        return None
    return refuse(world, call, "permission_missing")


def _switches(world: World, call: Call, made: Draft) -> Reply | None:
    for name in ("enable_reply_approvals", "crossreshare_to_ig", "crossreshare_to_ig_dark_mode"):
        if call.flag(name):
            made.params[name] = True
    if made.params.get("crossreshare_to_ig") or made.params.get("crossreshare_to_ig_dark_mode"):
        return check_scope(world, call, "threads_share_to_instagram")
    return None


def _text_only(world: World, call: Call, made: Draft) -> Reply | None:
    """What only a text post can have, and the links, which count over all of it."""
    text = made.params.get("text", "")
    entities = attachments.text_entities(world, call, text)
    if isinstance(entities, Reply):
        return entities
    if entities:
        made.params["text_entities"] = entities
    found = links(text) if "://" in text or "www." in text.lower() else []
    if made.media_type == "TEXT":
        for name, judge in (
            ("poll_attachment", attachments.poll),
            ("gif_attachment", attachments.gif),
            ("text_attachment", attachments.text_attachment),
        ):
            if name in call.params:
                value = judge(world, call)
                if isinstance(value, Reply):
                    return value
                if value:
                    made.params[name] = value
        link = call.reference("link_attachment")
        if link:
            if not is_url(link):
                return refuse(world, call, "url_invalid", name="link_attachment")
            made.params["link_attachment"] = link
            found.append(link)
        attachment = made.params.get("text_attachment", {})
        if attachment:
            if "poll_attachment" in made.params or (link and attachment.get("link_attachment_url")):
                return refuse(world, call, "param_invalid", name="text_attachment")
            if attachment.get("link_attachment_url"):
                found.append(attachment["link_attachment_url"])
        if call.flag("is_ghost_post"):
            if "reply_to_id" in made.params or made.params.get("enable_reply_approvals"):
                return refuse(world, call, "param_invalid", name="is_ghost_post")
            made.params["is_ghost_post"] = True
    elif call.flag("is_ghost_post"):
        return refuse(world, call, "param_invalid", name="is_ghost_post")
    if len(set(found)) > world.options.max_links:
        return refuse(world, call, "link_limit")
    return None


def is_url(text: str) -> bool:
    """An absolute http or https address with a host."""
    if any(char.isspace() for char in text):
        return False
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def make_container(world: World, call: Call, made: Draft) -> Container:
    """Stores a container for ``made``; media that must be fetched first has no ``ready_at`` yet."""
    container = Container(
        id=world.ids.object_id(),
        account_id=call.account.id,
        media_type=made.media_type,
        params=made.params,
        created_at=call.now,
        carousel_item=made.carousel_item,
        children=made.children,
    )
    if not made.url:
        container.ready_at = call.now + world.processing_s(made.media_type, 0)
    world.tables.containers[container.id] = container
    world.changed = True
    return container


def created(world: World, container: Container) -> Reply:
    answer: dict[str, Any] = {"id": container.id}
    if world.options.crossreshare_in == "create":
        answer.update(crossreshare(world, container))
    return ok(answer)


def crossreshare(world: World, container: Container) -> dict[str, str]:
    """``crossreshare_to_ig_status``, when an Instagram story was asked for: it fails without a linked account."""
    asked = container.params.get("crossreshare_to_ig") or container.params.get("crossreshare_to_ig_dark_mode")
    if not asked:
        return {}
    linked = world.tables.accounts[container.account_id].linked_instagram
    return {"crossreshare_to_ig_status": "SUCCESS" if linked else "FAILED"}
