"""The codec headers inside an MP4's sample descriptions: avcC, hvcC, vpcC, av1C, esds. Pure functions on bytes."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

from treadle_threads.media.bits import Bits, Malformed, unescaped

CHROMA = {0: "4:0:0", 1: "4:2:0", 2: "4:2:2", 3: "4:4:4"}

VIDEO_FOURCC = {
    "avc1": "h264", "avc3": "h264", "hvc1": "hevc", "hev1": "hevc", "dvh1": "hevc", "dvhe": "hevc", "dva1": "h264",
    "dvav": "h264", "vp08": "vp8", "vp09": "vp9", "av01": "av1", "mp4v": "mpeg4", "s263": "h263", "h263": "h263",
    "H263": "h263", "apch": "prores", "apcn": "prores", "apcs": "prores", "apco": "prores", "ap4h": "prores",
    "ap4x": "prores", "jpeg": "mjpeg", "mjpa": "mjpeg", "mjpb": "mjpeg", "png ": "png", "SVQ1": "svq1", "SVQ3": "svq3",
    "vvc1": "vvc", "vvi1": "vvc", "AVdn": "dnxhd", "AVdh": "dnxhr", "xd5b": "mpeg2", "hdv2": "mpeg2", "dvc ": "dv",
    "dvcp": "dv", "WMV3": "wmv3", "raw ": "rawvideo", "2vuy": "rawvideo", "v210": "rawvideo",
}  # fmt: skip
AUDIO_FOURCC = {
    "mp4a": "aac", "ac-3": "ac3", "ec-3": "eac3", "Opus": "opus", "alac": "alac", "fLaC": "flac", ".mp3": "mp3",
    "sowt": "pcm", "twos": "pcm", "lpcm": "pcm", "in24": "pcm", "in32": "pcm", "fl32": "pcm", "fl64": "pcm",
    "ipcm": "pcm", "fpcm": "pcm", "raw ": "pcm", "NONE": "pcm", "ulaw": "pcm_mulaw", "alaw": "pcm_alaw",
    "samr": "amr_nb", "sawb": "amr_wb", "dtsc": "dts", "dtsh": "dts", "QDM2": "qdm2", "ima4": "adpcm",
}  # fmt: skip

H264_PROFILES = {66: "Baseline", 77: "Main", 88: "Extended", 100: "High", 110: "High 10", 122: "High 4:2:2",
                 244: "High 4:4:4", 44: "CAVLC 4:4:4"}  # fmt: skip
HEVC_PROFILES = {1: "Main", 2: "Main 10", 3: "Main Still", 4: "Range Extensions"}
_HIGH_PROFILES = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})

AAC_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
AAC_OBJECTS = {1: "Main", 2: "LC", 3: "SSR", 4: "LTP", 5: "HE", 29: "HEv2", 23: "LD", 39: "ELD", 42: "xHE"}
_ESDS_CODECS = {0x20: "mpeg4", 0x21: "h264", 0x40: "aac", 0x66: "aac", 0x67: "aac", 0x68: "aac", 0x69: "mp3",
                0x6B: "mp3", 0x60: "mpeg2", 0x61: "mpeg2", 0x62: "mpeg2", 0x63: "mpeg2", 0x64: "mpeg2",
                0x65: "mpeg2", 0x6A: "mpeg1", 0x6C: "mjpeg", 0x6D: "png", 0xA5: "ac3", 0xA6: "eac3",
                0xA9: "dts", 0xAD: "opus", 0xDD: "vorbis"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class VideoConfig:
    """What a video codec's header says. ``nal_length`` is the size of NAL length fields, 0 where there are none.

    ``width`` and ``height`` are those of the stream itself, 0 where they were not read.
    """

    profile: str = ""
    level: float | None = None
    chroma: str | None = None
    bit_depth: int | None = None
    field_coding: bool = False
    nal_length: int = 0
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class AudioConfig:
    codec: str
    profile: str = ""
    sample_rate: int = 0
    channels: int = 0


def avc_config(data: bytes) -> VideoConfig:
    """AVCDecoderConfigurationRecord (ISO/IEC 14496-15), with the first SPS read for chroma, depth and field coding."""
    profile = H264_PROFILES.get(data[1], str(data[1]))
    level = data[3] / 10
    nal_length = (data[4] & 3) + 1
    if not data[5] & 31:
        return VideoConfig(profile, level, nal_length=nal_length)
    length = struct.unpack_from(">H", data, 6)[0]
    found = _h264_sps(data[8 : 8 + length])
    return replace(found, profile=profile, level=level, nal_length=nal_length)


def _h264_sps(nal: bytes) -> VideoConfig:
    """Sampling, field coding and size of a sequence parameter set (ITU-T H.264, 7.3.2.1.1)."""
    bits = Bits(unescaped(nal[1:512]))
    profile = bits.take(8)
    bits.take(16)
    bits.golomb()
    chroma, depth = 1, 8
    if profile in _HIGH_PROFILES:
        chroma = bits.golomb()
        if chroma == 3:
            bits.take(1)
        depth = 8 + bits.golomb()
        bits.golomb()
        bits.take(1)
        if bits.flag():
            _skip_scaling_lists(bits, 12 if chroma == 3 else 8)
    bits.golomb()
    order_type = bits.golomb()
    if order_type == 0:
        bits.golomb()
    elif order_type == 1:
        bits.take(1)
        bits.signed_golomb()
        bits.signed_golomb()
        cycle = bits.golomb()
        if cycle > 255:
            raise Malformed("an H.264 header with an impossible picture order")
        for _ in range(cycle):
            bits.signed_golomb()
    bits.golomb()
    bits.take(1)
    across, down = bits.golomb() + 1, bits.golomb() + 1
    frames_only = bits.flag()
    known = VideoConfig(chroma=CHROMA.get(chroma), bit_depth=depth, field_coding=not frames_only)
    try:
        if not frames_only:
            bits.take(1)
        bits.take(1)
        fields = 1 if frames_only else 2
        width, height = _cropped(bits, 16 * across, 16 * down * fields, chroma, fields)
    except Malformed:  # the size is told elsewhere, too
        return known
    return replace(known, width=width, height=height)


def _cropped(bits: Bits, width: int, height: int, chroma: int, fields: int = 1) -> tuple[int, int]:
    """The size without the border that a stream's window cuts off; the window comes next in ``bits``."""
    if not bits.flag():
        return width, height
    left, right, top, bottom = (bits.golomb() for _ in range(4))
    across, down = (2 if chroma in (1, 2) else 1), (2 if chroma == 1 else 1) * fields
    return width - across * (left + right), height - down * (top + bottom)


