"""The rules for a video's sound; :mod:`treadle_threads.media.rules` is the way in."""

from __future__ import annotations

from typing import Any

from treadle_threads.media.facts import AudioFacts
from treadle_threads.media.finding import Finding
from treadle_threads.media.patterns import finding
from treadle_threads.media.spec import VideoSpec

SHORT_S = 1.0
"""Over less than a second the encoder's first packets decide the bit rate: it says nothing."""
EARLY_S, LATE_S = 0.1, 0.009
"""How far the sound may begin before and after the picture. What comes early is cut off by whole packets, or encoded
where none ends near the first picture; what comes late needs silence in front of it, as there is no edit list to say
so. A result has its sound within 10 ms of where it was."""


def validate_sound(audio: AudioFacts, spec: VideoSpec) -> list[Finding]:
    """What is wrong with the sound: encoding, samples, channels, bit rate, distance to the picture."""
    rules = (
        _encoding(audio, spec),
        _sample_rate(audio, spec),
        _channels(audio, spec),
        _bit_rate(audio, spec),
        _offset(audio),
    )
    return [found for found in rules if found is not None]


def _encoding(audio: AudioFacts, spec: VideoSpec) -> Finding | None:
    if audio.codec not in spec.audio_codecs.value:
        return finding("audio_codec", got=audio.codec, limit=["aac"], name=audio.codec.upper())
    if audio.profile not in spec.audio_profiles.value:
        return finding("audio_profile", got=audio.profile, limit="LC")
    return None


def _sample_rate(audio: AudioFacts, spec: VideoSpec) -> Finding | None:
    if audio.sample_rate is None or audio.sample_rate <= spec.audio_rate_max.value:
        return None
    return finding("audio_rate", got=audio.sample_rate, limit=spec.audio_rate_max.value)


def _channels(audio: AudioFacts, spec: VideoSpec) -> Finding | None:
    if audio.channels is None or audio.channels <= spec.audio_channels_max.value:
        return None
    return finding("audio_channels", got=audio.channels, limit=spec.audio_channels_max.value)


def _bit_rate(audio: AudioFacts, spec: VideoSpec) -> Finding | None:
    """Too much is encoded again; what is above the document and seen to pass is only said."""
    rate = audio.bit_rate
    if rate is None or audio.codec != "aac" or (audio.duration_s or SHORT_S) < SHORT_S:
        return None
    args: dict[str, Any] = {"got": round(rate), "kilobits": round(rate / 1000)}
    if rate > spec.audio_bit_rate_seen.value:
        return finding("audio_bit_rate", limit=spec.audio_bit_rate_seen.value, **args)
    if rate > spec.audio_bit_rate.value * 1.1:  # a variable rate wavers around what was asked for
        return finding("audio_bit_rate_high", limit=spec.audio_bit_rate.value, **args)
    return None


def _offset(audio: AudioFacts) -> Finding | None:
    if audio.offset_s is None or -EARLY_S <= audio.offset_s <= LATE_S:
        return None
    says, limit = ("audio_offset", LATE_S) if audio.offset_s > 0 else ("audio_early", EARLY_S)
    return finding(says, got=round(audio.offset_s, 3), limit=limit, apart=abs(audio.offset_s) * 1000)
