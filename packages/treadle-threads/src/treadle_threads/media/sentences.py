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
_TRY_LATER = "Trying later may help; uploading the file does."
_EXPORT_AGAIN = "Export the file again from where it was made."


def _broken(message: str, field: str = "file", code: str = "") -> MediaSentence:
    return MediaSentence(message, field, "error", "reject", code=code)


def _remark(message: str, field: str, basis: Basis = "documented", code: str = "") -> MediaSentence:
    return MediaSentence(message, field, "remark", basis=basis, code=code)


SENTENCES: Mapping[str, MediaSentence] = {
    # the file as such
    "empty": _broken("{detail} Upload the file again; the upload or the export went wrong."),
    "not_media": _broken("{detail} Choose a JPEG, PNG, MP4 or MOV file."),
    "not_media_kept": _broken(
        "Only pictures and videos are kept here. Choose a JPEG, PNG, MP4 or MOV file.", code="not_media"
    ),
    "truncated": _broken("{detail} Upload or export the file again; a part of it is missing."),
    "malformed": _broken("{detail} " + _EXPORT_AGAIN),
    "malformed_picture": _broken("The picture has no size. Export it again.", code="malformed"),
    "hostile": _broken("{detail} " + _EXPORT_AGAIN),
    "no_picture": _broken(
        "The file has sound only. Threads publishes pictures and videos: add a picture track to it.", "video"
    ),
    "encrypted": _broken(
        "The file is copy-protected (encrypted), so nobody but its player can read it. Use an unprotected export."
    ),
    "external_reference": _broken(
        "The file only refers to other files for its sound or picture. Export it as one self-contained file."
    ),
    "not_looked_at_whole": MediaSentence(
        "The file could not be judged from the bytes read. It is looked at whole when it is prepared.", "file",
        fix="remux",
    ),
    "picture_not_looked_at_whole": MediaSentence(
        "The picture's header was not read in full; it is looked at whole when it is prepared.", "file", fix="image",
        code="not_looked_at_whole",
    ),
    # where and with what it was taken
    "image_location": _remark("The picture records where it was taken. {end}", "image.location"),
    "image_device": _remark("The picture records the make or model of what took it. {end}", "image.device"),
    "video_location": _remark("The video records where it was taken. {end}", "video.location"),
    "video_device": _remark("The video records the make or model of what took it. {end}", "video.device"),
    # video: how it is packed
    "container": MediaSentence(
        "The file is {name}; Threads takes MP4 and MOV. Its contents are repackaged.", "container", fix="remux"
    ),
    "index_last": MediaSentence(
        "The index (moov) stands at the end of the file; Threads wants it first. It is moved, nothing is lost.",
        "index_first", fix="patch",
    ),
    "fragmented": MediaSentence(
        "The file is in fragments, as made for streaming; Threads wants one index at its start. It is repackaged.",
        "fragmented", fix="remux",
    ),
    "edit_list": MediaSentence(
        "An edit list hides or delays a part of the recording; Threads wants none. It is applied and the "
        "video encoded again.",
        "edit_list", fix="full",
    ),
    "edit_list_trivial": MediaSentence(
        "A small edit list makes up for the encoder's delay; Threads wants none. It is taken out, nothing is lost.",
        "edit_list", fix="patch",
    ),
    "subtitles": _remark(
        "The file holds {got} subtitle track(s). Threads shows none, and a repaired file has none: "
        "burn them into the picture if they are to be seen.",
        "subtitles",
    ),
    "extra_tracks": _remark(
        "The file holds {got} more track(s) than picture and sound; Threads does not show them.", "extra_tracks"
    ),
    "duration": MediaSentence(
        "The video lasts {length} minutes; Threads takes up to {longest}. Cut it, or let "
        "Treadle keep the first {longest} (on_too_long: trim).",
        "duration_s", "error", "trim",
    ),
    "duration_zero": _broken(
        "The video has no length: it holds no pictures one after the other. Export it again.", "duration_s"
    ),
    "file_size": _broken("The file has {size}; Threads takes up to {most}. Export it smaller.", "size"),
    # video: the picture
    "video_codec": MediaSentence(
        "The video is encoded as {name}; Threads takes H.264 and HEVC. It is encoded again as H.264.", "video.codec",
        fix="video",
    ),
    "hevc": _remark(
        "The video is HEVC (H.265). Meta's documents allow it, other tools report refusals: it is published as is, "
        "and as H.264 should Threads reject it.",
        "video.codec", "folklore",
    ),
    "chroma": MediaSentence(
        "The colors are stored as {got}; Threads takes 4:2:0. The picture is encoded again.", "video.chroma",
        fix="video",
    ),
    "bit_depth": MediaSentence(
        "The picture has {got} bits a color, which few players decode. It is encoded again with 8.",
        "video.bit_depth", fix="video", basis="folklore",
    ),
    "bit_depth_of_phones": _remark(
        "The picture has 10 bits a color (usual for HEVC from phones). It is published as it is.",
        "video.bit_depth", "folklore", code="bit_depth",
    ),
    "hdr": _remark(
        "The video is HDR ({name}); Threads may show it paler or darker than it is.", "video.transfer", "folklore"
    ),
    "open_gop": MediaSentence(
        "Groups of pictures depend on each other (open GOP); Threads wants them closed. It is encoded again.",
        "video.open_gop", fix="video",
    ),
    "parameter_sets": MediaSentence(
        "The track is tagged '{got}', which some readers do not open; the tag is changed.", "video.fourcc",
        fix="remux", basis="folklore",
    ),
    "frame_rate": MediaSentence(
        "The video has {rate:.4g} frames a second; Threads takes {low:g} to {high:g}. It becomes {aim}.",
        "video.frame_rate", fix="video",
    ),
    "frame_rate_varies": MediaSentence(
        "The frame rate varies: {share:.0%} of the frames are off beat, and sound and picture may drift apart "
        "when Threads processes it. It is encoded again at a steady rate.",
        "video.frame_rate", fix="video", basis="folklore",
    ),
    "interlaced": MediaSentence(
        "The video is interlaced; Threads takes progressive pictures. It is encoded again.", "video.interlaced",
        fix="video",
    ),
    "may_be_interlaced": _remark(
        "The header allows interlaced pictures; whether there are any shows only when the file is read whole.",
        "video.interlaced",
    ),
    "no_size": _broken(
        "The picture has no size (0x0), and nothing in its stream tells it. Export it again.", "video.width"
    ),
    "size_missing": MediaSentence(
        "The file gives its picture no size; the stream in it is {width}x{height}. It is repackaged.",
        "video.width", fix="remux",
    ),
    "columns": MediaSentence(
        "The video is {got} pixels wide; Threads takes up to {limit}. It is scaled down.", "video.width", fix="video"
    ),
    "odd_size": MediaSentence(
        "The stored size {width}x{height} is odd; encoders want even sizes. It is scaled by a pixel.", "video.width",
        fix="video", basis="folklore",
    ),
    "pixel_aspect": _remark(
        "The pixels are not square ({across}:{down}); players that ignore it distort.", "video.pixel_aspect",
        "folklore",
    ),
    "aspect": _broken(
        "The picture is {width}x{height}, a shape of {shape:.3g}:1; Threads takes {least:g}:1 to {most:g}:1. "
        "Crop it; Treadle does not crop.",
        "video.aspect",
    ),
    "bit_rate": MediaSentence(
        "The video runs at {rate}; Threads takes up to {most}. It is encoded again at less.", "video.bit_rate",
        fix="video",
    ),
    "bit_rate_high": _remark(
        "The video runs at {rate}. Meta's page says up to {most} and said {earlier} in 2024; it is published as it "
        "is.",
        "video.bit_rate",
    ),
    # video: the sound
    "audio_codec": MediaSentence(
        "The sound is {name}; Threads takes AAC. Only the sound is encoded again.", "audio.codec", fix="audio"
    ),
    "audio_profile": MediaSentence(
        "The sound is AAC of the kind {got}; every file known to pass is AAC-LC. It is encoded again.",
        "audio.profile", fix="audio", basis="folklore",
    ),
    "audio_rate": MediaSentence(
        "The sound has {got} samples a second; Threads takes up to {limit}. It is encoded again.",
        "audio.sample_rate", fix="audio",
    ),
    "audio_channels": MediaSentence(
        "The sound has {got} channels; Threads takes mono and stereo. It is mixed down to stereo.", "audio.channels",
        fix="audio",
    ),
    "audio_bit_rate": MediaSentence(
        "The sound runs at {kilobits} kbit/s; Meta's document says 128, and up to 191 is seen to pass. It is encoded "
        "again.",
        "audio.bit_rate", fix="audio", basis="seen",
    ),
    "audio_bit_rate_high": _remark(
        "The sound runs at {kilobits} kbit/s; Meta's document says 128, and up to 191 is seen to pass.",
        "audio.bit_rate", "seen",
    ),
    "audio_offset": MediaSentence(
        "The sound starts {apart:.0f} ms after the picture; silence is put in front of it.", "audio.offset_s",
        fix="audio", basis="folklore",
    ),
    "audio_early": MediaSentence(
        "The sound starts {apart:.0f} ms before the picture; that part is cut off.", "audio.offset_s",
        fix="audio", basis="folklore", code="audio_offset",
    ),
    # pictures
    "image_pixels": _broken(
        "The picture claims {width}x{height} pixels, more than is opened here ({limit:,}). Scale it down.",
        "image.width",
    ),
    "image_size": MediaSentence(
        "The picture has {size}; Threads takes up to {most}. It is recompressed.", "size", fix="image"
    ),
    "no_heif": _broken(
        "This server cannot read HEIC pictures: its pillow-heif is missing. Upload a JPEG instead.", "image.format"
    ),
    "image_unreadable": _broken(
        "The picture is {name}, which this server does not read. Export it as JPEG or PNG.", "image.format"
    ),
    "image_format": MediaSentence(
        "The picture is {name}; Threads takes JPEG and PNG. It is converted.", "image.format", fix="image"
    ),
    "image_animated": MediaSentence(
        "The picture moves. Threads publishes single pictures and videos: it is made a short video without sound.",
        "image.animated", fix="full",
    ),
    "image_orientation": MediaSentence(
        "The picture is stored lying and says so in a note that few viewers of PNG read. It is turned upright.",
        "image.orientation", fix="image", basis="folklore",
    ),
    "image_colour": MediaSentence(
        "The colors are {name}, for print; screens want RGB. It is converted.", "image.colour", fix="image"
    ),
    "image_depth": MediaSentence(
        "The picture has {got} bits a color; 8 are what every viewer takes. It is converted.", "image.bit_depth",
        fix="image",
    ),
    "image_profile": _remark(
        "The colors are in the space '{got}'; Threads converts them to sRGB by itself.", "image.profile"
    ),
    "image_aspect": _broken(
        "The picture is {width}x{height}, {shape:.3g} times as long as wide; Threads takes up to {limit:g}. Crop it; "
        "Treadle does not crop.",
        "image.aspect",
    ),
    "image_width": _remark(
        "The picture is {got} pixels wide; Threads scales it {way} to {least}-{most}.", "image.width"
    ),
    # the address
    "url_invalid": _broken("This is not a web address. Give one that begins with https://.", "url"),
    "url_no_host": _broken(
        "The address names no host, or has spaces in it. Give it whole, from https:// on.", "url", "url_invalid"
    ),
    "url_unusable": _broken(
        "The address cannot be used as it is written ({detail}). Give it whole, from https:// on.", "url",
        "url_invalid",
    ),
    "url_scheme": _broken(
        "The address begins with '{scheme}:'. Meta fetches from https:// addresses; upload the file instead.", "url"
    ),
    "url_no_scheme": _broken(
        "The address does not begin with https://. Meta fetches from https:// addresses; upload the file instead.",
        "url", "url_scheme",
    ),
    "url_not_web": _broken(
        "The address is not one of the web ({detail}). Give an https:// address, or upload the file.", "url",
        "url_scheme",
    ),
    "url_credentials": _broken(
        "The address holds a user name or password. Meta sends none, and it would be seen by others. Leave it out.",
        "url",
    ),
    "url_plain_http": _remark(
        "The address is not encrypted (http). It works today; https is what Meta's documents show.", "url.scheme",
        "seen",
    ),
    "tunnel_host": _remark(
        "{got} is a tunnel or preview host; Meta has been seen not to fetch from such hosts at all.", "url.host",
        "seen",
    ),
    "expires": MediaSentence(
        "The address works until {until}{sure}, which is before Meta is sure to have the file.", "url.expires",
        fix="copy", done="It is copied now.",
    ),
    "redirects": _remark(
        "The address redirects {got} time(s). Whether Meta follows is not documented: give the last.", "url", "seen"
    ),
    "slow": _remark(
        "The host took {waited:.1f} s to begin its answer; Meta's crawler may give up after a few.", "host", "seen"
    ),
    "cut_short": _broken("The host sent less than it announced: the transfer broke off.", "host"),
    "no_ranges": MediaSentence(
        "The host ignores requests for parts of a file. Meta has given up on such downloads.", "host", fix="copy",
        basis="seen", done=_COPIED,
    ),
    "no_ranges_small": _remark(
        "The host ignores requests for parts of a file. One picture this small is fetched whole anyway.", "host",
        code="no_ranges",
    ),
    "no_length": MediaSentence(
        "The host does not say how large the file is, so a broken transfer looks like a whole one.", "host",
        fix="copy", basis="seen", done=_COPIED,
    ),
    "content_type": MediaSentence(
        "The host calls the file '{got}', but its first bytes are of a {kind}. Meta has taken such files for no "
        "media.",
        "content_type", fix="copy", basis="seen", done=_COPIED,
    ),
    "no_content_type": MediaSentence(
        "The host does not say what the file is, but its first bytes are of a {kind}. Meta has taken such files for "
        "no media.",
        "content_type", fix="copy", basis="seen", code="content_type", done=_COPIED,
    ),
    "ending": _remark(
        "The address ends in '{got}'; Meta goes by the type that the host says, other tools by the ending.",
        "url.ending", "seen",
    ),
    "no_ending": _remark(
        "The address has no file ending; Meta goes by the type that the host says, other tools by the ending.",
        "url.ending", "seen", code="ending",
    ),
    "not_found": _broken(
        "{host} has nothing at this address (HTTP {got}). Check the address, or upload the file.", "url"
    ),
    "rate_limited": _broken(
        "{host} says it is asked too often (HTTP 429). Meta remembers that for a while; upload the file instead.",
        "host",
    ),
    "server_error": _broken("{host} failed on its side (HTTP {got}). " + _TRY_LATER, "host"),
    "refused": _broken("{host} refuses to give the file (HTTP {got}). Make it public, or upload it here.", "url"),
    "refused_no_file": _broken(
        "{host} answered HTTP {got}, which is no file. Give the file's direct address.", "url", "refused"
    ),
    "refused_now": _broken(
        "The file was there when it was looked at and is refused now (HTTP {status}).", "url", "refused"
    ),
    "expired": _broken(
        "The signed address has expired ({until} UTC), so {host} refuses it. Give a fresh one.", "url.expires"
    ),
    "login_page": _broken(
        "The address shows a login page, not a file. Make the file public, or upload it here.", "url"
    ),
    "html": _broken("The address shows a web page, not a file. {hint}", "url"),
    "meta_agent_refused": MediaSentence(
        "{host} answers a browser but gives {instead} to Meta's crawler when we use its name (bot protection). "
        "Meta's servers may be let in all the same; if the post fails, let facebookexternalhit in or upload the file.",
        "host", "remark", "copy", "seen",
    ),
    "robots": MediaSentence(
        "The robots.txt of {host} closes this address to Meta's crawler, which obeys it.", "url", fix="copy",
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
        "The robots.txt of {host} is a web page, as of a login: nobody knows what Meta makes of it.", "url",
        fix="copy", basis="seen", code="robots", done=_COPIED,
    ),
    "robots_no_rules": _remark(
        "The robots.txt of {host} answers HTTP {got}. For a crawler that is a site without rules.", "url",
        code="robots",
    ),
    "address_family": MediaSentence(
        "{host} has an {got} address where nothing answers, though the other one works: Meta's crawler may take "
        "either.",
        "host", fix="copy", basis="seen", done=_COPIED,
    ),
    "address_private": _broken(
        "{host} leads into a private network or to this machine, where Meta cannot go. Upload the file.", "url"
    ),
    "name_not_found": _broken(
        "The name {host} is not known on the internet. Check the address for a typing mistake.", "url"
    ),
    "tls": _broken("The certificate of {host} is not valid ({detail}): the file cannot be fetched safely.", "url"),
    "timeout": _broken("{host} did not answer in time. " + _TRY_LATER, "url"),
    "unreachable": _broken("{detail}. " + _TRY_LATER, "url"),
    "too_many_redirects": _broken("The address redirects again and again. Give the file's direct address.", "url"),
    # fetching and keeping
    **{
        f"{reason}_now": _broken("The file could not be fetched ({detail}).", "url", reason)
        for reason in ("address_private", "url_invalid", "url_scheme", "name_not_found", "tls", "timeout",
                       "unreachable", "too_many_redirects")
    },
    "cut_short_broken": _broken("The transfer broke off ({detail}). Trying again may help.", "url", "cut_short"),
    "cut_short_after": _broken("The host sent {sent} of {length} bytes. Trying again may help.", "url", "cut_short"),
    "host_failed_lately": _remark(
        "{host} failed {times} time(s) in the last ten minutes, {ago:.0f} s ago the last time.", "host", "seen"
    ),
    "too_large_to_fetch": _broken("The file is larger than {most}, the most Threads takes. Export it smaller.", "size"),
    "file_missing": _broken("There is no file {name}. Check the name, or upload it again."),
    "file_is_none": _broken(
        "{name} is a folder or a device, not a file. Choose a picture or a video.", code="file_missing"
    ),
    "public_url_unreachable": _broken("{reason}", "server"),
    # the repair itself
    "repair_failed": _broken(
        "The file cannot be read: its contents are damaged or not what its name says. Export or upload it again."
    ),
    "repair_limit": _broken(
        "Looking at or repairing the file needs more time or space than one file may have. Export a simpler one."
    ),
    "repair_not_compliant": _broken("Repairing did not make the file fit for Threads. {wrong}"),
    "too_large_a_picture": _broken("{detail} Make it smaller.", code="image_pixels"),
    "too_long_an_animation": _broken("{detail} Make it smaller.", code="duration"),
    "too_large_a_result": _broken("{detail} Make it smaller.", code="repair_not_compliant"),
    "no_codec": _broken(
        "This server lacks a codec for {name}; that is no fault of the file. Whoever runs Treadle can add it, or the "
        "file can be exported as JPEG or as MP4 with H.264."
    ),
    "cage_missing": _broken(
        "This server is set to open files from elsewhere only inside a whole cage, and here it lacks {got}. Nothing is "
        "known to be wrong with the file: whoever runs Treadle has to run `treadle doctor`.",
        "server",
    ),
    "worker_failed": _broken(
        "Treadle could not look at or repair the file; that is a fault of this server, not of the file. "
        "Try again later; if it stays, whoever runs Treadle should look ('treadle doctor')."
    ),
    "no_room": _broken(
        "There is no room left on this server's disk at {disk}. That is no fault of the file: whoever runs Treadle has "
        "to make room there; then try again.",
        "server",
    ),
}  # fmt: skip
