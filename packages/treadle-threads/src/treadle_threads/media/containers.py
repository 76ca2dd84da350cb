"""Recognising the other containers by their first bytes, and reading what a Matroska, WebM or AVI head says.

Threads takes none of them, so this only has to be good enough to say plainly what a file is; the repair looks at the
whole file again.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

from treadle_threads.media.bits import Malformed
from treadle_threads.media.facts import AudioFacts, VideoFacts


@dataclass(frozen=True, slots=True)
class Head:
    """What the head of a container says; ``None`` and empty for what it does not."""

    container: str
    duration_s: float | None = None
    video: VideoFacts | None = None
    audio: AudioFacts | None = None


_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"FLV\x01", "flv"),
    (0, b"0&\xb2u\x8ef\xcf\x11", "asf"),
    (0, b"\0\0\1\xba", "mpegps"),
    (0, b"ID3", "mp3"),
    (0, b"fLaC", "flac"),
)
_TEXT: tuple[tuple[bytes, str], ...] = (
    (b"#extm3u", "a playlist (HLS)"),
    (b"ffconcat", "a list of other files (ffconcat)"),
    (b"v=0\r", "a session description (SDP)"),
    (b"v=0\n", "a session description (SDP)"),
    (b"<!doctype html", "a web page"),
    (b"<html", "a web page"),
    (b"<head", "a web page"),
    (b"<svg", "a drawing (SVG)"),
    (b"<mpd", "a playlist (DASH)"),
    (b"<?xml", "an XML document"),
    (b"{", "a JSON document"),
    (b"[playlist]", "a playlist"),
    (b"%pdf", "a PDF document"),
    (b"pk\x03\x04", "a ZIP archive"),
)


_UNREAD: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02", "MXF, a format of broadcast cameras"),
    (0, b"\x1f\x07\x00", "DV, a camcorder's raw stream"),
    (0, b"\0\0\1\xb3", "an MPEG-1 or MPEG-2 stream without a container"),
    (0, b".RMF", "RealMedia"),
    (0, b"OggS", "Ogg"),
    (0, b"\0\0\0\1\x67", "an H.264 stream without a container"),
    (0, b"\0\0\0\1\x27", "an H.264 stream without a container"),
    (0, b"\0\0\1\x67", "an H.264 stream without a container"),
    (0, b"\0\0\0\1\x09", "an H.264 stream without a container"),
    (0, b"\0\0\0\1\x40\1", "an HEVC stream without a container"),
    (0, b"\0\0\0\1\x42\1", "an HEVC stream without a container"),
    (0, b"DKIF", "an IVF stream"),
    (0, b"YUV4MPEG2", "an uncompressed video stream (Y4M)"),
    (0, b"\xb7\xd8\x00\x20\x37\x49\xda\x11", "a Windows recorded TV show (WTV)"),
    (0, b"NSVf", "Nullsoft video"),
    (0, b"nut/multimedia container", "NUT"),
    (8, b"AIFF", "AIFF sound"),
    (8, b"AIFC", "AIFF sound"),
    (0, b"caff", "CAF sound"),
    (0, b"#!AMR", "AMR sound"),
    (0, b"\x0b\x77", "AC-3 sound"),
    (0, b"MThd", "a MIDI file"),
    (0, b"DDS ", "a DDS texture"),
    (0, b"FUJIFILMCCD-RAW", "a camera's raw picture (RAF)"),
    (0, b"IIU\0", "a camera's raw picture (RW2)"),
    (0, b"IIRO", "a camera's raw picture (ORF)"),
    (0, b"IIRS", "a camera's raw picture (ORF)"),
    (0, b"FOVb", "a camera's raw picture (X3F)"),
    (4, b"ftypcrx ", "a camera's raw picture (CR3)"),
    (0, b"II+\0", "a BigTIFF picture"),
    (0, b"MM\0+", "a BigTIFF picture"),
    (0, b"v/1\x01", "an OpenEXR picture"),
    (0, b"#?RADIANCE", "a Radiance HDR picture"),
    (0, b"farbfeld", "a farbfeld picture"),
    (0, b"qoif", "a QOI picture"),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 stream"),
    (0, b"icns", "an icon of macOS (ICNS)"),
    (0, b"gimp xcf", "a GIMP picture (XCF)"),
    (0, b"8BPB", "a Photoshop picture (PSB)"),
    (0, b"SIMPLE  =", "a FITS picture"),
    (0, b"\xd7\xcd\xc6\x9a", "a drawing (WMF)"),
    (40, b" EMF", "a drawing (EMF)"),
    (0, b"%!PS", "a PostScript document"),
    (0, b"BPG\xfb", "a BPG picture"),
    (0, b"\x01\xda", "an SGI picture"),
    (0, b"\x59\xa6\x6a\x95", "a Sun raster picture"),
    (8, b"ACON", "an animated cursor"),
    (0, b"FWS", "a Flash film"),
    (0, b"CWS", "a Flash film"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"7z\xbc\xaf", "a 7-Zip archive"),
)
"""Formats that nothing here opens, by their first bytes: it is said what the file is, not that it is nothing."""
_NETPBM = re.compile(rb"P[1-7]\s[\s#]*\d|P7\n|P[Ff]\n")


def name_unread(head: bytes) -> str:
    """In words what a file is that is known here and not read; empty for every other one."""
    for offset, magic, words in _UNREAD:
        if head[offset : offset + len(magic)] == magic:
            return words
    if _NETPBM.match(head):
        return "a Netpbm picture (PPM, PGM or PBM)"
    if len(head) > 128 and head[0] == 10 and head[1] in (0, 2, 3, 4, 5) and head[2] == 1 and head[64] == 0:
        return "a PCX picture"
    targa = (
        len(head) > 18
        and head[:3] != b"\0\0\1"
        and head[1] in (0, 1)
        and head[2] in (1, 2, 3, 9, 10, 11)
        and head[16] in (8, 15, 16, 24, 32)
    )
    if targa and head[12:14] != b"\0\0" != head[14:16] and not head[17] & 0xC0:
        return "a Targa picture (TGA)"
    return ""


def sniff_container(head: bytes) -> str | None:
    """``matroska``, ``webm``, ``avi``, ``mpegts`` ... for these first bytes; ``None`` when they are none of them."""
    if head[:4] == b"\x1aE\xdf\xa3":
        return "webm" if b"webm" in head[:64] else "matroska"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "wav"
    for offset, magic, name in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return name
    if len(head) > 376 and head[0] == head[188] == head[376] == 0x47:
        return "mpegts"
    if len(head) > 388 and head[4] == head[196] == head[388] == 0x47:
        return "mpegts"
    if len(head) > 2 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2:
        return "mp3"
    return None


def describe_text(head: bytes) -> str:
    """In words what a file that is no media seems to be, for a finding: ``"a web page"``; empty when unknown."""
    start = head[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for magic, words in _TEXT:
        if start.startswith(magic):
            return words
    if head and all(byte >= 32 or byte in (9, 10, 13) for byte in head[:512]):
        return "plain text"
    return ""


def looks_like_html(head: bytes) -> bool:
    return describe_text(head) == "a web page" or b"<html" in head[:1024].lower()


def read_head(container: str, head: bytes) -> Head:
    """What the first bytes (64 KiB are plenty) of such a container say. Never raises: less is known instead."""
    try:
        if container in ("matroska", "webm"):
            return _matroska(container, head)
        if container == "avi":
            return _avi(head)
    except (struct.error, IndexError, ValueError):
        pass
    return Head(container)


# Matroska: ids of the elements read (RFC 9559)
_SEGMENT, _INFO, _TRACKS, _TRACK, _CLUSTER = 0x18538067, 0x1549A966, 0x1654AE6B, 0xAE, 0x1F43B675
_SCALE, _DURATION, _TYPE, _CODEC, _DEFAULT_DURATION = 0x2AD7B1, 0x4489, 0x83, 0x86, 0x23E383
_VIDEO, _AUDIO, _WIDTH, _HEIGHT, _INTERLACED, _RATE, _CHANNELS = 0xE0, 0xE1, 0xB0, 0xBA, 0x9A, 0xB5, 0x9F
_MKV_CODECS = {"V_MPEG4/ISO/AVC": "h264", "V_MPEGH/ISO/HEVC": "hevc", "V_MPEG4/ISO/ASP": "mpeg4", "A_MPEG/L3": "mp3",
               "A_PCM/INT/LIT": "pcm", "A_PCM/FLOAT/IEEE": "pcm"}  # fmt: skip


def _ebml(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Elements as (id, start of content, end of content); one of unknown size reaches to ``end``."""
    while at < end:
        first = data[at]
        if not first:
            raise Malformed("a damaged Matroska element")
        length = 9 - first.bit_length()
        name = int.from_bytes(data[at : at + length], "big")
        at += length
        first = data[at]
        length = 9 - first.bit_length() if first else 8
        size = int.from_bytes(data[at : at + length], "big") & ((1 << 7 * length) - 1)
        at += length
        stop = end if size == (1 << 7 * length) - 1 else min(at + size, end)
        yield name, at, stop
        at = stop


