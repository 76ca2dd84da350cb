"""What a file is, from as few of its bytes as will tell."""

from __future__ import annotations

from dataclasses import replace
from os import PathLike
from typing import Literal

from treadle_threads.media.bits import CutOff, Malformed
from treadle_threads.media.containers import describe_text, name_unread, read_head, sniff_container
from treadle_threads.media.facts import AudioFacts, MediaProbe, Problem, VideoFacts
from treadle_threads.media.imagehead import read_image, sniff_image
from treadle_threads.media.isobmff import HEAD, Movie, Track, closed_groups, is_isobmff, read_movie
from treadle_threads.media.source import ByteSource, BytesSource, FileSource, Reading, Unreachable, Want, drive

_TRANSFERS = {16: "pq", 18: "hlg"}
_AUDIO_ONLY = frozenset({"mp3", "wav", "flac"})
_SUBTITLES = frozenset({"sbtl", "subt", "text", "clcp", "subp"})
_COVER_CODECS = frozenset({"mjpeg", "png"})


def probe_bytes(data: bytes) -> MediaProbe:
    """The facts of a whole file that is in memory."""
    return probe_source(BytesSource(data))


def probe_file(path: str | PathLike[str], *, closed_gop_samples: int = 64) -> MediaProbe:
    """The facts of a regular local file. Reads its head, its index and the start of some sync samples.

    Raises :class:`OSError` when the file cannot be opened; whatever is in it ends as facts.
    """
    with FileSource(path) as source:
        return probe_source(source, closed_gop_samples=closed_gop_samples)


def probe_source(source: ByteSource, *, closed_gop_samples: int = 64) -> MediaProbe:
    """The facts of any source. ``closed_gop_samples``: how many sync samples to look at (one read of 1 KiB each)."""
    probe = drive(read_media(source.size, closed_gop_samples=closed_gop_samples, whole=True), source)
    return with_cost(probe, source.bytes_read, source.reads)


def with_cost(probe: MediaProbe, bytes_read: int, requests: int) -> MediaProbe:
    """The same facts with what they cost."""
    return replace(probe, bytes_read=bytes_read, requests=requests)


def read_media(
    size: int | None, *, closed_gop_samples: int = 0, head_size: int = HEAD, whole: bool = False
) -> Reading[MediaProbe]:
    """The parser of everything: yields the ranges it wants, returns facts, raises nothing about the content.

    ``whole``: the file lies here, so a picture is walked to its end.
    """
    if size == 0:
        return _problem("empty", size, "The file is empty (0 bytes).")
    head = yield Want(0, head_size if size is None else min(head_size, size))
    if not head:
        return _problem("empty", size, "The file is empty (0 bytes).")
    picture = sniff_image(head)
    if picture is not None:
        return (yield from _picture(picture, size, head, whole))
    if unread := name_unread(head):
        return _problem("not_media", size, f"The file is {unread}, which Treadle doesn't read.")
    if is_isobmff(head):
        return (yield from _movie(size, head, closed_gop_samples))
    container = sniff_container(head)
    if container is not None:
        found = read_head(container, head)
        kind: Literal["audio", "video"] = "audio" if container in _AUDIO_ONLY else "video"
        return MediaProbe(kind, container, size, found.duration_s, found.video, found.audio, complete=False,
                          guesses=("only the head of the file was read",))  # fmt: skip
    words = describe_text(head)
    detail = (
        f"The file is {words}, not an image or a video." if words else "The file is not a known type of image or video."
    )
    return _problem("not_media", size, detail)


def _problem(problem: Problem, size: int | None, detail: str, container: str = "") -> MediaProbe:
    return MediaProbe("unknown", container, size, complete=False, problem=problem, detail=detail)


