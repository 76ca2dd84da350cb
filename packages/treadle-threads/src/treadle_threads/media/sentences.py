"""The sentences of findings about media: one table, from what is said to its words, with places for arguments.

The library, the API, the command line and assistants say these. Another face may have its own words for an entry, made
of the same arguments.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from treadle_threads.media.finding import Basis, Severity


class MediaSentence(NamedTuple):
    """A template of :meth:`str.format`, and what goes with it unless a rule says otherwise.

    ``done`` is added where the finding has a repair: what is done about it. ``code`` is the finding's, when it is not
    the entry's own name: a code may have several sentences.
    """

    message: str
    field: str
    severity: Severity = "repair"
    fix: str = "none"
    basis: Basis = "documented"
    code: str = ""
    done: str = ""


_COPIED = "The file is copied."
_TRY_LATER = "Try again later, or upload the file."
_EXPORT_AGAIN = "Export the file again from where it was made."


def _broken(message: str, field: str = "file", code: str = "") -> MediaSentence:
    return MediaSentence(message, field, "error", "reject", code=code)


def _remark(message: str, field: str, basis: Basis = "documented", code: str = "") -> MediaSentence:
    return MediaSentence(message, field, "remark", basis=basis, code=code)


SENTENCES: Mapping[str, MediaSentence] = {
    # the file as such
    "empty": _broken("{detail} The upload or the export went wrong. Upload the file again."),
    "not_media": _broken("{detail} Choose a JPEG, PNG, MP4 or MOV file."),
    "not_media_kept": _broken(
        "Only images and videos can be uploaded. Choose a JPEG, PNG, MP4 or MOV file.", code="not_media"
    ),
    "truncated": _broken("{detail} A part of it is missing. Upload or export the file again."),
    "malformed": _broken("{detail} " + _EXPORT_AGAIN),
    "malformed_picture": _broken("The image has no size. Export it again.", code="malformed"),
    "hostile": _broken("{detail} " + _EXPORT_AGAIN),
    "no_picture": _broken(
        "The file has only audio. Threads publishes images and videos. Add a video track to it.", "video"
    ),
    "encrypted": _broken(
        "The file is copy-protected (encrypted), so Treadle can't read it. Use an unprotected export."
    ),
    "external_reference": _broken(
        "The file refers to other files for its audio or video. Export it as one self-contained file."
    ),
    "not_looked_at_whole": MediaSentence(
        "Treadle couldn't check the file from the part it read. It checks the whole file before publishing.", "file",
        fix="remux",
    ),
    "picture_not_looked_at_whole": MediaSentence(
        "Treadle read only a part of the image's header. It checks the whole file before publishing.", "file",
        fix="image", code="not_looked_at_whole",
    ),
    # where and with what it was taken
    "image_location": _remark("The image contains the location where it was taken. {end}", "image.location"),
    "image_device": _remark("The image contains the make or model of the camera. {end}", "image.device"),
    "video_location": _remark("The video contains the location where it was taken. {end}", "video.location"),
    "video_device": _remark("The video contains the make or model of the camera. {end}", "video.device"),
    # video: how it is packed
    "container": MediaSentence(
        "The file is {name}; Threads accepts MP4 and MOV. Its contents are repackaged.", "container", fix="remux"
    ),
    "index_last": MediaSentence(
        "The index (moov) is at the end of the file; Threads wants it first. It is moved, and nothing is lost.",
        "index_first", fix="patch",
    ),
    "fragmented": MediaSentence(
        "The file is in fragments, as made for streaming; Threads wants one index at its start. It is repackaged.",
        "fragmented", fix="remux",
    ),
    "edit_list": MediaSentence(
        "An edit list hides or delays a part of the recording; Threads wants none. It is applied, and the "
        "video is re-encoded.",
        "edit_list", fix="full",
    ),
    "edit_list_trivial": MediaSentence(
        "A small edit list makes up for the encoder's delay; Threads wants none. It is removed; nothing is lost.",
        "edit_list", fix="patch",
    ),
    "subtitles": _remark(
        "The file has {got} subtitle track(s). Threads shows none, and a repaired file has none. "
        "Burn them into the video to show them.",
        "subtitles",
    ),
    "extra_tracks": _remark(
        "The file has {got} more track(s) than video and audio; Threads does not show them.", "extra_tracks"
    ),
    "duration": MediaSentence(
        "The video is {length} minutes long; Threads allows up to {longest}. Trim it, or let "
        "Treadle keep the first {longest} (on_too_long: trim).",
        "duration_s", "error", "trim",
    ),
    "duration_zero": _broken(
        "The video has no length, because it has no sequence of frames. Export it again.", "duration_s"
    ),
    "file_size": _broken("The file is {size}; Threads allows up to {most}. Export a smaller one.", "size"),
    # video: the picture
    "video_codec": MediaSentence(
        "The video is encoded as {name}; Threads accepts H.264 and HEVC. It is re-encoded as H.264.", "video.codec",
        fix="video",
    ),
    "hevc": _remark(
        "The video is HEVC (H.265). Meta's documentation allows it, but other tools report refusals. It is published "
        "as it is, and as H.264 if Threads refuses it.",
        "video.codec", "folklore",
    ),
    "chroma": MediaSentence(
        "The colors are stored as {got}; Threads accepts 4:2:0. The video is re-encoded.", "video.chroma",
        fix="video",
    ),
    "bit_depth": MediaSentence(
        "The video has {got} bits per color, which few players support. It is re-encoded with 8.",
        "video.bit_depth", fix="video", basis="folklore",
    ),
    "bit_depth_of_phones": _remark(
        "The video has 10 bits per color (usual for HEVC from phones). It is published as it is.",
        "video.bit_depth", "folklore", code="bit_depth",
    ),
    "hdr": _remark(
        "The video is HDR ({name}); Threads may show it paler or darker.", "video.transfer", "folklore"
    ),
    "open_gop": MediaSentence(
        "Groups of pictures depend on each other (open GOP); Threads wants them closed. It is re-encoded.",
        "video.open_gop", fix="video",
    ),
    "parameter_sets": MediaSentence(
        "The track is tagged '{got}', which some players don't open. The tag is changed.", "video.fourcc",
        fix="remux", basis="folklore",
    ),
    "frame_rate": MediaSentence(
        "The video has {rate:.4g} frames per second; Threads allows {low:g} to {high:g}. It is changed to {aim}.",
        "video.frame_rate", fix="video",
    ),
    "frame_rate_varies": MediaSentence(
        "The frame rate varies: {share:.0%} of the frames are off beat, so audio and video may drift apart "
        "when Threads processes it. It is re-encoded at a constant rate.",
        "video.frame_rate", fix="video", basis="folklore",
    ),
    "interlaced": MediaSentence(
        "The video is interlaced; Threads accepts progressive video. It is re-encoded.", "video.interlaced",
        fix="video",
    ),
    "may_be_interlaced": _remark(
        "The header allows interlaced frames. Only reading the whole file shows whether there are any.",
        "video.interlaced",
    ),
    "no_size": _broken(
        "The video has no size (0x0), and its stream doesn't have one either. Export it again.", "video.width"
    ),
    "size_missing": MediaSentence(
        "The file doesn't give the video's size; its stream is {width}x{height}. It is repackaged.",
        "video.width", fix="remux",
    ),
    "columns": MediaSentence(
        "The video is {got} pixels wide; Threads allows up to {limit}. It is scaled down.", "video.width", fix="video"
    ),
    "odd_size": MediaSentence(
        "The stored size {width}x{height} is odd; encoders need even sizes. It is scaled by a pixel.", "video.width",
        fix="video", basis="folklore",
    ),
    "pixel_aspect": _remark(
        "The pixels are not square ({across}:{down}). Players that ignore this distort the video.",
        "video.pixel_aspect", "folklore",
    ),
    "aspect": _broken(
        "The video is {width}x{height}, an aspect ratio of {shape:.3g}:1; Threads allows {least:g}:1 to {most:g}:1. "
        "Crop it yourself; Treadle doesn't crop.",
        "video.aspect",
    ),
    "bit_rate": MediaSentence(
        "The video has a bit rate of {rate}; Threads allows up to {most}. It is re-encoded at a lower one.",
        "video.bit_rate", fix="video",
    ),
    "bit_rate_high": _remark(
        "The video has a bit rate of {rate}. Meta's page says up to {most} and said {earlier} in 2024. It is published "
        "as it is.",
        "video.bit_rate",
    ),
    # video: the sound
    "audio_codec": MediaSentence(
        "The audio is {name}; Threads accepts AAC. Only the audio is re-encoded.", "audio.codec", fix="audio"
    ),
    "audio_profile": MediaSentence(
        "The audio is AAC of type {got}; every file known to pass is AAC-LC. It is re-encoded.",
        "audio.profile", fix="audio", basis="folklore",
    ),
    "audio_rate": MediaSentence(
        "The audio has {got} samples per second; Threads allows up to {limit}. It is re-encoded.",
        "audio.sample_rate", fix="audio",
    ),
    "audio_channels": MediaSentence(
        "The audio has {got} channels; Threads accepts mono and stereo. It is mixed down to stereo.", "audio.channels",
        fix="audio",
    ),
    "audio_bit_rate": MediaSentence(
        "The audio has {kilobits} kbit/s; Meta's documentation says 128, and up to 191 has passed. It is "
        "re-encoded.",
        "audio.bit_rate", fix="audio", basis="seen",
    ),
    "audio_bit_rate_high": _remark(
        "The audio has {kilobits} kbit/s; Meta's documentation says 128, and up to 191 has passed.",
        "audio.bit_rate", "seen",
    ),
    "audio_offset": MediaSentence(
        "The audio starts {apart:.0f} ms after the video. Silence is added in front of it.", "audio.offset_s",
        fix="audio", basis="folklore",
    ),
    "audio_early": MediaSentence(
        "The audio starts {apart:.0f} ms before the video. That part is cut off.", "audio.offset_s",
        fix="audio", basis="folklore", code="audio_offset",
    ),
    # pictures
    "image_pixels": _broken(
        "The image claims {width}x{height} pixels, more than Treadle opens ({limit:,}). Scale it down.",
        "image.width",
    ),
    "image_size": MediaSentence(
        "The image is {size}; Threads allows up to {most}. It is recompressed.", "size", fix="image"
    ),
    "no_heif": _broken(
        "This server can't read HEIC images: its pillow-heif is missing. Upload a JPEG instead.", "image.format"
    ),
    "image_unreadable": _broken(
        "The image is {name}, which this server can't read. Export it as JPEG or PNG.", "image.format"
    ),
    "image_format": MediaSentence(
        "The image is {name}; Threads accepts JPEG and PNG. It is converted.", "image.format", fix="image"
    ),
    "image_animated": MediaSentence(
        "The image is animated. Threads publishes still images and videos. It becomes a short video without sound.",
        "image.animated", fix="full",
    ),
    "image_orientation": MediaSentence(
        "The image is stored sideways, with a note about it that few PNG viewers read. It is turned upright.",
        "image.orientation", fix="image", basis="folklore",
    ),
    "image_colour": MediaSentence(
        "The colors are {name}, which is for print; screens need RGB. It is converted.", "image.colour", fix="image"
    ),
    "image_depth": MediaSentence(
        "The image has {got} bits per color; every viewer supports 8. It is converted.", "image.bit_depth",
        fix="image",
    ),
    "image_profile": _remark(
        "The colors are in the color space '{got}'. Threads converts them to sRGB.", "image.profile"
    ),
    "image_aspect": _broken(
        "The image is {width}x{height}, {shape:.3g} times as long as wide; Threads allows up to {limit:g}. Crop it "
        "yourself; Treadle doesn't crop.",
        "image.aspect",
    ),
    "image_width": _remark(
        "The image is {got} pixels wide; Threads scales it {way} to {least}-{most}.", "image.width"
    ),
    # the address
    "url_invalid": _broken("This is not a URL. Enter one that begins with https://.", "url"),
    "url_no_host": _broken(
        "The URL has no host name, or has spaces in it. Enter the whole URL, starting with https://.", "url",
        "url_invalid",
    ),
    "url_unusable": _broken(
        "The URL can't be used as it is written ({detail}). Enter the whole URL, starting with https://.", "url",
        "url_invalid",
    ),
    "url_scheme": _broken(
        "The URL begins with '{scheme}:'. Meta fetches from https:// URLs. Upload the file instead.", "url"
    ),
    "url_no_scheme": _broken(
        "The URL doesn't begin with https://. Meta fetches from https:// URLs. Upload the file instead.",
        "url", "url_scheme",
    ),
    "url_not_web": _broken(
        "This is not a web URL ({detail}). Enter an https:// URL, or upload the file.", "url",
        "url_scheme",
    ),
    "url_credentials": _broken(
        "The URL contains a username or password. Meta doesn't send it, and others could see it. Remove it.",
        "url",
    ),
    "url_plain_http": _remark(
        "The URL is not encrypted (http). It works today, but Meta's documentation shows https.", "url.scheme",
        "seen",
    ),
    "tunnel_host": _remark(
        "{got} is a tunnel or preview host. Meta sometimes doesn't fetch from such hosts at all.", "url.host",
        "seen",
    ),
    "expires": MediaSentence(
        "The URL works until {until}{sure}, which may be before Meta has the file.", "url.expires",
        fix="copy", done="It is copied now.",
    ),
    "redirects": _remark(
        "The URL redirects {got} time(s). Meta doesn't document whether it follows. Use the last URL.", "url", "seen"
    ),
    "slow": _remark(
        "The host took {waited:.1f} s to start answering. Meta's crawler may give up after a few seconds.", "host",
        "seen",
    ),
    "cut_short": _broken("The host sent less than it announced. The transfer broke off.", "host"),
    "no_ranges": MediaSentence(
        "The host ignores requests for parts of a file. Meta has given up on such downloads.", "host", fix="copy",
        basis="seen", done=_COPIED,
    ),
    "no_ranges_small": _remark(
        "The host ignores requests for parts of a file. An image this small is fetched whole anyway.", "host",
        code="no_ranges",
    ),
    "no_length": MediaSentence(
        "The host doesn't say how large the file is, so a broken transfer looks complete.", "host",
        fix="copy", basis="seen", done=_COPIED,
    ),
    "content_type": MediaSentence(
        "The host calls the file '{got}', but its first bytes are of a {kind}. Meta has not recognized such files as "
        "media.",
        "content_type", fix="copy", basis="seen", done=_COPIED,
    ),
    "no_content_type": MediaSentence(
        "The host doesn't say what the file is, but its first bytes are of a {kind}. Meta has not recognized such "
        "files as media.",
        "content_type", fix="copy", basis="seen", code="content_type", done=_COPIED,
    ),
    "ending": _remark(
        "The URL ends in '{got}'. Meta goes by the type the host sends, but other tools go by the ending.",
        "url.ending", "seen",
    ),
    "no_ending": _remark(
        "The URL has no file ending. Meta goes by the type the host sends, but other tools go by the ending.",
        "url.ending", "seen", code="ending",
    ),
    "not_found": _broken(
        "{host} has nothing at this URL (HTTP {got}). Check the URL, or upload the file.", "url"
    ),
    "rate_limited": _broken(
        "{host} says it gets too many requests (HTTP 429). Meta remembers that for a while. Upload the file instead.",
        "host",
    ),
    "server_error": _broken("{host} has a problem of its own (HTTP {got}). " + _TRY_LATER, "host"),
    "refused": _broken("{host} refuses to send the file (HTTP {got}). Make it public, or upload it here.", "url"),
    "refused_no_file": _broken(
        "{host} answered HTTP {got} instead of a file. Use the file's direct URL.", "url", "refused"
    ),
    "refused_now": _broken(
        "The file was there when Treadle checked it, but is refused now (HTTP {status}).", "url", "refused"
    ),
    "expired": _broken(
        "The signed URL expired ({until} UTC), so {host} refuses it. Use a new one.", "url.expires"
    ),
    "login_page": _broken(
        "The URL shows a login page, not a file. Make the file public, or upload it here.", "url"
    ),
    "html": _broken("The URL shows a web page, not a file. {hint}", "url"),
    "meta_agent_refused": MediaSentence(
        "{host} answers a browser but gives {instead} to Meta's crawler when we use its name (bot protection). "
        "Meta's servers may still get in. If the post fails, allow facebookexternalhit or upload the file.",
        "host", "remark", "copy", "seen",
    ),
    "robots": MediaSentence(
        "The robots.txt of {host} blocks this URL for Meta's crawler, which obeys it.", "url", fix="copy",
        basis="seen", done=_COPIED,
    ),
    "robots_fail": MediaSentence(
        "The robots.txt of {host} answers HTTP {got}. A crawler fetches nothing from a site whose rules fail.", "url",
        fix="copy", basis="seen", code="robots", done=_COPIED,
    ),
    "robots_silent": MediaSentence(
        "The robots.txt of {host} does not answer. A crawler fetches nothing from a site whose rules fail.", "url",
        fix="copy", basis="seen", code="robots", done=_COPIED,
    ),
    "robots_page": MediaSentence(
        "The robots.txt of {host} is a web page, such as a login. How Meta handles that is not known.", "url",
        fix="copy", basis="seen", code="robots", done=_COPIED,
    ),
    "robots_no_rules": _remark(
        "The robots.txt of {host} answers HTTP {got}. For a crawler that is a site without rules.", "url",
        code="robots",
    ),
    "address_family": MediaSentence(
        "{host} has an {got} address where nothing answers, though the other one works. Meta's crawler may use "
        "either.",
        "host", fix="copy", basis="seen", done=_COPIED,
    ),
    "address_private": _broken(
        "{host} is in a private network or on this machine, where Meta can't reach it. Upload the file.", "url"
    ),
    "name_not_found": _broken(
        "The name {host} is not known on the internet. Check the URL for a typo.", "url"
    ),
    "tls": _broken("The certificate of {host} is not valid ({detail}), so the file can't be fetched safely.", "url"),
    "timeout": _broken("{host} did not answer in time. " + _TRY_LATER, "url"),
    "unreachable": _broken("{detail}. " + _TRY_LATER, "url"),
    "too_many_redirects": _broken("The URL redirects too many times. Use the file's direct URL.", "url"),
    # fetching and keeping
    **{
        f"{reason}_now": _broken("The file couldn't be fetched ({detail}).", "url", reason)
        for reason in ("address_private", "url_invalid", "url_scheme", "name_not_found", "tls", "timeout",
                       "unreachable", "too_many_redirects")
    },
    "cut_short_broken": _broken("The transfer broke off ({detail}). Try again.", "url", "cut_short"),
    "cut_short_after": _broken("The host sent {sent} of {length} bytes. Try again.", "url", "cut_short"),
    "host_failed_lately": _remark(
        "{host} failed {times} time(s) in the last ten minutes, {ago:.0f} s ago the last time.", "host", "seen"
    ),
    "too_large_to_fetch": _broken(
        "The file is larger than {most}, the most Threads allows. Export a smaller one.", "size"
    ),
    "file_missing": _broken("There is no file {name}. Check the name, or upload it again."),
    "file_is_none": _broken(
        "{name} is a folder or a device, not a file. Choose an image or a video.", code="file_missing"
    ),
    "public_url_unreachable": _broken("{reason}", "server"),
    # the repair itself
    "repair_failed": _broken(
        "The file can't be read: its contents are damaged or not what its name says. Export or upload it again."
    ),
    "repair_limit": _broken(
        "Checking or repairing this file takes more time or space than allowed. Export a simpler one."
    ),
    "repair_not_compliant": _broken("The repair didn't make the file acceptable to Threads. {wrong}"),
    "too_large_a_picture": _broken("{detail} Make it smaller.", code="image_pixels"),
    "too_long_an_animation": _broken("{detail} Make it smaller.", code="duration"),
    "too_large_a_result": _broken("{detail} Make it smaller.", code="repair_not_compliant"),
    "no_codec": _broken(
        "This server lacks a codec for {name}; the file itself is fine. Ask your Treadle administrator to add it, or "
        "export the file as JPEG or as MP4 with H.264."
    ),
    "cage_missing": _broken(
        "This server is set to open files from elsewhere only inside a whole cage, and here it lacks {got}. Nothing is "
        "known to be wrong with the file. Ask your Treadle administrator to run `treadle doctor`.",
        "server",
    ),
    "worker_failed": _broken(
        "Treadle couldn't check or repair the file. The problem is on this server, not with the file. "
        "Try again later. If it keeps happening, ask your Treadle administrator to run 'treadle doctor'."
    ),
    "no_room": _broken(
        "This server's disk at {disk} is full. The file itself is fine. Ask your Treadle administrator to make room, "
        "then try again.",
        "server",
    ),
}  # fmt: skip
