"""Make a folder of pictures and videos of every kind that reaches Treadle, for ``tools/media_corpus.py``.

.venv/bin/python tools/media_variants.py build/media-variants

Each is a variant of one drawing: red, green, blue and white quarters, so that a look at the corners shows whether a
result stands upright, is mirrored or has lost its colors. ``expected.json`` says of each file what is known because it
was made so: its kind, its size as shown, whether it moves, when its sound begins, what has to be gone from a result,
what has to be said. Needs ffmpeg with x264, x265, VP9 and JPEG XL; a variant that this ffmpeg cannot make is named
and left out.
"""

from __future__ import annotations

import io
import json
import random
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image, ImageCms, ImageDraw

CORNERS = ((220, 30, 30), (30, 200, 40), (30, 40, 220), (240, 240, 240))
"""Top left, top right, bottom left, bottom right."""
CUTS = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)
MAKE, MODEL, ORIENTATION, GPS = 271, 272, 274, 34853
LATITUDE = (40.0, 38.0, 8.88)
PHONE = ("Nobody", "Phone 1")
H264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p"
SMALL = (320, 240)
MAKE_S = 120
"""Seconds that making one variant may take: more is a mistake in its options."""


@dataclass(frozen=True)
class Expected:
    """What is known of a file because it was made so; ``None``: not known, or nothing to hold against.

    ``kind`` is image, video or none. ``verdicts`` are those that are right. ``shown`` is the size as seen.
    ``upright``: a result shows the quarters where they belong. ``clean``: a result tells neither place nor device.
    ``sound_at``: seconds from the first picture to the beep. ``says``: a word that the answer must hold.
    """

    kind: str
    verdicts: tuple[str, ...] = ("fit", "repairable")
    shown: tuple[int, int] | None = None
    moves: bool | None = None
    upright: bool = False
    clean: bool = False
    noted: bool = False
    sound_at: float | None = None
    says: str = ""


PICTURE = Expected("image", shown=SMALL, moves=False, upright=True)
FILM = Expected("video", shown=SMALL, moves=True, upright=True)
REFUSED = Expected("none", ("refused",))
CUT = Expected("any", ("refused", "repairable"))
Made = Mapping[str, tuple[Expected, bytes]]