def _skip_scaling_lists(bits: Bits, count: int) -> None:
    for index in range(count):
        if not bits.flag():
            continue
        last = following = 8
        for _ in range(16 if index < 6 else 64):
            if following:
                following = (last + bits.signed_golomb() + 256) % 256
            last = following or last


def hevc_config(data: bytes) -> VideoConfig:
    """HEVCDecoderConfigurationRecord (ISO/IEC 14496-15). Interlaced is told by its source flags; only a hint."""
    source = data[6]
    known = VideoConfig(
        profile=HEVC_PROFILES.get(data[1] & 31, str(data[1] & 31)),
        level=data[12] / 30,
        chroma=CHROMA[data[16] & 3],
        bit_depth=8 + (data[17] & 7),
        field_coding=bool(source >> 6 & 1) and not source >> 7 & 1,
        nal_length=(data[21] & 3) + 1,
    )
    try:
        return _with_hevc_sps(known, data)
    except (Malformed, IndexError, struct.error):
        return known


def _with_hevc_sps(known: VideoConfig, data: bytes) -> VideoConfig:
    """What the first sequence parameter set says: some phones write other figures in front of it, and decoders go by
    this one (ITU-T H.265, 7.3.2.2.1)."""
    at = 23
    for _ in range(data[22]):
        kind, count = data[at] & 63, struct.unpack_from(">H", data, at + 1)[0]
        at += 3
        for _ in range(count):
            length = struct.unpack_from(">H", data, at)[0]
            if kind == 33:
                return _hevc_sps(known, data[at + 2 : at + 2 + length])
            at += 2 + length
    return known


def _hevc_sps(known: VideoConfig, nal: bytes) -> VideoConfig:
    bits = Bits(unescaped(nal[2:512]))
    bits.take(4)
    layers = bits.take(3)
    bits.take(1)
    bits.take(96)  # the general profile and level
    present = [(bits.flag(), bits.flag()) for _ in range(layers)]
    if layers:
        bits.take(2 * (8 - layers))
    for profile, level in present:
        bits.take(88 * profile + 8 * level)
    bits.golomb()
    chroma = bits.golomb()
    if chroma not in CHROMA:
        raise Malformed("an HEVC header with an impossible chroma format")
    if chroma == 3:
        bits.take(1)
    across, down = bits.golomb(), bits.golomb()
    width, height = _cropped(bits, across, down, chroma)
    return replace(known, chroma=CHROMA[chroma], bit_depth=8 + bits.golomb(), width=width, height=height)


