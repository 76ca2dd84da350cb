"""Creation with media: the file is fetched inside the call for an image, after it for a video, and judged.

A blocked image is the error of the creation itself; anything wrong with a video shows up later as a container in ERROR.
"""

from __future__ import annotations

from collections.abc import Awaitable

from treadle_sandbox.access import refuse
from treadle_sandbox.answers import CONTAINER_NAMES, EFFECT_NAMES, MEDIA_ERRORS, Reply
from treadle_sandbox.create import Draft, created, draft, make_container
from treadle_sandbox.fetcher import Fetched
from treadle_sandbox.model import Container
from treadle_sandbox.publish import put_out
from treadle_sandbox.samples import SAMPLES, address, name_in
from treadle_sandbox.wire import Call
from treadle_sandbox.world import World


def create(world: World, call: Call) -> Reply | Awaitable[Reply]:
    """``POST /{user}/threads``."""
    made = draft(world, call)
    if isinstance(made, Reply):
        return made
    if made.url:
        return _with_media(world, call, made)
    container = make_container(world, call, made)
    if made.media_type == "TEXT" and call.flag("auto_publish_text"):
        return _at_once(world, call, container)
    return created(world, container)


def _at_once(world: World, call: Call, container: Container) -> Reply:
    """``auto_publish_text``: the id in the answer is the post's, there is no container to ask."""
    bucket = "replies" if container.params.get("reply_to_id") else "posts"
    limit = world.options.quota_posts if bucket == "posts" else world.options.quota_replies
    del world.tables.containers[container.id]
    if world.used(call.account, bucket) >= limit:
        return refuse(world, call, "rate_limit")
    post = put_out(world, call.account, container, call.now)
    post.container_id = None
    return Reply(200, {"id": post.id})


async def _with_media(world: World, call: Call, made: Draft) -> Reply:
    if not world.options.fetch_media:
        container = make_container(world, call, made)
        container.ready_at = call.now + world.processing_s(made.media_type, 1_000_000)
        return created(world, container)
    if made.media_type == "VIDEO":
        container = make_container(world, call, made)
        world.fetcher.background.start(_fetch_video(world, container, made.url))
        return created(world, container)
    return await _with_image(world, call, made)


async def _with_image(world: World, call: Call, made: Draft) -> Reply:
    from treadle_sandbox.judge import judge_image

    fetched = await _fetch(world, _source(world, made.url), call.account.id, world.options.max_image_bytes)
    if not fetched.ok:
        reason = fetched.reason
        return refuse(world, call, "media_fetch_failed", url=made.url, reason=reason)
    fault = await judge_image(world.options, fetched)
    if fault is not None and world.options.image_verdict == "create" and fault != "UNKNOWN":
        fetched.discard()
        reason = "Only photo or video can be accepted as media type."
        return refuse(world, call, fault, limit="8 MiB", url=made.url, reason=reason)
    container = make_container(world, call, made)
    container.error = container.error or (None if fault is None else "UNKNOWN")
    _keep(world, container, fetched)
    # Meta's own sample makes the carousel right after its pictures, without waiting: a picture that is an item is
    # ready when the call that fetched it ends.
    wait = 0.0 if made.carousel_item else world.processing_s("IMAGE", fetched.size)
    container.ready_at = world.now() + wait
    return created(world, container)


async def _fetch_video(world: World, container: Container, url: str) -> None:
    from treadle_sandbox.judge import judge_video

    fetched = await _fetch(world, _source(world, url), container.account_id, world.options.max_video_bytes)
    if fetched.ok:
        container.error = container.error or await judge_video(world.options, fetched)
        _keep(world, container, fetched)
        size = fetched.size
    else:
        container.error = container.error or ("UNKNOWN" if fetched.blocked else "FAILED_DOWNLOADING_VIDEO")
        size = 0
    container.ready_at = world.now() + world.processing_s("VIDEO", size)
    world.changed = True


def _source(world: World, url: str) -> str:
    """The address to fetch: a word in a sample's place (``https://sandbox.test/INVALID_BIT_RATE.mp4``) is about the
    outcome, the file itself is a good one."""
    name = name_in(url)
    if name is None or name in SAMPLES or not world.options.magic:
        return url
    stem, _, kind = name.rpartition(".")
    known = stem in (*MEDIA_ERRORS, *EFFECT_NAMES, *CONTAINER_NAMES[:2])
    return address(f"good.{'mp4' if kind == 'mp4' else 'jpg'}") if known else url


async def _fetch(world: World, url: str, account_id: str, largest: int) -> Fetched:
    """What the crawler brings: up to one byte more than is allowed, so that too large a file is known for one."""
    fault = world.faults.pick("media_fetch", account_id) if world.faults else None
    return await world.fetcher.fetch(url, largest + 1, world.options, fault)


def _keep(world: World, container: Container, fetched: Fetched) -> None:
    """Keeps the file of a good container, so that the page and ``media_url`` can show it."""
    if container.error is not None:
        fetched.discard()
        return
    container.media = world.fetcher.keep(container.id, fetched)
    container.media_content_type = fetched.content_type
