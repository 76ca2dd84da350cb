"""Which pattern of the catalogue explains which finding: one table, so that a test can hold every id against it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from treadle_threads.media.finding import Basis, Finding, Severity
from treadle_threads.media.sentences import SENTENCES

OWN_FAULT = "media_worker_failed"
"""The pattern of what is Treadle's own fault: nothing is known against the file."""

SET_UP_FAULT = "public_url_unreachable"
"""The pattern of an address of Treadle's own that Meta cannot reach: the operator's to repair, not the author's."""

PATTERN_OF: Mapping[str, str] = {
    # the file as such
    "empty": "media_damaged",
    "not_media": "media_type_not_media",
    "truncated": "media_damaged",
    "malformed": "media_damaged",
    "hostile": "media_damaged",
    "encrypted": "media_damaged",
    "external_reference": "media_damaged",
    "no_picture": "video_format",
    "not_looked_at_whole": "video_format",
    # video: how it is packed
    "container": "video_format",
    "index_last": "video_index_at_end",
    "fragmented": "video_format",
    "edit_list": "video_edit_list",
    "edit_list_trivial": "video_edit_list",
    "extra_tracks": "video_format",
    "subtitles": "video_format",
    "video_location": "video_format",
    "video_device": "video_format",
    "no_size": "media_damaged",
    "size_missing": "video_dimensions",
    "file_size": "video_too_large",
    "duration": "duration_exceed",
    "duration_zero": "duration_exceed",
    # video: the picture
    "video_codec": "video_codec",
    "hevc": "video_codec",
    "chroma": "video_pixel_format",
    "bit_depth": "video_pixel_format",
    "interlaced": "video_format",
    "may_be_interlaced": "video_format",
    "open_gop": "video_open_gop",
    "hdr": "video_pixel_format",
    "parameter_sets": "video_codec",
    "frame_rate": "video_frame_rate",
    "frame_rate_varies": "video_frame_rate",
    "columns": "video_dimensions",
    "odd_size": "video_dimensions",
    "aspect": "video_aspect_ratio",
    "pixel_aspect": "video_aspect_ratio",
    "bit_rate": "video_bit_rate",
    "bit_rate_high": "video_bit_rate",
    # video: the sound
    "audio_codec": "audio_codec",
    "audio_profile": "audio_codec",
    "audio_rate": "audio_codec",
    "audio_channels": "audio_channels",
    "audio_bit_rate": "audio_codec",
    "audio_bit_rate_high": "audio_codec",
    "audio_offset": "audio_processing_failed",
    # pictures
    "image_format": "image_format",
    "image_size": "image_too_large",
    "image_aspect": "image_aspect_ratio",
    "image_width": "image_dimensions",
    "image_colour": "image_format",
    "image_profile": "image_format",
    "image_depth": "image_format",
    "image_animated": "image_format",
    "image_pixels": "image_dimensions",
    "image_location": "image_format",
    "image_device": "image_format",
    "image_orientation": "image_format",
    "image_unreadable": "image_format",
    "no_heif": OWN_FAULT,
    # the address
    "url_invalid": "media_address_invalid",
    "url_scheme": "media_address_invalid",
    "url_credentials": "media_address_invalid",
    "url_plain_http": "media_address_invalid",
    "address_private": "media_address_private",
    "name_not_found": "media_host_unknown",
    "unreachable": "media_host_down",
    "tls": "media_host_tls",
    "timeout": "media_host_down",
    "slow": "media_host_down",
    "redirects": "media_redirects",
    "too_many_redirects": "media_redirects",
    "refused": "media_address_refused",
    "not_found": "media_address_not_found",
    "server_error": "media_host_down",
    "rate_limited": "media_host_down",
    "login_page": "media_address_login_page",
    "html": "media_address_login_page",
    "robots": "media_robots_refused",
    "meta_agent_refused": "media_address_refused",
    "content_type": "media_type_not_media",
    "ending": "media_type_not_media",
    "address_family": "media_host_down",
    "public_url_unreachable": SET_UP_FAULT,
    "no_length": "media_host_ignores_ranges",
    "no_ranges": "media_host_ignores_ranges",
    "expires": "media_address_expired",
    "expired": "media_address_expired",
    "tunnel_host": "media_download_failed",
    "host_failed_lately": "media_host_down",
    "too_large_to_fetch": "video_too_large",
    "cut_short": "media_download_failed",
    # the repair itself
    "repair_failed": "media_damaged",
    "repair_not_compliant": "media_damaged",
    "repair_limit": "video_processing_failed",
    "no_room": OWN_FAULT,
    "no_codec": OWN_FAULT,
    "worker_failed": OWN_FAULT,
    "cage_missing": "media_cage",
    "file_missing": "media_damaged",
}


def pattern_of(code: str) -> str:
    """The pattern's id for a finding's code. Every code has one: a missing entry is a mistake of ours."""
    return PATTERN_OF[code]


def finding(
    says: str,
    *,
    got: Any = None,
    limit: Any = None,
    field: str = "",
    severity: Severity | None = None,
    fix: str | None = None,
    basis: Basis | None = None,
    **args: Any,
) -> Finding:
    """What :data:`SENTENCES` says under ``says``, with the pattern that explains it.

    ``args`` fill its sentence, ``got`` and ``limit`` as well; the others replace what goes with it.
    """
    sentence = SENTENCES[says]
    args |= {"got": got, "limit": limit}
    code, repair = sentence.code or says, sentence.fix if fix is None else fix
    message = sentence.message.format_map(args)
    return Finding(
        code,
        severity or sentence.severity,
        field or sentence.field,
        f"{message} {sentence.done}" if sentence.done and repair != "none" else message,
        got,
        limit,
        pattern_of(code),
        repair,
        basis or sentence.basis,
        says,
        args,
    )


def only_reported(item: Finding) -> Finding:
    """The same as a remark: nothing is done about it."""
    return finding(
        item.says, severity="remark", field=item.field, fix="none", basis=item.basis, **dict[str, Any](item.args)
    )