def _number(data: bytes, start: int, end: int) -> int:
    return int.from_bytes(data[start : min(end, start + 8)], "big")


def _float(data: bytes, start: int, end: int) -> float:
    value: float = struct.unpack_from(">d" if end - start == 8 else ">f", data, start)[0]
    return value


def _matroska(container: str, data: bytes) -> Head:
    found = Head(container)
    scale = 1_000_000
    for name, start, end in _ebml(data, 0, len(data)):
        if name != _SEGMENT:
            continue
        for inner, a, z in _ebml(data, start, end):
            if inner == _INFO:
                for field, x, y in _ebml(data, a, z):
                    if field == _SCALE:
                        scale = _number(data, x, y)
                    elif field == _DURATION:
                        found = replace(found, duration_s=_float(data, x, y) * scale / 1e9)
            elif inner == _TRACKS:
                for field, x, y in _ebml(data, a, z):
                    if field == _TRACK:
                        found = _matroska_track(found, data, x, y)
            elif inner == _CLUSTER:
                return found
    return found


def _matroska_track(found: Head, data: bytes, start: int, end: int) -> Head:
    values: dict[int, int] = {}
    rate, codec = 0.0, ""
    for name, a, z in _ebml(data, start, end):
        if name == _CODEC:
            codec = data[a:z].decode("ascii", "replace").rstrip("\0")
        elif name in (_VIDEO, _AUDIO):
            for inner, x, y in _ebml(data, a, z):
                if inner == _RATE:
                    rate = _float(data, x, y)
                else:
                    values[inner] = _number(data, x, y)
        else:
            values[name] = _number(data, a, z)
    word = _MKV_CODECS.get(codec) or codec.partition("_")[2].split("/")[0].lower() or "unknown"
    if values.get(_TYPE) == 1 and found.video is None:
        each = values.get(_DEFAULT_DURATION)
        frame_rate = 1e9 / each if each else None
        interlaced = {1: True, 2: False}.get(values.get(_INTERLACED, 0))
        video = VideoFacts(word, width=values.get(_WIDTH, 0), height=values.get(_HEIGHT, 0), frame_rate=frame_rate,
                           interlaced=interlaced)  # fmt: skip
        return replace(found, video=video)
    if values.get(_TYPE) == 2 and found.audio is None:
        return replace(found, audio=AudioFacts(word, channels=values.get(_CHANNELS, 1), sample_rate=int(rate) or 8000))
    return found


