"""Which pattern of the catalogue explains which finding: one table, so that a test can hold every id against it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from treadle.media.finding import Basis, Finding, Severity

PATTERN_OF: Mapping[str, str] = {
    # the file as such
    "empty": "media_not_readable",
    "not_media": "media_not_readable",
    "truncated": "media_not_readable",
    "malformed": "media_not_readable",
    "hostile": "media_not_readable",
    "encrypted": "media_not_readable",
    "external_reference": "media_not_readable",
    "no_picture": "video_format",
    "not_looked_at_whole": "video_format",
    # video: how it is packed
    "container": "video_format",
    "index_last": "video_format",
    "fragmented": "video_format",
    "edit_list": "video_format",
    "edit_list_trivial": "video_format",
    "extra_tracks": "video_format",
    "file_size": "media_too_large",
    "duration": "duration_exceed",
    "duration_zero": "duration_exceed",
    # video: the picture
    "video_codec": "video_codec",
    "hevc": "video_codec",
    "chroma": "video_codec",
    "bit_depth": "video_codec",
    "interlaced": "video_codec",
    "may_be_interlaced": "video_codec",
    "open_gop": "video_codec",
    "hdr": "video_codec",
    "parameter_sets": "video_codec",
    "frame_rate": "video_frame_rate",
    "frame_rate_varies": "video_frame_rate",
    "columns": "video_format",
    "odd_size": "video_format",
    "aspect": "video_aspect_ratio",
    "pixel_aspect": "video_aspect_ratio",
    "bit_rate": "video_bit_rate",
    "bit_rate_high": "video_bit_rate",
    # video: the sound
    "audio_codec": "video_audio",
    "audio_profile": "video_audio",
    "audio_rate": "video_audio",
    "audio_channels": "video_audio",
    "audio_bit_rate": "video_audio",
    "audio_bit_rate_high": "video_audio",
    "audio_offset": "video_audio",
    "no_audio": "video_audio",
    # pictures
    "image_format": "image_format",
    "image_size": "media_too_large",
    "image_aspect": "image_aspect_ratio",
    "image_width": "image_format",
    "image_colour": "image_format",
    "image_profile": "image_format",
    "image_depth": "image_format",
    "image_animated": "image_format",
    "image_orientation": "image_format",
    "image_pixels": "image_format",
    "image_location": "image_format",
    # the address
    "url_invalid": "media_url_invalid",
    "url_scheme": "media_url_invalid",
    "url_credentials": "media_url_invalid",
    "url_plain_http": "media_url_invalid",
    "address_private": "media_address_private",
    "name_not_found": "media_fetch_failed",
    "unreachable": "media_fetch_failed",
    "tls": "media_fetch_failed",
    "timeout": "media_fetch_slow",
    "slow": "media_fetch_slow",
    "redirects": "media_fetch_redirected",
    "too_many_redirects": "media_fetch_redirected",
    "refused": "media_fetch_refused",
    "not_found": "media_fetch_failed",
    "server_error": "media_fetch_failed",
    "rate_limited": "media_fetch_refused",
    "login_page": "media_fetch_html",
    "html": "media_fetch_html",
    "robots": "media_fetch_robots",
    "meta_agent_refused": "media_fetch_refused",
    "content_type": "media_fetch_content_type",
    "no_length": "media_fetch_slow",
    "no_ranges": "media_fetch_slow",
    "expires": "media_url_expires",
    "expired": "media_url_expires",
    "tunnel_host": "media_fetch_refused",
    "host_failed_lately": "media_fetch_failed",
    "too_large_to_fetch": "media_too_large",
    "cut_short": "media_fetch_failed",
    # the repair itself
    "repair_failed": "media_repair_failed",
    "repair_not_compliant": "media_repair_failed",
    "repair_limit": "media_repair_failed",
    "canceled": "media_repair_failed",
    "no_room": "media_repair_failed",
    "no_heif": "image_format",
    "file_missing": "media_not_readable",
}


def pattern_of(code: str) -> str:
    """The pattern's id for a finding's code. Every code has one: a missing entry is a mistake of ours."""
    return PATTERN_OF[code]


def finding(
    code: str,
    severity: Severity,
    field: str,
    message: str,
    *,
    got: Any = None,
    limit: Any = None,
    fix: str = "none",
    basis: Basis = "documented",
) -> Finding:
    """A finding with the pattern that explains it."""
    return Finding(code, severity, field, message, got, limit, pattern_of(code), fix, basis)
