"""Fetching and judging media: the crawler's manners, and Meta's own word for each fault."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web

from tests.treadle_sandbox.conftest import Caller, Files, MakeVideo, Start, image

AGENT = "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"


async def verdict(ada: Any, url: str) -> dict[str, Any]:
    """What becomes of a video container."""
    container = (await ada.create(media_type="VIDEO", video_url=url)).id
    for _ in range(500):
        row = ada.sandbox.control.containers()[-1]
        if row["ready_at"] is not None:
            return await ada.done(container)
        await asyncio.sleep(0.01)
    raise AssertionError("the video was never judged")


async def test_an_image_is_fetched_as_meta_does_and_shown(ada: Caller, files: Files) -> None:
    url = files.put("/a.jpg?x=1", None) and files.put("/a.jpg", image())
    container = (await ada.create(media_type="IMAGE", image_url=url, text="a picture", alt_text="blue")).id
    assert files.seen == [("/robots.txt", AGENT), ("/a.jpg", AGENT)]
    assert (await ada.done(container))["status"] == "FINISHED"
    post = (await ada.publish(container)).id
    assert len(files.seen) == 2  # once, at creation
    read = (await ada.get(f"/{post}", fields="media_type,media_url,alt_text")).body
    assert read["media_type"] == "IMAGE"
    kept = await ada.session.get(read["media_url"])
    assert await kept.read() == files.files["/a.jpg"]
    assert kept.content_type == "image/jpeg"


@pytest.mark.parametrize("way", ["missing", "no host", "robots", "redirect loop", "server error"])
async def test_an_image_that_cannot_be_fetched_fails_the_creation(ada: Caller, files: Files, way: str) -> None:
    url = files.put("/a.jpg", image())
    if way == "missing":
        url += ".gone"
    elif way == "no host":
        url = "http://127.0.0.1:9/a.jpg"
    elif way == "robots":
        files.put("/robots.txt", b"User-agent: facebookexternalhit\nDisallow: /")
    elif way == "server error":

        async def broken(request: web.BaseRequest) -> web.Response:
            return web.Response(status=503)

        files.put("/a.jpg", broken)
    else:

        async def again(request: web.BaseRequest) -> web.Response:
            return web.Response(status=302, headers={"Location": "/a.jpg"})

        files.put("/a.jpg", again)
    answer = await ada.create(media_type="IMAGE", image_url=url)
    assert (answer.status, answer.error["code"], answer.error["error_subcode"]) == (400, 1, 2207052)
    assert answer.error["error_user_title"] == "Media download has failed."
    assert answer.error["error_user_msg"].startswith("The media could not be fetched from this URI")
    assert ada.sandbox.control.containers() == []
    if way == "robots":
        assert "Restricted by robots.txt" in answer.error["error_user_msg"]
        assert "/a.jpg" not in files.paths()


async def test_robots_that_let_the_crawler_in(ada: Caller, files: Files) -> None:
    url = files.put("/pictures/a.jpg", image())
    files.put("/robots.txt", b"User-agent: *\nDisallow: /\n\nUser-agent: facebookexternalhit\nAllow: /pictures/")
    assert (await ada.create(media_type="IMAGE", image_url=url)).status == 200


async def test_redirects_are_followed(ada: Caller, files: Files) -> None:
    files.put("/a.jpg", image())

    async def elsewhere(request: web.BaseRequest) -> web.Response:
        return web.Response(status=302, headers={"Location": "/a.jpg"})

    assert (await ada.create(media_type="IMAGE", image_url=files.put("/share", elsewhere))).status == 200
    ada.sandbox.control.options(fetch_redirects=0)
    assert (await ada.create(media_type="IMAGE", image_url=files.url + "/share")).status == 400


async def test_a_slow_host_times_out(ada: Caller, files: Files) -> None:
    gate = asyncio.Event()

    async def never(request: web.BaseRequest) -> web.Response:
        await gate.wait()
        return web.Response()

    ada.sandbox.control.options(fetch_timeout_s=0.05)
    answer = await ada.create(media_type="IMAGE", image_url=files.put("/slow.jpg", never))
    assert answer.error["error_subcode"] == 2207052
    gate.set()


async def test_private_addresses_can_be_refused(ada: Caller, files: Files) -> None:
    url = files.put("/a.jpg", image())
    ada.sandbox.control.options(allow_private_media=False)
    assert (await ada.create(media_type="IMAGE", image_url=url)).error["error_subcode"] == 2207052
    assert files.seen == []


@pytest.mark.parametrize(
    ("body", "code", "subcode"),
    [
        (b"<html>please log in</html>", 9004, 2207052),
        (image("GIF"), 36001, 2207005),
        (image("BMP"), 36001, 2207005),
        (image("PNG", (660, 60)), 36003, 2207009),
        (image("JPEG") + bytes(8_388_609), 36000, 2207004),
    ],
    ids=["a login page", "GIF", "BMP", "11 to 1", "over 8 MiB"],
)
async def test_wrong_images(ada: Caller, files: Files, body: bytes, code: int, subcode: int) -> None:
    answer = await ada.create(media_type="IMAGE", image_url=files.put("/a.jpg", body))
    assert (answer.status, answer.error["code"], answer.error["error_subcode"]) == (400, code, subcode)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
async def test_good_images_whatever_they_are_called(ada: Caller, files: Files, kind: str) -> None:
    assert (await ada.create(media_type="IMAGE", image_url=files.put("/picture", image(kind)))).status == 200


async def test_webp_has_a_switch_and_so_has_where_images_fail(ada: Caller, files: Files) -> None:
    url = files.put("/a.webp", image("WEBP"))
    container = (await ada.create(media_type="IMAGE", image_url=url)).id
    assert await ada.done(container) == {"status": "ERROR", "error_message": "UNKNOWN", "id": container}
    ada.sandbox.control.options(webp="accept")
    assert (await ada.done((await ada.create(media_type="IMAGE", image_url=url)).id))["status"] == "FINISHED"
    ada.sandbox.control.options(image_verdict="status")
    late = (await ada.create(media_type="IMAGE", image_url=files.put("/a.gif", image("GIF")))).id
    assert (await ada.done(late))["error_message"] == "UNKNOWN"


GOOD = {"sound": ("aac", "stereo", 48_000)}


async def test_a_good_video(ada: Caller, files: Files, make_video: MakeVideo) -> None:
    url = files.put("/v.mp4", make_video(**GOOD))
    result = await verdict(ada, url)
    assert result["status"] == "FINISHED"
    post = (await ada.publish(result["id"])).id
    read = (await ada.get(f"/{post}", fields="media_type,media_url,thumbnail_url")).body
    assert read["media_type"] == "VIDEO"
    kept = await ada.session.get(read["media_url"], headers={"Range": "bytes=0-99"})
    assert (kept.status, kept.content_type) == (206, "video/mp4")


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        ({"fps": 12}, "INVALID_FRAME_RATE"),
        ({"fps": 120}, "INVALID_FRAME_RATE"),
        ({"size": (660, 32)}, "INVALID_ASPEC_RATIO"),
        ({"pixels": "yuv444p"}, "FAILED_PROCESSING_VIDEO"),
        ({"codec": "mpeg4"}, "FAILED_PROCESSING_VIDEO"),
        ({"sound": ("aac", "5.1", 48_000)}, "INVALID_AUDIO_CHANNELS"),
        ({"sound": ("aac", "mono", 96_000)}, "FAILED_PROCESSING_AUDIO"),
        ({"sound": ("libmp3lame", "stereo", 44_100)}, "FAILED_PROCESSING_AUDIO"),
        ({"fps": 24, "seconds": 301, "size": (32, 32)}, "INVALID_DURATION"),
        ({"size": (1940, 200), "seconds": 0.1}, "FAILED_PROCESSING_VIDEO"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(f"{k}={v}" for k, v in value.items()),
)
async def test_wrong_videos_end_with_metas_word(
    ada: Caller, files: Files, make_video: MakeVideo, facts: dict[str, Any], word: str
) -> None:
    result = await verdict(ada, files.put("/v.mp4", make_video(**facts)))
    assert (result["status"], result["error_message"]) == ("ERROR", word)
    assert (await ada.publish(result["id"])).error["error_subcode"] == 4279009


@pytest.mark.parametrize(
    ("switch", "facts"),
    [
        ({"accept_hevc": False}, {"codec": "libx265"}),
        ({"max_video_mbps": 0.001}, {}),
        ({"max_audio_kbps": 0.5}, GOOD),
        ({"max_video_bytes": 1000}, {}),
    ],
    ids=["HEVC", "video bitrate", "audio bitrate", "size"],
)
async def test_video_switches(ada: Caller, files: Files, make_video: MakeVideo, switch: Any, facts: Any) -> None:
    url = files.put("/v.mp4", make_video(**facts))
    assert (await verdict(ada, url))["status"] == "FINISHED"
    ada.sandbox.control.options(**switch)
    assert (await verdict(ada, url))["status"] == "ERROR"


async def test_moov_at_the_end_by_switch(ada: Caller, files: Files, make_video: MakeVideo) -> None:
    """Meta's page wants the index first; Meta's own sample film has it last."""
    url = files.put("/v.mp4", make_video(faststart=False))
    assert (await verdict(ada, url))["status"] == "FINISHED"
    ada.sandbox.control.options(moov_at_end="error")
    assert (await verdict(ada, url))["error_message"] == "FAILED_PROCESSING_VIDEO"


async def test_pictures_of_a_carousel_are_ready_when_their_call_ends(start: Start, files: Files) -> None:
    """Meta's own sample makes the parent at once, without asking for the children's status."""
    ada = await start(processing="real")
    item = {"media_type": "IMAGE", "image_url": files.put("/a.jpg", image()), "is_carousel_item": "true"}
    ids = [(await ada.create(**item)).id for _ in range(2)]
    assert (await ada.create(media_type="CAROUSEL", children=",".join(ids))).status == 200


@pytest.mark.parametrize(
    ("path", "body", "word"),
    [("/v.mp4", None, "FAILED_DOWNLOADING_VIDEO"), ("/v.mp4", b"", "FAILED_PROCESSING_VIDEO"),
     ("/v.mp4", b"<html>", "FAILED_PROCESSING_VIDEO")],
    ids=["not there", "empty", "a page"],
)  # fmt: skip
async def test_no_video_at_all(ada: Caller, files: Files, path: str, body: bytes | None, word: str) -> None:
    assert (await verdict(ada, files.put(path, body)))["error_message"] == word


async def test_a_blocked_video_says_unknown(ada: Caller, files: Files, make_video: MakeVideo) -> None:
    files.put("/robots.txt", b"User-agent: *\nDisallow: /")
    assert (await verdict(ada, files.put("/v.mp4", make_video())))["error_message"] == "UNKNOWN"


async def test_processing_takes_time_by_type_and_size(start: Start, files: Files, make_video: MakeVideo) -> None:
    rule = {"TEXT": 1, "IMAGE": [2, 2], "VIDEO": {"base_s": 10, "per_mb_s": 1000}}
    ada = await start(processing=rule, processing_scale=2.0)
    ada.sandbox.control.freeze()
    body = make_video(**GOOD)
    await ada.create(text="x")
    await ada.create(media_type="IMAGE", image_url=files.put("/a.jpg", image()))
    await ada.create(media_type="VIDEO", video_url=files.put("/v.mp4", body))
    for _ in range(500):
        rows = ada.sandbox.control.containers()
        if all(row["ready_at"] for row in rows):
            break
        await asyncio.sleep(0.01)
    took = [round(row["ready_at"] - row["created_at"], 6) for row in rows]
    assert took == [2.0, 4.0, round(2 * (10 + len(body) / 1000), 6)]


async def test_media_faults(ada: Caller, files: Files) -> None:
    url = files.put("/a.jpg", image())
    control = ada.sandbox.control
    control.fault("media_fetch", status=403)
    assert (await ada.create(media_type="IMAGE", image_url=url)).error["error_subcode"] == 2207052
    control.fault("media_fetch", drop=True, nth=2)
    assert (await ada.create(media_type="IMAGE", image_url=url)).status == 200
    assert (await ada.create(media_type="IMAGE", image_url=url)).status == 400
    assert (await ada.create(media_type="IMAGE", image_url=url)).status == 200
