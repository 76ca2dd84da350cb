"""``POST /{user}/threads``: judging the parameters and making a container."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from treadle_sandbox import magic
from treadle_sandbox.access import check_scope, is_self, refuse
from treadle_sandbox.answers import Reply, ok
from treadle_sandbox.attachments import is_url, judge
from treadle_sandbox.model import MEDIA_TYPES, Account, Container
from treadle_sandbox.wire import Call
from treadle_sandbox.world import World
from treadle_threads.options import OPTIONS, TEXT_ONLY, LongText, Option, Switch
from treadle_threads.text import TEXT_LIMIT, count_text, links, topic_tag

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
    if world.options.reply_token_in_query == "empty_500" and call.query_token and call.reference("reply_to_id"):
        return refuse(world, call, "empty")  # seen once; with the token in the body it went through
    media_type = _media_type(world, call)
    if isinstance(media_type, Reply):
        return media_type
    made = Draft(media_type, carousel_item=call.flag("is_carousel_item") is True)
    for check in (_text, _media, _options, _together, _links):
        refused = check(world, call, made)
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
    instead = any(option.instead_of_text and call.has(name) for name, option in OPTIONS.items())
    if not text:
        if made.media_type == "TEXT" and not instead:
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


def _options(world: World, call: Call, made: Draft) -> Reply | None:
    """Every option of the table against its limits. What the type of post cannot have is ignored, but for a switch that
    only a text can have."""
    for name, option in OPTIONS.items():
        if not call.has(name):
            continue
        if made.media_type not in option.applies_to:
            if option.applies_to == TEXT_ONLY and isinstance(option.kind, Switch) and call.flag(name):
                return refuse(world, call, "param_invalid", name=name)
            continue
        value = _value(world, call, option, made.params.get("text", ""))
        if isinstance(value, Reply):
            return value
        if value:
            made.params[name] = value
    return None


def _value(world: World, call: Call, option: Option, text: str) -> Any:
    if option.name == "reply_to_id":
        return _reply_to(world, call)
    value = judge(world, call, option, text)
    if value and option.scope and option.scope_source and option.scope_source.basis == "documented":
        return check_scope(world, call, option.scope) or value
    return value


def _together(world: World, call: Call, made: Draft) -> Reply | None:
    """What excludes each other; the one named later in the table is said to be wrong."""
    given = [name for name in OPTIONS if name in made.params]
    for name in given:
        for other in OPTIONS[name].not_with:
            if other in given:
                return refuse(world, call, "param_invalid", name=max(name, other, key=given.index))
    return None


def _links(world: World, call: Call, made: Draft) -> Reply | None:
    """The links count over all of a post; it has one attached link."""
    text = made.params.get("text", "")
    found = links(text) if "://" in text or "www." in text.lower() else []
    link = made.params.get("link_attachment")
    inner = [
        (name, made.params[name]["link_attachment_url"])
        for name, option in OPTIONS.items()
        if isinstance(option.kind, LongText) and made.params.get(name, {}).get("link_attachment_url")
    ]
    if link and inner:
        return refuse(world, call, "param_invalid", name=inner[0][0])
    found = [*found, *([link] if link else []), *(address for _, address in inner)]
    return refuse(world, call, "link_limit") if len(set(found)) > world.options.max_links else None


def _reply_to(world: World, call: Call) -> str | Reply | None:
    """An id that was never one is a wrong parameter; a deleted or just published post is not found, for now."""
    if world.options.undefined == "refuse" and call.text("reply_to_id") == "undefined":
        return refuse(world, call, "reply_to_invalid")
    reply_to = call.reference("reply_to_id")
    if not reply_to:
        return None
    target = world.tables.posts.get(reply_to)
    if target is None or target.is_child:
        return refuse(world, call, "reply_to_invalid")
    if target.deleted_at is not None or target.created_at + world.options.publish_lag_s > call.now:
        return refuse(world, call, "media_not_found", id=reply_to)
    root = world.tables.posts.get(target.root or target.id)
    own = call.account.id in (target.account_id, root.account_id if root else None)
    if own:
        return reply_to
    # Answering others: the root is the user's own, or the app may search or see mentions (December 2025).
    scopes = call.token.scopes
    if "threads_keyword_search" in scopes or "threads_manage_mentions" in scopes:
        return reply_to
    return refuse(world, call, "permission_missing")


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
        address=made.url,
    )
    if world.options.magic:
        magic.leave(call, container)
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
    """What the answer says of the options that no read returns: the Instagram story fails without a linked account."""
    failed = world.options.story_share_failed or magic.asks(container, "story_share_failed")
    linked = world.tables.accounts[container.account_id].linked_instagram and not failed
    return {
        option.reads: "SUCCESS" if linked else "FAILED"
        for name, option in OPTIONS.items()
        if option.read_from == "answer" and container.params.get(name)
    }