def vp_config(data: bytes) -> VideoConfig:
    """VPCodecConfigurationRecord (vp09, vp08)."""
    chroma = {0: "4:2:0", 1: "4:2:0", 2: "4:2:2", 3: "4:4:4"}.get(data[6] >> 1 & 7)
    return VideoConfig(f"Profile {data[4]}", data[5] / 10, chroma, data[6] >> 4)


def av1_config(data: bytes) -> VideoConfig:
    """AV1CodecConfigurationRecord."""
    flags = data[2]
    depth = 8 if not flags & 0x40 else 12 if flags & 0x20 else 10
    chroma = "4:0:0" if flags & 0x10 else {0: "4:4:4", 2: "4:2:2", 3: "4:2:0"}.get(flags >> 2 & 3)
    return VideoConfig(("Main", "High", "Professional")[min(data[1] >> 5, 2)], None, chroma, depth)


def elementary_stream(data: bytes) -> tuple[str | None, AudioConfig | None, int]:
    """An esds box: codec by its object type, AAC's own configuration if there is one, declared bit rate (0: none)."""
    at = 0
    if data[at] != 3:
        return None, None, 0
    _, at = _descriptor_length(data, at + 1)
    flags = data[at + 2]
    at += 3
    if flags & 0x80:
        at += 2
    if flags & 0x40:
        at += 1 + data[at]
    if flags & 0x20:
        at += 2
    if data[at] != 4:
        return None, None, 0
    _, at = _descriptor_length(data, at + 1)
    object_type = data[at]
    codec = _ESDS_CODECS.get(object_type, f"mp4-0x{object_type:02x}")
    bit_rate = struct.unpack_from(">I", data, at + 9)[0]
    at += 13
    if codec != "aac":
        return codec, None, bit_rate
    if at >= len(data) or data[at] != 5:
        return codec, None, bit_rate
    length, at = _descriptor_length(data, at + 1)
    config = aac_config(data[at : at + length])
    if object_type != 0x40:
        config = AudioConfig("aac", f"MPEG-2 {config.profile}", config.sample_rate, config.channels)
    return codec, config, bit_rate


def aac_config(data: bytes) -> AudioConfig:
    """AudioSpecificConfig (ISO/IEC 14496-3), explicit SBR and PS included."""
    bits = Bits(data[:64])
    kind = _aac_object(bits)
    rate = _aac_rate(bits)
    channels = bits.take(4)
    if kind in (5, 29):  # SBR or PS signalled in front: the rate heard is the extension's
        rate = _aac_rate(bits)
        if kind == 29:
            channels = 2
    return AudioConfig("aac", AAC_OBJECTS.get(kind, f"type {kind}"), rate, 8 if channels == 7 else channels)


def _aac_object(bits: Bits) -> int:
    kind = bits.take(5)
    return 32 + bits.take(6) if kind == 31 else kind


def _aac_rate(bits: Bits) -> int:
    index = bits.take(4)
    if index == 15:
        return bits.take(24)
    return AAC_RATES[index] if index < len(AAC_RATES) else 0


def _descriptor_length(data: bytes, at: int) -> tuple[int, int]:
    """A length of one to four bytes, seven bits each; returns it and where its content starts."""
    length = 0
    for _ in range(4):
        byte = data[at]
        at += 1
        length = length << 7 | byte & 127
        if not byte & 128:
            break
    return length, at


def opens_closed_gop(codec: str, head: bytes, nal_length: int) -> bool | None:
    """Whether a sync sample starting with ``head`` is an IDR picture (closed GOP). ``None``: not in these bytes."""
    at = 0
    while at + nal_length < len(head):
        length = int.from_bytes(head[at : at + nal_length], "big")
        at += nal_length
        if codec == "h264":
            kind = head[at] & 31
            if kind in (1, 2, 5):
                return kind == 5
        else:
            kind = head[at] >> 1 & 63
            if kind < 32:
                return kind in (19, 20)
        at += length
    return None