_AVI_VIDEO = {"h264": "h264", "avc1": "h264", "x264": "h264", "hevc": "hevc", "h265": "hevc", "fmp4": "mpeg4",
              "xvid": "mpeg4", "divx": "mpeg4", "dx50": "mpeg4", "mp4v": "mpeg4", "mjpg": "mjpeg", "dvsd": "dv",
              }  # fmt: skip
_AVI_AUDIO = {0x0001: "pcm", 0x0003: "pcm", 0x0055: "mp3", 0x2000: "ac3", 0x00FF: "aac", 0x0050: "mp2"}


def _avi(data: bytes) -> Head:
    found = Head("avi")
    end = min(len(data), 12 + struct.unpack_from("<I", data, 4)[0])
    pending = [(12, end)]
    rate = scale = length = 0
    kind = fourcc = ""
    while pending:
        at, stop = pending.pop()
        while at + 8 <= stop:
            name, size = data[at : at + 4], struct.unpack_from("<I", data, at + 4)[0]
            body = at + 8
            if name == b"LIST" and data[body : body + 4] in (b"hdrl", b"strl"):
                pending.append((body + size, stop))
                pending.append((body + 4, min(body + size, stop)))
                break
            if name == b"strh":
                kind, fourcc = data[body : body + 4].decode("latin-1"), data[body + 4 : body + 8].decode("latin-1")
                scale, rate = struct.unpack_from("<II", data, body + 20)
                length = struct.unpack_from("<I", data, body + 32)[0]
            elif name == b"strf" and kind == "vids" and found.video is None:
                width, height = struct.unpack_from("<ii", data, body + 4)
                frames = rate / scale if scale else None
                codec = _AVI_VIDEO.get(fourcc.lower(), fourcc.lower().strip("\0 "))
                video = VideoFacts(codec, fourcc, width, abs(height), frame_rate=frames, frames=length or None)
                found = replace(found, video=video, duration_s=length / frames if frames and length else None)
            elif name == b"strf" and kind == "auds" and found.audio is None:
                tag, channels, sample_rate = struct.unpack_from("<HHI", data, body)
                audio = AudioFacts(_AVI_AUDIO.get(tag, f"avi-0x{tag:x}"), channels=channels, sample_rate=sample_rate)
                found = replace(found, audio=audio)
            at = body + size + (size & 1)
    return found