def _picture(kind: str, size: int | None, head: bytes, whole: bool) -> Reading[MediaProbe]:
    try:
        image = yield from read_image(kind, head, size=size, whole=whole)
    except Malformed as why:
        cut = isinstance(why, CutOff) or (size is not None and size <= len(head))
        problem: Problem = "truncated" if cut else "malformed"
        return MediaProbe("image", kind, size, complete=False, problem=problem, detail=_sentence(why))
    except Unreachable as why:
        return MediaProbe("image", kind, size, complete=False, guesses=(f"size: {why}",))
    if image.format == "raw":
        return _problem("not_media", size, "The file is a camera's raw image, which Treadle doesn't read.")
    guesses: tuple[str, ...] = () if image.width else ("size",)
    if image.animated is None:
        guesses += ("animation",)
    return MediaProbe("image", kind, size, image=image, complete=bool(image.width), guesses=guesses)


def _sentence(why: Exception) -> str:
    text = str(why)
    return f"{text[:1].upper()}{text[1:]}."


def _movie(size: int | None, head: bytes, closed_gop_samples: int) -> Reading[MediaProbe]:
    try:
        movie = yield from read_movie(size, head)
    except Malformed as why:
        return MediaProbe("video", "mp4", size, complete=False, problem="malformed", detail=_sentence(why))
    container = "mov" if movie.brand == "qt  " or not movie.brand else "mp4"
    if movie.index is None:
        return _without_index(movie, container, size)
    video = _main(movie, "vide")
    audio = _main(movie, "soun")
    closed: bool | None = None
    if video is not None and closed_gop_samples and not video.open_groups:
        try:
            closed = yield from closed_groups(video, closed_gop_samples)
        except Unreachable:
            closed = None
    return _facts(movie, container, size, video, audio, closed)


def _without_index(movie: Movie, container: str, size: int | None) -> MediaProbe:
    known = {"index_first": movie.index_first, "fragmented": movie.fragmented, "index_bytes": movie.index_size}
    if movie.too_large:
        guesses = (f"the index is larger than is read here ({movie.index_size} bytes)",)
        return MediaProbe("video", container, size, complete=False, guesses=guesses, **known)  # type: ignore[arg-type]
    if movie.unreachable:
        guesses = ("the index lies behind the media data and could not be reached",)
        return MediaProbe("video", container, size, complete=False, guesses=guesses, **known)  # type: ignore[arg-type]
    if movie.truncated:
        inside = movie.top[-1][0] if movie.top else "its head"
        detail = f"The file ends inside its box '{inside}', so it was cut off."
        return MediaProbe("video", container, size, complete=False, problem="truncated", detail=detail,
                          **known)  # type: ignore[arg-type]  # fmt: skip
    detail = "The file has no index (moov box). Its recording was not finished, or it is only a part."
    return MediaProbe("video", container, size, complete=False, problem="malformed", detail=detail,
                      **known)  # type: ignore[arg-type]  # fmt: skip


def _main(movie: Movie, handler: str) -> Track | None:
    """The track people see or hear: enabled ones first, cover pictures last."""
    tracks = [track for track in movie.tracks if track.handler == handler]
    tracks.sort(key=lambda track: (_is_cover(track), not track.enabled))  # stable: file order otherwise
    return tracks[0] if tracks else None


def _is_cover(track: Track) -> bool:
    """One still picture to go with the sound. Old cameras write whole films in the same encodings."""
    return track.codec in _COVER_CODECS and track.samples == 1


def _facts(
    movie: Movie, container: str, size: int | None, video: Track | None, audio: Track | None, closed: bool | None
) -> MediaProbe:
    used = (video is not None) + (audio is not None)
    main = [track for track in (video, audio) if track is not None]
    duration = max([movie.duration_s, *(_shown_seconds(track) for track in main)])
    guesses: list[str] = []
    complete = not (movie.too_large or movie.compressed_index or movie.fragmented)
    if movie.fragmented:
        guesses.append("duration, frame rate and bit rates: the file is in fragments, which were not walked")
    if movie.too_large or movie.compressed_index:
        guesses.append("frame rate and bit rates: the index is compressed or too large to be read here")
    facts = MediaProbe(
        kind="video" if video is not None and not (audio and _is_cover(video)) else "audio" if audio else "unknown",
        container=container,
        size=size,
        duration_s=None if movie.fragmented else duration or None,  # fragments have times of their own
        video=_video_facts(video, closed, guesses) if video is not None else None,
        audio=_audio_facts(audio) if audio is not None else None,
        extra_tracks=len(movie.tracks) - used,
        subtitles=sum(track.handler in _SUBTITLES for track in movie.tracks),
        index_first=movie.index_first,
        index_bytes=movie.index_size,
        fragmented=movie.fragmented,
        encrypted=any(track.encrypted for track in main),
        location=movie.location or any(track.location for track in movie.tracks),
        location_track=any(track.location for track in movie.tracks),
        device=movie.device,
        external_reference=any(track.external for track in main),
        complete=complete,
        guesses=tuple(guesses),
        problem=_problem_of(movie, main),
        detail=_trouble(movie, main),
    )
    return facts