def drawing(size: tuple[int, int] = SMALL, mode: str = "RGB") -> Image.Image:
    made = Image.new("RGB", size)
    draw = ImageDraw.Draw(made)
    wide, high = size
    places = ((0, 0), (wide // 2, 0), (0, high // 2), (wide // 2, high // 2))
    for (x, y), colour in zip(places, CORNERS, strict=True):
        draw.rectangle((x, y, x + wide, y + high), fill=colour)
    chance = random.Random(5)
    for _ in range(60):  # something to compress, away from the corners' middles
        x, y = chance.randrange(wide), chance.randrange(high * 7 // 16, high * 9 // 16)
        draw.line((x, y, x + 9, y + 3), fill=(chance.randrange(256), 90, 60))
    return made.convert(mode)


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def exif(orientation: int = 1, *, place: bool = False) -> Image.Exif:
    notes = Image.Exif()
    notes[ORIENTATION] = orientation
    if place:
        notes[MAKE], notes[MODEL] = PHONE
        notes.get_ifd(GPS).update({1: "N", 2: LATITUDE, 3: "W", 4: LATITUDE})
    return notes


def stored(orientation: int) -> Image.Image:
    """The drawing as it lies in a file whose EXIF says ``orientation``."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    return drawing().transpose(undo[orientation]) if orientation in undo else drawing()


# ------------------------------------------------------------------ pictures


def pictures() -> Iterator[tuple[str, Expected, bytes]]:
    whole = {
        "jpg": saved(drawing(), "JPEG"), "png": saved(drawing(), "PNG"), "webp": saved(drawing(), "WEBP"),
        "gif": saved(drawing(), "GIF"), "tiff": saved(drawing(), "TIFF"), "bmp": saved(drawing(), "BMP"),
        "avif": saved(drawing(), "AVIF"), "heic": saved(drawing(), "HEIF"), "jp2": saved(drawing(), "JPEG2000"),
        "progressive.jpg": saved(drawing(), "JPEG", progressive=True),
        "lossless.webp": saved(drawing(), "WEBP", lossless=True),
        "tiles.tiff": saved(drawing(), "TIFF", compression="tiff_lzw", tile=(64, 64)),
        "deflate.tiff": saved(drawing(), "TIFF", compression="tiff_adobe_deflate"),
        "notes.jpg": saved(drawing(), "JPEG", exif=exif(place=True)),
    }  # fmt: skip
    for name, data in whole.items():
        yield f"whole.{name}", PICTURE, data
        for share in CUTS:
            yield f"cut{share}.{name}", CUT, data[: max(1, int(len(data) * share))]
        yield f"less1.{name}", Expected("any", ("fit", "repairable", "refused")), data[:-1]
        zeros = data[: len(data) // 2] + bytes(len(data) - len(data) // 2)
        yield f"zeros.{name}", Expected("any", ("fit", "repairable", "refused")), zeros
        yield f"more.{name}", replace(PICTURE, upright=True), data + b"\0" * 700
    for kind, ending in (("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp"), ("TIFF", "tiff"), ("AVIF", "avif"),
                         ("HEIF", "heic")):  # fmt: skip
        for orientation in range(1, 9):
            data = saved(stored(orientation), kind, exif=exif(orientation))
            # a HEIC is turned by its own properties; its EXIF is to be passed over (ISO 23008-12)
            kept = orientation == 1 or ending != "heic"
            expected = PICTURE if kept else replace(PICTURE, shown=None, upright=False)
            yield f"turned{orientation}.{ending}", expected, data
        if ending != "tiff":
            data = saved(drawing(), kind, exif=exif(place=True))
            yield f"place.{ending}", replace(PICTURE, noted=True, clean=True), data
        xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:Description exif:GPSLatitude='40,38.1N'/></x:xmpmeta>"
        if ending in ("jpg", "webp", "avif"):
            yield f"xmp.{ending}", replace(PICTURE, noted=True, clean=True), saved(drawing(), kind, xmp=xmp)
    yield from colours()
    yield from moving()
    yield from shapes()


def colours() -> Iterator[tuple[str, Expected, bytes]]:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for mode in ("L", "1", "P", "RGBA", "LA", "I;16", "PA"):
        for kind, ending in (("PNG", "png"), ("TIFF", "tiff"), ("WEBP", "webp"), ("GIF", "gif")):
            try:
                picture = Image.new("I;16", SMALL, 40000) if mode == "I;16" else drawing(mode=mode)
                data = saved(picture, kind)
            except (OSError, ValueError, KeyError):
                continue  # this format has no such mode
            seen = mode in ("P", "RGBA", "PA") and kind != "GIF"
            name = mode.replace(";", "")
            yield f"mode{name}.{ending}", replace(PICTURE, upright=seen), data
    yield "cmyk.jpg", replace(PICTURE, verdicts=("repairable",)), saved(drawing(mode="CMYK"), "JPEG")
    yield "cmyk.tiff", replace(PICTURE, verdicts=("repairable",)), saved(drawing(mode="CMYK"), "TIFF")
    yield "grey.jpg", replace(PICTURE, upright=False), saved(drawing(mode="L"), "JPEG")
    yield "profile.jpg", PICTURE, saved(drawing(), "JPEG", icc_profile=srgb)
    yield "profile.png", PICTURE, saved(drawing(), "PNG", icc_profile=srgb)
    yield "full-chroma.jpg", PICTURE, saved(drawing(), "JPEG", subsampling=0)
    yield "ycbcr.tiff", PICTURE, saved(drawing(mode="YCbCr"), "TIFF")
    for depth, ending in ((1, "1"), (2, "2"), (4, "4")):
        data = saved(drawing().quantize(2**depth), "PNG", bits=depth)
        yield f"palette{ending}.png", replace(PICTURE, upright=depth > 2), data
    for pixel, ending in (("rgb48be", "png"), ("rgba64be", "png"), ("gray16be", "png"), ("rgb48le", "tiff"),
                          ("gbrp12le", "avif"), ("yuv420p10le", "heic")):  # fmt: skip
        expected = replace(PICTURE, upright=not pixel.startswith("gray"))
        if ending in ("png", "tiff"):
            yield f"deep-{pixel}.{ending}", expected, by_ffmpeg(f"-pix_fmt {pixel}", ending, drawing())


def moving() -> Iterator[tuple[str, Expected, bytes]]:
    frames = [drawing() for _ in range(12)]
    for number, frame in enumerate(frames):
        ImageDraw.Draw(frame).rectangle((number * 12, 112, number * 12 + 10, 126), fill=(10, 10, 10))
    film = Expected("video", ("repairable",), SMALL, moves=True, upright=True)
    for kind, ending in (("GIF", "gif"), ("PNG", "png"), ("WEBP", "webp"), ("AVIF", "avif")):
        data = saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=80, loop=0)
        yield f"moving.{ending}", film, data
        for share in CUTS:
            yield f"moving-cut{share}.{ending}", CUT, data[: int(len(data) * share)]
    one = saved(drawing(), "GIF")
    loop = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
    table = 13 + (3 << (one[10] & 7) + 1)
    yield "one-frame-loop.gif", PICTURE, b"GIF89a" + one[6:table] + loop + one[table:]
    yield "one-frame.png", PICTURE, saved(drawing(), "PNG", save_all=True, append_images=[], default_image=False)
    yield "one-frame.webp", PICTURE, saved(drawing(), "WEBP", save_all=True, append_images=[])
    yield "pages.tiff", PICTURE, saved(drawing(), "TIFF", save_all=True, append_images=frames[:4])
    fax = drawing(mode="1")
    yield (
        "fax.tiff", replace(PICTURE, upright=False),
        saved(fax, "TIFF", compression="group4", save_all=True, append_images=[fax, fax]),
    )  # fmt: skip
    yield "two-pictures.mpo", PICTURE, saved(drawing(), "MPO", save_all=True, append_images=[drawing()])
    yield "several.heic", PICTURE, saved(drawing(), "HEIF", save_all=True, append_images=[drawing((64, 48))])
    yield "sizes.ico", Expected("image", shown=None), saved(drawing((64, 64)), "ICO", sizes=[(16, 16), (64, 64)])


def shapes() -> Iterator[tuple[str, Expected, bytes]]:
    plain = Expected("image", ("fit", "repairable", "refused"))
    for name, size in (("very-wide", (3000, 100)), ("very-high", (100, 3000)), ("line", (4000, 1)), ("dot", (1, 1))):
        verdicts = ("fit", "repairable") if max(size) <= 10 * min(size) else ("refused",)
        for kind, ending in (("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp")):
            data = saved(Image.new("RGB", size, CORNERS[0]), kind)
            yield f"{name}.{ending}", replace(plain, verdicts=verdicts, shown=size), data
    yield "odd.jpg", replace(PICTURE, shown=(321, 241)), saved(drawing((321, 241)), "JPEG")
    yield "odd.avif", replace(PICTURE, shown=(321, 241)), saved(drawing((321, 241)), "AVIF")
    yield "odd.heic", replace(PICTURE, shown=(321, 241)), saved(drawing((321, 241)), "HEIF")
    yield "large.jpg", replace(PICTURE, shown=(4000, 3000)), saved(drawing((4000, 3000)), "JPEG", quality=50)
    noise = Image.frombytes("RGB", (2200, 1700), random.Random(1).randbytes(2200 * 1700 * 3))
    yield "heavy.png", replace(plain, verdicts=("repairable",), shown=(2200, 1700)), saved(noise, "PNG")
    png = saved(drawing(), "PNG")
    yield "nothing-wide.png", REFUSED, png[:16] + struct.pack(">II", 0, 0) + png[24:]
    jpeg = saved(drawing(), "JPEG")
    frame = jpeg.index(b"\xff\xc0")
    yield "nothing-wide.jpg", REFUSED, jpeg[: frame + 5] + bytes(4) + jpeg[frame + 9 :]
    yield "bomb.png", REFUSED, png[:16] + struct.pack(">II", 40000, 40000) + png[24:]
    for ending in ("png", "jpg", "mp4", "heic", "txt", ""):
        yield f"wrong-ending-jpeg.{ending}", PICTURE, jpeg
        yield f"wrong-ending-png.{ending}", PICTURE, png
    yield "jpeg2000.j2k", replace(REFUSED, says="JPEG 2000"), saved(drawing(), "JPEG2000", no_jp2=True)
    yield "jxl.jxl", Expected("any", ("refused",), says="JXL"), by_ffmpeg("-c:v libjxl", "jxl", drawing())
    dng = saved(drawing((80, 60)), "TIFF", tiffinfo={254: 1, 271: "Nobody", 50706: b"\1\4\0\0"})
    yield "camera.dng", replace(REFUSED, says="raw"), dng
    yield "camera.cr3", replace(REFUSED, says="raw"), struct.pack(">I4s4sI4s4s", 24, b"ftyp", b"crx ", 1, b"crx ",
                                                                  b"isom") + bytes(4000)  # fmt: skip
    for kind, ending, says in (("PCX", "pcx", "PCX"), ("TGA", "tga", "Targa"), ("PPM", "ppm", "Netpbm"),
                               ("SGI", "sgi", "SGI"), ("DDS", "dds", "DDS"), ("ICNS", "icns", "ICNS")):  # fmt: skip
        yield f"unread.{ending}", replace(REFUSED, says=says), saved(drawing((128, 128)), kind)


def by_ffmpeg(options: str, ending: str, picture: Image.Image) -> bytes:
    """The drawing, written by ffmpeg; nothing where this ffmpeg has no such encoder."""
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "{}x{}".format(*picture.size), "-i", "-"]
    form = {"png": "image2pipe -c:v png", "tiff": "image2pipe -c:v tiff", "jxl": "image2pipe"}[ending].split()
    command = ["ffmpeg", "-nostdin", "-v", "error", *raw, "-frames:v", "1", *options.split(), "-f", *form, "-"]
    return subprocess.run(command, input=picture.tobytes(), capture_output=True, check=False).stdout


# ------------------------------------------------------------------ films

SEEN = "-loop 1 -framerate 30 -t 1.5 -i drawing.png -f lavfi -t 1.5 -i sine=f=900:r=48000"
AAC = "-c:a aac -b:a 96k -ac 2"
FILMS: Mapping[str, tuple[str, Expected]] = {
    # index and packing
    "index-first.mp4": ("{base} -movflags +faststart", FILM),
    "index-last.mp4": ("{base}", FILM),
    "quicktime.mov": ("{base}", FILM),
    "no-edits.mp4": ("{base} -use_editlist 0 -movflags +faststart", FILM),
    "fragments.mp4": ("{base} -movflags frag_keyframe+empty_moov+default_base_moof", FILM),
    "fragments-sidx.mp4": ("{base} -movflags dash+frag_keyframe+global_sidx", FILM),
    "part-fragments.mp4": ("{base} -movflags frag_keyframe", FILM),
    "matroska.mkv": ("{base}", FILM),
    "transport.ts": ("{base}", FILM),
    "transport.m2ts": ("{base} -mpegts_m2ts_mode 1", FILM),
    "flash.flv": ("{base}", FILM),
    "pictures-out-of-order.avi": ("{pic} -c:v libx264 -preset ultrafast -bf 3 -pix_fmt yuv420p -c:a mp3", FILM),
    "divx.avi": ("{pic} -c:v mpeg4 -vtag DX50 -bf 2 -q:v 4 -c:a mp3", FILM),
    "vp9.webm": ("{pic} -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -c:a libopus", FILM),
    "vp8.webm": ("{pic} -c:v libvpx -deadline realtime -cpu-used 8 -c:a libvorbis", FILM),
    "av1.mp4": ("{pic} -c:v libsvtav1 -preset 12 -c:a aac", FILM),
    "windows.wmv": ("{pic} -c:v wmv2 -q:v 4 -c:a wmav2", FILM),
    "dvd.vob": ("{pic} -c:v mpeg2video -q:v 4 -c:a ac3 -f vob", FILM),
    "hdtv.ts": ("{pic} -c:v mpeg2video -q:v 4 -c:a ac3 -f mpegts", FILM),
    "prores.mov": ("{pic} -c:v prores_ks -profile:v 0 -c:a pcm_s16le", FILM),
    "old-camera.mov": ("{pic} -c:v mjpeg -q:v 3 -pix_fmt yuvj420p -c:a pcm_u8", FILM),
    "old-camera.avi": ("{pic} -c:v mjpeg -q:v 3 -pix_fmt yuvj422p -c:a pcm_s16le", FILM),
    "png-track.mov": ("{pic} -c:v png -c:a pcm_s16le", FILM),
    "phone.3gp": ("-loop 1 -t 1.5 -i drawing.png -f lavfi -t 1.5 -i anullsrc=r=8000:cl=mono -s 176x144 -r 15 "
                  "-c:v h263 -c:a aac",
                  replace(FILM, shown=(176, 144))),
    "dv.avi": ("{pic} -s 720x576 -r 25 -pix_fmt yuv420p -c:v dvvideo -c:a pcm_s16le", replace(FILM, shown=None)),
    "dv.mov": ("{pic} -s 720x576 -r 25 -pix_fmt yuv420p -c:v dvvideo -c:a pcm_s16le", replace(FILM, shown=None)),
    # the picture
    "hevc.mp4": ("{pic} -c:v libx265 -preset ultrafast -x265-params log-level=none -tag:v hvc1 {aac}", FILM),
    "hevc-hev1.mp4": ("{pic} -c:v libx265 -preset ultrafast -x265-params log-level=none -tag:v hev1 {aac}", FILM),
    "hevc-10.mp4": ("{pic} -c:v libx265 -preset ultrafast -x265-params log-level=none -pix_fmt yuv420p10le {aac}",
                    FILM),
    "hlg.mov": ("{pic} -c:v libx265 -preset ultrafast -x265-params log-level=none:colorprim=bt2020:"
                "transfer=arib-std-b67:colormatrix=bt2020nc -pix_fmt yuv420p10le -tag:v hvc1 {aac}",
                replace(FILM, upright=False)),
    "full-range.mp4": ("{pic} -c:v libx264 -preset ultrafast -pix_fmt yuvj420p {aac}", FILM),
    "chroma422.mp4": ("{pic} -c:v libx264 -preset ultrafast -pix_fmt yuv422p {aac}", FILM),
    "chroma444.mp4": ("{pic} -c:v libx264 -preset ultrafast -pix_fmt yuv444p {aac}", FILM),
    "grey.mp4": ("{pic} -c:v libx264 -preset ultrafast -pix_fmt gray {aac}", replace(FILM, upright=False)),
    "hevc-grey.mp4": ("{pic} -c:v libx265 -preset ultrafast -x265-params log-level=none -pix_fmt gray {aac}",
                      replace(FILM, upright=False)),
    "ten-bits.mp4": ("{pic} -c:v libx264 -preset ultrafast -pix_fmt yuv420p10le {aac}", FILM),
    "rgb.mkv": ("{pic} -c:v libx264rgb -preset ultrafast {aac}", FILM),
    "interlaced.mp4": ("{pic} -c:v libx264 -preset ultrafast -flags +ildct+ilme -x264opts tff=1 -pix_fmt yuv420p {aac}",
                       FILM),
    "open-groups.mp4": ("{pic} -c:v libx264 -preset veryfast -x264opts open-gop=1:keyint=15:bframes=3 "
                        "-pix_fmt yuv420p {aac}", FILM),
    "narrow-pixels.mp4": ("{base} -aspect 16:9", replace(FILM, shown=None)),
    "odd.mkv": ("{pic} -vf scale=321:241 -c:v libx264 -preset ultrafast -pix_fmt yuv444p {aac}",
                replace(FILM, shown=(321, 241))),
    "wide.mp4": ("{pic} -vf scale=2560:1920 {h264} {aac}", replace(FILM, shown=(2560, 1920))),
    "very-wide.mp4": ("{pic} -vf scale=1600:100 {h264} {aac}",
                      Expected("video", ("refused",), (1600, 100), moves=True)),
    # time
    "slow.mp4": ("{pic} -r 10 {h264} {aac}", FILM),
    "fast.mp4": ("{pic} -r 120 {h264} {aac}", FILM),
    "ntsc.mp4": ("{pic} -r 30000/1001 {h264} {aac}", FILM),
    "variable.mp4": ("{pic} -vf setpts=N/30/TB+if(mod(N\\,7)\\,0\\,0.021)/TB -fps_mode vfr {h264} {aac}", FILM),
    "variable.mkv": ("{pic} -vf setpts=N/30/TB+if(mod(N\\,5)\\,0\\,0.019)/TB -fps_mode vfr {h264} {aac}", FILM),
    "timelapse.mp4": ("{pic} -vf setpts=N*N/900/TB -fps_mode vfr {h264} {aac}", FILM),
    "one-picture.mp4": ("-i drawing.png -frames:v 1 {h264}", replace(FILM, moves=None, verdicts=("fit", "repairable",
                                                                                                 "refused"))),
    "starts-late.mp4": ("{base} -output_ts_offset 4", FILM),
    "starts-late.ts": ("{base} -output_ts_offset 9000", FILM),
    "before-zero.mkv": ("{base} -avoid_negative_ts disabled -output_ts_offset -0.5", FILM),
    "long.mp4": ("-loop 1 -framerate 1 -t 320 -i drawing.png {h264}",
                 Expected("video", ("refused",), SMALL, says="trim")),
    # the sound
    "silent.mp4": ("-loop 1 -i drawing.png -t 1.5 -r 30 {h264}", FILM),
    "surround.mp4": ("{pic} {h264} -c:a aac -ac 6 -b:a 384k", FILM),
    "dolby.mp4": ("{pic} {h264} -c:a ac3 -ac 6", FILM),
    "pcm.mov": ("{pic} {h264} -c:a pcm_s24le", FILM),
    "mp3.mp4": ("{pic} {h264} -c:a mp3", FILM),
    "opus.mp4": ("{pic} {h264} -c:a libopus", FILM),
    "flac.mkv": ("{pic} {h264} -c:a flac", FILM),
    "alac.mov": ("{pic} {h264} -c:a alac", FILM),
    "rate96.mp4": ("{pic} {h264} -c:a aac -ar 96000", FILM),
    "rate8.mp4": ("{pic} {h264} -c:a aac -ar 8000 -ac 1", FILM),
    "two-sounds.mp4": ("{pic} -map 0:v -map 1:a -map 1:a {h264} {aac}", FILM),
    "only-sound.mp4": ("-f lavfi -i sine -t 1 -c:a aac", Expected("none", ("refused",), says="audio")),
    "only-sound.mp3": ("-f lavfi -i sine -t 1 -c:a mp3", Expected("none", ("refused",), says="audio")),
    "only-sound.wav": ("-f lavfi -i sine -t 1 -c:a pcm_s16le", Expected("none", ("refused",), says="audio")),
    "only-sound.mkv": ("-f lavfi -i sine -t 1 -c:a aac", Expected("none", ("refused", "repairable"))),
    "cover.mp4": ("-i drawing.png -f lavfi -t 1 -i sine -map 1:a -map 0:v -c:a aac -c:v png "
                  "-disposition:v attached_pic", Expected("none", ("refused",))),
    # more tracks
    "captions.mp4": ("{pic} -i captions.srt -map 0:v -map 1:a -map 2:s {h264} {aac} -c:s mov_text", FILM),
    "captions.mkv": ("{pic} -i captions.srt -map 0:v -map 1:a -map 2:s {h264} {aac} -c:s srt", FILM),
    "captions-ass.mkv": ("{pic} -i captions.srt -map 0:v -map 1:a -map 2:s {h264} {aac} -c:s ass", FILM),
    "captions.webm": ("{pic} -i captions.srt -map 0:v -map 1:a -map 2:s -c:v libvpx-vp9 -deadline realtime "
                      "-cpu-used 8 -c:a libopus -c:s webvtt", FILM),
    "captions-ac3.mp4": ("{pic} -i captions.srt -map 0:v -map 1:a -map 2:s {h264} -c:a ac3 -c:s mov_text", FILM),
    "timecode.mov": ("{base} -timecode 10:00:00:00", FILM),
    "chapters.mp4": ("{pic} -i chapters.txt -map 0:v -map 1:a -map_metadata 2 -map_chapters 2 {h264} {aac}", FILM),
    "chapters.mkv": ("{pic} -i chapters.txt -map 0:v -map 1:a -map_metadata 2 -map_chapters 2 {h264} {aac}", FILM),
    "attachment.mkv": ("{base} -attach drawing.png -metadata:s:t mimetype=image/png", FILM),
    # not read here
    "broadcast.mxf": ("{pic} -c:v mpeg2video -q:v 4 -c:a pcm_s16le", replace(REFUSED, says="MXF")),
    "camcorder.dv": ("{pic} -s 720x576 -r 25 -pix_fmt yuv420p -c:v dvvideo -c:a pcm_s16le -ac 2",
                     replace(REFUSED, says="DV")),
    "elementary.m2v": ("-loop 1 -i drawing.png -t 1 -c:v mpeg2video", replace(REFUSED, says="MPEG-2")),
    "elementary.m1v": ("-loop 1 -i drawing.png -t 1 -c:v mpeg1video", replace(REFUSED, says="MPEG-1")),
    "elementary.h264": ("-loop 1 -i drawing.png -t 1 {h264}", replace(REFUSED, says="H.264")),
    "elementary.hevc": ("-loop 1 -i drawing.png -t 1 -c:v libx265 -preset ultrafast -x265-params log-level=none",
                        replace(REFUSED, says="HEVC")),
    "real.rm": ("{pic} -s 176x144 -c:v rv10 -c:a ac3", replace(REFUSED, says="RealMedia")),
    "theora.ogv": ("{pic} -c:v libtheora -c:a libvorbis", replace(REFUSED, says="Ogg")),
    "uncompressed.y4m": ("-loop 1 -i drawing.png -t 0.2 -pix_fmt yuv420p", replace(REFUSED, says="Y4M")),
    "stream.ivf": ("-loop 1 -i drawing.png -t 1 -c:v libvpx", replace(REFUSED, says="IVF")),
    "other.nut": ("{base}", replace(REFUSED, says="NUT")),
    "flash.swf": ("-loop 1 -i drawing.png -t 1 -c:v flv", replace(REFUSED, says="Flash")),
    "sound.ac3": ("-f lavfi -i sine -t 1 -c:a ac3", replace(REFUSED, says="AC-3")),
    "sound.aiff": ("-f lavfi -i sine -t 1", replace(REFUSED, says="AIFF")),
    "sound.ogg": ("-f lavfi -i sine -t 1 -c:a libvorbis", replace(REFUSED, says="Ogg")),
    # where and with what
    "place.mov": ("{base} -metadata location=+40.6351-008.6500/ -metadata make=Nobody", replace(FILM, clean=True,
                                                                                                noted=True)),
    "place.mp4": ("{base} -metadata location=+40.6351-008.6500/ -movflags +faststart",
                  replace(FILM, clean=True, noted=True)),
    "place-mdta.mov": ("{base} -movflags use_metadata_tags -metadata com.apple.quicktime.location.ISO6709="
                       "+40.6351-008.6500+010/ -metadata com.apple.quicktime.make=Nobody",
                       replace(FILM, clean=True, noted=True)),
    "place-mdta.mp4": ("{base} -movflags use_metadata_tags+faststart -metadata com.android.version=14 -metadata "
                       "location=+40.6351-008.6500/", replace(FILM, clean=True, noted=True)),
}  # fmt: skip
PARTS = {
    "{base}": "{pic} {h264} {aac}", "{pic}": SEEN,
    "{h264}": H264, "{aac}": AAC,
}  # fmt: skip
CUT_FILMS = (
    "index-first.mp4", "index-last.mp4", "quicktime.mov", "fragments.mp4", "matroska.mkv", "transport.ts", "flash.flv",
    "divx.avi", "vp9.webm", "windows.wmv", "old-camera.mov",
)  # fmt: skip
CLAP_S = 1.0
"""When the picture flashes and the sound beeps in the films about their distance."""
LATE = (0.0, 0.02, 0.045, 0.1, 0.25)


def films(folder: Path) -> Iterator[tuple[str, Expected, bytes]]:
    drawing().save(folder / "drawing.png")
    (folder / "captions.srt").write_text("1\n00:00:00,100 --> 00:00:01,000\nHello\n")
    (folder / "chapters.txt").write_text(
        ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=700\ntitle=One\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=700\nEND=1500\ntitle=Two\n"
    )
    for name, (options, expected) in FILMS.items():
        data = film(folder, name, options)
        if not data:
            continue
        yield name, expected, data
        if name in CUT_FILMS:
            for share in CUTS:
                yield f"cut{share}.{name}", CUT, data[: int(len(data) * share)]
            half = len(data) // 2
            yield f"zeros.{name}", CUT, data[:half] + bytes(len(data) - half)
    yield from turned(folder)
    yield from claps(folder)
    yield from damaged(folder)


def film(folder: Path, name: str, options: str, ending: str = "") -> bytes:
    for part, words in PARTS.items():
        options = options.replace(part, words)
    target = folder / f"made.{ending or name.rpartition('.')[2]}"
    target.unlink(missing_ok=True)
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", *options.split(), str(target)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=MAKE_S, check=False)
    if done.returncode or not target.exists():
        sys.stderr.write(f"{name} was not made: {done.stderr.strip()[-160:]}\n")
        return b""
    return target.read_bytes()


def turned(folder: Path) -> Iterator[tuple[str, Expected, bytes]]:
    """All eight ways a track's matrix can turn and mirror, and each with sound that has to be encoded again."""
    one = 0x10000
    ways = {
        "none": (1, 0, 0, 1), "90": (0, 1, -1, 0), "180": (-1, 0, 0, -1), "270": (0, -1, 1, 0),
        "mirrored": (-1, 0, 0, 1), "upside-down": (1, 0, 0, -1), "mirrored-90": (0, 1, 1, 0),
        "mirrored-270": (0, -1, -1, 0),
    }  # fmt: skip
    wide, high = SMALL
    for sound, options in (("copied", "{base}"), ("encoded", "{pic} {h264} -c:a ac3"),
                           ("hevc-444", "{pic} -c:v libx264 -preset ultrafast -pix_fmt yuv444p {aac}")):  # fmt: skip
        for way, (a, b, c, d) in ways.items():
            # what is shown is the stored picture through the matrix: store the drawing through its inverse
            corners = [(a * x + c * y, b * x + d * y) for x, y in ((0, 0), (1, 0), (0, 1), (1, 1))]
            left, top = min(x for x, _ in corners), min(y for _, y in corners)
            order = [(x - left) + 2 * (y - top) for x, y in corners]  # stored quarter -> shown quarter
            across = SMALL if a else (high, wide)
            picture = Image.new("RGB", across)
            for quarter, shown in enumerate(order):
                box = Image.new("RGB", (across[0] // 2, across[1] // 2), CORNERS[shown])
                picture.paste(box, (quarter % 2 * across[0] // 2, quarter // 2 * across[1] // 2))
            picture.save(folder / "turned.png")
            data = film(folder, f"turned-{way}", options.replace("{pic}", PARTS["{pic}"]).replace("{base}",
                        PARTS["{base}"].replace("{pic}", PARTS["{pic}"])).replace("drawing.png", "turned.png"),
                        "mp4")  # fmt: skip
            if not data:
                continue
            w, h = (value << 16 for value in across)
            x = sum(-part * size for part, size in ((a, across[0]), (c, across[1])) if part < 0) * one
            y = sum(-part * size for part, size in ((b, across[0]), (d, across[1])) if part < 0) * one
            matrix = struct.pack(">9i", a * one, b * one, 0, c * one, d * one, 0, x, y, 1 << 30)
            plain = struct.pack(">9i", one, 0, 0, 0, one, 0, 0, 0, 1 << 30)
            at = data.index(plain + struct.pack(">II", w, h))
            yield f"turned-{way}-{sound}.mp4", FILM, data[:at] + matrix + data[at + 36 :]


def claps(folder: Path) -> Iterator[tuple[str, Expected, bytes]]:
    """A flash and a beep at the same moment, with the streams put apart in each way a container can hold that."""
    seen = f"-f lavfi -i color=black:s=320x240:r=50:d=2,drawbox=c=white:t=fill:enable='gte(t\\,{CLAP_S})'"
    heard = f"-f lavfi -i aevalsrc='0.5*sin(6000*t)*gte(t\\,{CLAP_S})':s=48000:d=2"
    for late in LATE:
        for ending, codecs in (("mp4", f"{H264} {AAC}"), ("mov", f"{H264} -c:a pcm_s16le"), ("mkv", f"{H264} {AAC}"),
                               ("flv", f"{H264} {AAC}"), ("ts", f"{H264} -c:a mp2"), ("mpegts.ts", f"{H264} {AAC}"),
                               ("ac3.mp4", f"{H264} -c:a ac3")):  # fmt: skip
            # the sound's first part is missing in the file: it starts late, and beeps when the picture flashes
            cut = f"-af atrim=start={late},asetpts=PTS" if late else ""
            options = f"{seen} {heard} {cut} {codecs}".replace("'", "")
            expected = Expected("video", moves=True, sound_at=0.0)
            data = film(folder, f"late{late}.{ending}", options, ending.rpartition(".")[2])
            if data:
                yield f"late{late}.{ending}", expected, data
    for skip in (0.1, 0.5):  # an edit list that hides the beginning
        film(folder, "plain", f"{seen} {heard} {H264} -g 100 {AAC}".replace("'", ""), "mp4")
        (folder / "whole.mp4").write_bytes((folder / "made.mp4").read_bytes())
        data = film(folder, f"hidden{skip}.mp4", f"-ss {skip} -i whole.mp4 -c copy", "mp4")
        yield f"hidden{skip}.mp4", Expected("video", moves=True, sound_at=0.0), data


def damaged(folder: Path) -> Iterator[tuple[str, Expected, bytes]]:
    base = film(folder, "base", "{base} -movflags +faststart", "mp4")
    for name, data in (("empty", b""), ("one", b"\0"), ("one-ff", b"\xff"), ("two", b"\xff\xd8"),
                       ("zeros", bytes(9000)), ("noise", random.Random(2).randbytes(9000)), ("ftyp-only", base[:32]),
                       ("page", b"<!doctype html><title>Log in</title>"), ("riff", b"RIFF"),
                       ("json", b'{"error": {"message": "expired"}}')):  # fmt: skip
        for ending in ("mp4", "jpg"):
            yield f"{name}.{ending}", REFUSED, data
    for tag in (b"stsz", b"stco", b"stsc", b"stts", b"avcC", b"mdat", b"trak", b"mvhd", b"hdlr"):
        at = base.index(tag)
        yield f"without-{tag.decode()}.mp4", CUT, base[:at] + b"free" + base[at + 4 :]
        zeroed = base[: at + 8] + bytes(8) + base[at + 16 :]
        yield f"zeroed-{tag.decode()}.mp4", Expected("any", ("fit", "repairable", "refused")), zeroed
        huge = base[: at + 8] + b"\x7f\xff\xff\xff" + base[at + 12 :]
        yield f"huge-{tag.decode()}.mp4", Expected("any", ("fit", "repairable", "refused")), huge
    visual = base.index(b"avc1", base.index(b"stsd"))
    nothing = base[: visual + 28] + bytes(4) + base[visual + 32 :]
    yield "nothing-wide.mp4", Expected("any", ("repairable", "refused")), nothing
    index, media = base.index(b"moov") - 4, base.index(b"mdat") - 4
    yield "index-only.mp4", REFUSED, base[:media]
    yield "no-index.mp4", REFUSED, base[:index] + base[media:]
    for ending in ("mov", "avi", "jpg", "png", "txt", ""):
        yield f"wrong-ending-mp4.{ending}", FILM, base
    chance = random.Random(9)
    for number in range(12):
        flipped = bytearray(base)
        for _ in range(6):
            flipped[chance.randrange(len(flipped))] = chance.randrange(256)
        yield f"flipped{number}.mp4", Expected("any", ("fit", "repairable", "refused")), bytes(flipped)


def main() -> int:
    import pillow_heif

    pillow_heif.register_heif_opener()
    target = Path(sys.argv[1])
    work = target.parent / f"{target.name}.work"
    known: dict[str, dict[str, Any]] = {}
    sources: tuple[tuple[str, Callable[[], Iterator[tuple[str, Expected, bytes]]]], ...] = (
        ("pictures", pictures),
        ("films", lambda: films(work)),
    )
    work.mkdir(parents=True, exist_ok=True)
    for part, made in sources:
        (target / part).mkdir(parents=True, exist_ok=True)
        for name, expected, data in made():
            if not data and "empty" not in name:
                sys.stderr.write(f"{name} was not made\n")
                continue
            (target / part / name).write_bytes(data)
            known[f"{part}/{name}"] = asdict(expected)
    (target / "expected.json").write_text(json.dumps(known, indent=1))
    for path in work.iterdir():
        path.unlink()
    work.rmdir()
    sys.stdout.write(f"{len(known)} files in {target}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
