"""Media to post at known addresses below ``https://sandbox.test/``: good ones, and one for each way of being bad.

The sandbox's own fetcher takes them without any network. They are also served over HTTP, at
``/_sandbox/samples/NAME`` and, by TLS or the proxy, at ``https://sandbox.test/NAME`` itself, for clients that look at
the file first.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from urllib.parse import unquote, urlsplit

from treadle_sandbox.answers import Reply
from treadle_sandbox.hosts import SAMPLES_HOST, host_of

_TYPES = {"jpg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp", "mp4": "video/mp4",
          "html": "text/html; charset=utf-8"}  # fmt: skip
_TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class SampleFile:
    """``outcome`` is what posting it comes to: ``good``, a named answer to the creation, or the ``error_message`` of
    the container. ``status`` is the host's answer; ``trouble`` what happens instead of a download."""

    what: str
    outcome: str = "good"
    status: int = 200
    trouble: str = ""
    to: str = ""


SAMPLES: dict[str, SampleFile] = {
    "good.jpg": SampleFile("a picture, 480 by 360"),
    "good.png": SampleFile("the same as PNG"),
    "good.mp4": SampleFile("a film of one second with sound, 320 by 240"),
    "silent.mp4": SampleFile("a film without sound"),
    "redirect.jpg": SampleFile("redirects to good.jpg", status=302, to="/good.jpg"),
    "aspect.jpg": SampleFile("twelve times as wide as high", "image_aspect"),
    "too-large.jpg": SampleFile("a picture of more than 8 MiB", "image_too_large"),
    "gif.gif": SampleFile("a GIF", "image_format"),
    "webp.webp": SampleFile("a WebP picture", "UNKNOWN"),
    "page.html": SampleFile("a web page in place of a picture", "media_fetch_failed_9004"),
    "empty.jpg": SampleFile("a file without a byte", "media_fetch_failed_9004"),
    "cut.jpg": SampleFile("a picture that ends after its first bytes", "image_format"),
    "redirects.jpg": SampleFile("redirects to itself for ever", "media_fetch_failed", 302, to="/redirects.jpg"),
    "robots.jpg": SampleFile("robots.txt forbids it", "media_fetch_failed", trouble="robots"),
    "timeout.jpg": SampleFile("the download takes too long", "media_fetch_failed", 504, "timeout"),
    "reset.jpg": SampleFile("the connection is closed", "media_fetch_failed", 502, "reset"),
    "frame-rate.mp4": SampleFile("12 frames a second", "INVALID_FRAME_RATE"),
    "aspect.mp4": SampleFile("13 times as wide as high", "INVALID_ASPEC_RATIO"),
    "columns.mp4": SampleFile("2048 columns", "FAILED_PROCESSING_VIDEO"),
    "duration.mp4": SampleFile("301 seconds", "INVALID_DURATION"),
    "bit-rate.mp4": SampleFile("more than 100 Mbit/s", "INVALID_BIT_RATE"),
    "codec.mp4": SampleFile("MPEG-4 part 2 in place of H.264", "FAILED_PROCESSING_VIDEO"),
    "channels.mp4": SampleFile("six channels of sound", "INVALID_AUDIO_CHANNELS"),
    "sound-codec.mp4": SampleFile("MP3 sound", "FAILED_PROCESSING_AUDIO"),
    "sample-rate.mp4": SampleFile("sound of 96 kHz", "FAILED_PROCESSING_AUDIO"),
    "cut.mp4": SampleFile("a film that ends half-way", "FAILED_PROCESSING_VIDEO"),
    "picture.mp4": SampleFile("a picture that calls itself a film", "FAILED_PROCESSING_VIDEO"),
    "robots.mp4": SampleFile("robots.txt forbids it", "UNKNOWN", trouble="robots"),
    "timeout.mp4": SampleFile("the download takes too long", "FAILED_DOWNLOADING_VIDEO", 504, "timeout"),
    "reset.mp4": SampleFile("the connection is closed", "UNKNOWN", 502, "reset"),
    **{
        f"{status}.{kind}": SampleFile(f"the host answers {status}", outcome, status)
        for kind, outcome in (("jpg", "media_fetch_failed"), ("mp4", "FAILED_DOWNLOADING_VIDEO"))
        for status in (401, 403, 404, 410, 429, 500, 503)
    },
}
ROBOTS = "User-agent: *\nDisallow: /robots.jpg\nDisallow: /robots.mp4\n"
_LARGE = 8_388_608


def address(name: str) -> str:
    return f"https://{SAMPLES_HOST}/{name}"


def name_in(url: str) -> str | None:
    """The file that a sample's address names; ``None`` for every other address."""
    if SAMPLES_HOST not in url:
        return None
    parts = urlsplit(url)
    return unquote(parts.path.lstrip("/")) if host_of(parts.netloc.rpartition("@")[2]) == SAMPLES_HOST else None


@lru_cache(maxsize=8)
def content(name: str) -> bytes:
    """The bytes of a sample that is a file; none for one whose host only answers with a status."""
    match name:
        case "too-large.jpg":
            return _file("good.jpg").ljust(_LARGE + 1, b"\0")
        case "cut.jpg":
            return _file("good.jpg")[:24]
        case "cut.mp4":
            return _file("good.mp4")[:600]
        case "picture.mp4":
            return _file("good.jpg")
        case "bit-rate.mp4":
            return _heavier(_file("silent.mp4"), 14_000_000)
        case "robots.jpg" | "robots.mp4":
            return _file(f"good.{name[-3:]}")
        case "empty.jpg":
            return b""
    sample = SAMPLES[name]
    return _file(name) if sample.status == 200 and not sample.trouble else b""


def _file(name: str) -> bytes:
    return files("treadle_sandbox").joinpath("sample_files", name).read_bytes()


def _heavier(film: bytes, more: int) -> bytes:
    """The film with its last frame made longer by ``more`` empty bytes."""
    data = bytearray(film)
    sizes, frames = data.index(b"stsz"), data.rindex(b"mdat")
    count: int = struct.unpack_from(">I", data, sizes + 12)[0]
    last = sizes + 16 + 4 * (count - 1)
    for at in (last, frames - 4):
        struct.pack_into(">I", data, at, struct.unpack_from(">I", data, at)[0] + more)
    return bytes(data) + bytes(more)


def content_type(name: str) -> str:
    return _TYPES.get(name.rpartition(".")[2], "application/octet-stream")


def answer(path: str) -> Reply:
    """What the host of the samples answers."""
    name = unquote(path.partition("?")[0].removeprefix("/_sandbox/samples").lstrip("/"))
    if name == "robots.txt":
        return Reply(200, ROBOTS, {}, _TEXT)
    sample = SAMPLES.get(name)
    if sample is None:
        return Reply(404, f"There is no sample {name!r}. /_sandbox/reference lists them.\n", {}, _TEXT)
    if sample.status != 200:
        return Reply(sample.status, f"{sample.what}\n", {"Location": sample.to} if sample.to else {}, _TEXT)
    return Reply(200, content(name), {}, content_type(name))
