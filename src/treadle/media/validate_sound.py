"""The rules for a video's sound; :mod:`treadle.media.validate` is the way in."""

from __future__ import annotations

from treadle.media.facts import AudioFacts
from treadle.media.finding import Finding
from treadle.media.patterns import finding
from treadle.media.spec import VideoSpec


def validate_sound(audio: AudioFacts, spec: VideoSpec) -> list[Finding]:
    found: list[Finding] = []
    if audio.codec not in spec.audio_codecs.value:
        message = f"The sound is {audio.codec.upper()}; Threads takes AAC. Only the sound is encoded again."
        found.append(
            finding("audio_codec", "repair", "audio.codec", message, got=audio.codec, limit=["aac"], fix="audio")
        )
    elif audio.profile not in spec.audio_profiles.value:
        message = (
            f"The sound is AAC of the kind {audio.profile}; every file known to pass is AAC-LC. It is encoded again."
        )
        found.append(
            finding(
                "audio_profile",
                "repair",
                "audio.profile",
                message,
                got=audio.profile,
                limit="LC",
                fix="audio",
                basis="folklore",
            )
        )
    if audio.sample_rate is not None and audio.sample_rate > spec.audio_rate_max.value:
        message = (
            f"The sound has {audio.sample_rate} samples a second; Threads takes up to {spec.audio_rate_max.value}."
        )
        found.append(
            finding(
                "audio_rate",
                "repair",
                "audio.sample_rate",
                message + " It is encoded again.",
                got=audio.sample_rate,
                limit=spec.audio_rate_max.value,
                fix="audio",
            )
        )
    if audio.channels is not None and audio.channels > spec.audio_channels_max.value:
        message = f"The sound has {audio.channels} channels; Threads takes mono and stereo. It is mixed down to stereo."
        found.append(
            finding(
                "audio_channels",
                "repair",
                "audio.channels",
                message,
                got=audio.channels,
                limit=spec.audio_channels_max.value,
                fix="audio",
            )
        )
    rate = audio.bit_rate
    if rate is not None and audio.codec == "aac":
        kbit = round(rate / 1000)
        if rate > spec.audio_bit_rate_seen.value:
            message = (
                f"The sound runs at {kbit} kbit/s; Meta's document says 128, and up to 191 is seen to pass. "
                "It is encoded again."
            )
            found.append(
                finding(
                    "audio_bit_rate",
                    "repair",
                    "audio.bit_rate",
                    message,
                    got=round(rate),
                    limit=spec.audio_bit_rate_seen.value,
                    fix="audio",
                    basis="seen",
                )
            )
        elif rate > spec.audio_bit_rate.value * 1.1:  # a variable rate wavers around what was asked for
            message = f"The sound runs at {kbit} kbit/s; Meta's document says 128, and up to 191 is seen to pass."
            found.append(
                finding(
                    "audio_bit_rate_high",
                    "remark",
                    "audio.bit_rate",
                    message,
                    got=round(rate),
                    limit=spec.audio_bit_rate.value,
                    basis="seen",
                )
            )
    if audio.offset_s is not None and abs(audio.offset_s) > 0.1:
        message = f"The sound starts {audio.offset_s * 1000:.0f} ms after the picture; silence is put in front of it."
        if audio.offset_s < 0:
            message = f"The sound starts {-audio.offset_s * 1000:.0f} ms before the picture; that part is cut off."
        found.append(
            finding(
                "audio_offset",
                "repair",
                "audio.offset_s",
                message,
                got=round(audio.offset_s, 3),
                limit=0.1,
                fix="audio",
                basis="folklore",
            )
        )
    return found