def _problem_of(movie: Movie, main: list[Track]) -> Problem | None:
    if movie.truncated or any(track.beyond_end for track in main):
        return "truncated"
    if not main:
        return "not_media"
    contradicts = any(track.contradiction for track in main)
    return "malformed" if contradicts or (movie.without_media and not any(track.external for track in main)) else None


def _trouble(movie: Movie, main: list[Track]) -> str:
    if movie.truncated or any(track.beyond_end for track in main):
        return "The file is shorter than its own index says, so it was cut off."
    if not main:
        return "The file contains neither video nor audio."
    if movie.without_media:
        return "The file is only an index. The video and audio it lists are not in it."
    contradiction = next((track.contradiction for track in main if track.contradiction), "")
    return f"The file's index contradicts itself: {contradiction}." if contradiction else ""


def _shown_seconds(track: Track) -> float:
    hidden = track.edits[0].media_time / track.timescale if track.edits and track.timescale else 0.0
    return max(0.0, track.seconds - max(0.0, hidden))


def _video_facts(track: Track, closed: bool | None, guesses: list[str]) -> VideoFacts:
    rhythm = track.rhythm
    seconds = track.seconds
    if track.interlaced:
        guesses.append("interlacing: the header allows it, only decoding shows it")
    open_gop = True if track.open_groups else (not closed if closed is not None else None)
    if open_gop is None and track.codec in ("h264", "hevc"):
        guesses.append("closed groups of pictures: nothing speaks against it, not looked at")
    return VideoFacts(
        codec=track.codec,
        fourcc=track.fourcc,
        width=track.width or track.video.width,
        height=track.height or track.video.height,
        size_missing=not (track.width and track.height),
        rotation=track.rotation,
        mirrored=track.mirrored,
        pixel_aspect=track.pixel_aspect,
        frames=track.samples or None,
        frame_rate=rhythm.average if rhythm else None,
        frame_rate_median=rhythm.median if rhythm else None,
        irregular_share=rhythm.irregular_share if rhythm else None,
        duration_s=seconds or None,
        bit_rate=track.sample_bytes * 8 / seconds if seconds and track.sample_bytes else None,
        profile=track.video.profile,
        level=track.video.level,
        chroma=track.video.chroma,
        bit_depth=track.video.bit_depth,
        interlaced=None if track.interlaced else False if track.video.chroma else None,
        may_be_interlaced=track.interlaced,
        transfer=_TRANSFERS.get(track.transfer, ""),
        open_gop=open_gop,
        edit_list=track.edit_kind,
        parameter_sets_in_band=track.fourcc in ("hev1", "avc3"),
    )


def _audio_facts(track: Track) -> AudioFacts:
    seconds = track.seconds
    rate = track.sample_bytes * 8 / seconds if seconds and track.sample_bytes else None
    if track.codec == "pcm":  # QuickTime counts a PCM sample as one byte in its tables
        rate = None
    return AudioFacts(
        codec=track.codec,
        fourcc=track.fourcc,
        profile=track.audio.profile if track.audio else "",
        channels=track.channels or None,
        sample_rate=track.sample_rate or None,
        bit_rate=rate or float(track.declared_bit_rate) or None,
        duration_s=seconds or None,
        edit_list=track.edit_kind,
    )


__all__ = ["probe_bytes", "probe_file", "probe_source", "read_media", "with_cost"]
