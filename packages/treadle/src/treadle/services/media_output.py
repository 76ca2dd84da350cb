"""What is answered about files: the facts that were read, what was found, what a repair would do and how far it is.

Records that older releases stored may lack a fact; what is not known is null or left out.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from treadle.services.output import ApiModel
from treadle.services.refusals import FindingOut


class VideoFactsOut(ApiModel):
    """The main picture track."""

    codec: str = Field(description="Such as 'h264' or 'hevc'.")
    fourcc: str = Field("", description="The name of the codec in the file.")
    width: int = Field(0, description="Pixels as stored, before rotation.")
    height: int = Field(0, description="Pixels as stored, before rotation.")
    rotation: int = Field(0, description="Degrees clockwise, 0 to 359.")
    mirrored: bool = Field(False, description="Whether it is shown mirrored.")
    pixel_aspect: list[int] = Field(default=[1, 1], description="Width and height of one pixel.")
    frames: int | None = Field(None, description="Number of frames.")
    frame_rate: float | None = Field(None, description="Frames a second, on average.")
    frame_rate_median: float | None = Field(None, description="Frames a second, by the most usual distance.")
    irregular_share: float | None = Field(None, description="Share of frames at another distance, 0 to 1.")
    duration_s: float | None = Field(None, description="Seconds.")
    bit_rate: float | None = Field(None, description="Bits a second.")
    profile: str = Field("", description="Profile of the codec.")
    level: float | None = Field(None, description="Level of the codec.")
    chroma: str | None = Field(None, description="Chroma subsampling, such as '4:2:0'.")
    bit_depth: int | None = Field(None, description="Bits per sample.")
    interlaced: bool | None = Field(None, description="Null: not known from what was read.")
    may_be_interlaced: bool = Field(False, description="The header allows it, which encoders also set without need.")
    transfer: str = Field("", description="Transfer function, such as HDR's.")
    open_gop: bool | None = Field(None, description="Whether groups of pictures refer to each other.")
    edit_list: str = Field("none", description="'none', 'trivial' or 'real'.")
    parameter_sets_in_band: bool = Field(False, description="Whether parameters are repeated in the stream.")
    size_missing: bool = Field(False, description="The container names no size; the stream's own is given.")


class AudioFactsOut(ApiModel):
    """The main sound track."""

    codec: str = Field(description="Such as 'aac'.")
    fourcc: str = Field("", description="The name of the codec in the file.")
    profile: str = Field("", description="For AAC: 'LC', 'HE', 'HEv2' and so on.")
    channels: int | None = Field(None, description="Number of channels.")
    sample_rate: int | None = Field(None, description="Hz.")
    bit_rate: float | None = Field(None, description="Bits a second.")
    duration_s: float | None = Field(None, description="Seconds.")
    edit_list: str = Field("none", description="'none', 'trivial' or 'real'.")
    offset_s: float | None = Field(None, description="Seconds by which it begins after the picture.")


class ImageFactsOut(ApiModel):
    """A still picture."""

    format: str = Field(description="Such as 'jpeg'.")
    width: int = Field(description="Pixels as stored.")
    height: int = Field(description="Pixels as stored.")
    bit_depth: int | None = Field(None, description="Bits per sample.")
    colour: str | None = Field(None, description="'grey', 'rgb', 'palette' or 'cmyk'.")
    alpha: bool | None = Field(None, description="Whether it has transparency.")
    orientation: int = Field(1, description="EXIF's, 1 to 8.")
    profile: str = Field("", description="Name of the embedded color profile; empty: none.")
    animated: bool | None = Field(None, description="Whether it moves.")
    location: bool = Field(False, description="Whether its notes (EXIF, XMP) hold a position.")
    device: bool = Field(False, description="Whether its notes hold the make or model of what took it.")


class FileFactsOut(ApiModel):
    """Facts of a file, as far as they were read."""

    kind: str = Field(description="'image', 'video', 'audio' or 'unknown'.")
    container: str = Field("", description="Such as 'mp4'.")
    size: int | None = Field(None, description="Bytes.")
    duration_s: float | None = Field(None, description="Seconds.")
    video: VideoFactsOut | None = Field(None, description="The main picture track, if there is one.")
    audio: AudioFactsOut | None = Field(None, description="The main sound track, if there is one.")
    image: ImageFactsOut | None = Field(None, description="The still picture, if it is one.")
    extra_tracks: int = Field(0, description="Tracks beside the main ones.")
    subtitles: int = Field(0, description="Tracks of subtitles.")
    index_first: bool | None = Field(None, description="Whether the index stands before the samples.")
    index_bytes: int = Field(0, description="Size of the index, bytes.")
    fragmented: bool = Field(False, description="Whether the file is made of fragments.")
    encrypted: bool = Field(False, description="Whether it is encrypted.")
    external_reference: bool = Field(False, description="Whether its samples lie in another file.")
    location: bool = Field(False, description="Of a video: whether a position is recorded in it.")
    location_track: bool = Field(False, description="Of a video: whether the position is in a track of its own.")
    device: bool = Field(False, description="Of a video: whether it holds the make or model of what took it.")
    complete: bool = Field(True, description="False: only the whole file allows a verdict.")
    guesses: list[str] = Field(default=[], description="Facts that are estimates.")
    problem: str | None = Field(
        None, description="Why it cannot be used: 'empty', 'not_media', 'truncated', 'malformed' or 'hostile'."
    )
    detail: str = Field("", description="More about the problem.")
    bytes_read: int = Field(0, description="Bytes read to find this out.")
    requests: int = Field(0, description="Requests made to find this out.")


class AddressFactsOut(ApiModel):
    """Facts of the address that a file was read from; without any for an uploaded file."""

    url: str | None = Field(None, description="The address without its query.")
    host: str | None = Field(None, description="Its host.")
    expires_at: str | None = Field(None, description="When a signed address expires: ISO 8601 in UTC.")
    status: int | None = Field(None, description="HTTP status of the answer.")
    final_url: str | None = Field(None, description="Where redirects led, without the query.")
    redirects: int | None = Field(None, description="Number of redirects.")
    content_type: str | None = Field(None, description="As the host says.")
    size: int | None = Field(None, description="Bytes, as the host says.")
    ranges: bool | None = Field(None, description="Whether the host answers requests for a part of the file.")
    first_byte_s: float | None = Field(None, description="Seconds until the first byte.")
    agent: str | None = Field(None, description="The user agent that was let in.")
    seconds: float | None = Field(None, description="Seconds that looking took.")


class RepairPlanOut(ApiModel):
    """The least repair that removes everything that was found."""

    kind: str = Field(
        description="'none', 'copy', 'patch', 'remux', 'trim', 'audio', 'video', 'full', 'image', or 'reject': only "
        "you can make it right."
    )
    words: str = Field("", description="The same in one sentence.")
    video: str = Field("copy", description="What happens to the picture: 'copy', 'encode' or 'drop'.")
    audio: str = Field("copy", description="What happens to the sound: 'copy', 'encode' or 'drop'.")
    trim_to: float | None = Field(None, description="Seconds that are kept.")
    frame_rate: int | None = Field(None, description="The steady rate it gets, frames a second.")
    deinterlace: bool = Field(False, description="Whether it is deinterlaced.")
    max_width: int = Field(1920, description="Pixels; what is wider is made smaller.")
    image: bool = Field(False, description="Whether it is a still picture.")
    animate: bool = Field(False, description="Whether a moving picture becomes a video.")
    inspect: bool = Field(False, description="Whether the whole file is read first.")
    reasons: list[str] = Field(default=[], description="Codes of the findings that it removes.")


class FileFindingOut(ApiModel):
    """One thing that is or may be wrong with a kept file."""

    code: str = Field(description="Stable, such as 'frame_rate'.")
    severity: Literal["error", "repair", "remark"] = Field(
        description="'error': somebody must act; 'repair': Treadle makes it right; 'remark': it stops nothing."
    )
    field: str = Field(description="The fact that it is about, such as 'video.frame_rate'.")
    message: str = Field(description="One or two sentences.")
    got: Any = Field(None, description="The value that was found.")
    limit: Any = Field(None, description="The value that it was compared with.")
    pattern: str = Field("", description="Id of the pattern that explains it; empty: none.")
    fix: str = Field("none", description="The repair that removes it; 'reject': only you can.")
    basis: str = Field("documented", description="The rule is 'documented' by Meta, 'seen', or 'folklore'.")


class FileReportOut(ApiModel):
    """What was read and found of a kept file, and what would be repaired."""

    source: str = Field(description="The file or address, without its query.")
    ok: bool = Field(description="Whether it can be published, as it is or after a repair.")
    kind: str = Field(description="'image' or 'video' as Threads will see it; 'unknown': it could not be read.")
    size: int | None = Field(None, description="Bytes; null: not known.")
    findings: list[FileFindingOut] = Field(default=[], description="Worst first.")
    plan: RepairPlanOut | None = Field(None, description="What would be repaired.")
    probe: FileFactsOut | None = Field(None, description="Facts of the file; null: it was not reached.")
    fetch: AddressFactsOut | None = Field(None, description="Facts of the address; empty for an uploaded file.")


class PreparedFileOut(ApiModel):
    """The repaired file."""

    id: str = Field(description="Its id; it is kept as a file of its own.")
    summary: str = Field(description="What was done, in one sentence.")
    size: int = Field(description="Bytes.")
    report: FileReportOut | None = Field(None, description="What was read and found of the repaired file.")


class MediaFindingOut(FindingOut):
    """A finding of the check of a file."""

    fix: str | None = Field(None, description="The repair that removes it, 'none', or 'reject': only you can.")
    basis: str | None = Field(None, description="The rule is 'documented' by Meta, 'seen', or 'folklore'.")
    who: str | None = Field(
        None, description="Who has to act, as its pattern says: operator is whoever runs this server; null: no pattern."
    )


class RepairJobOut(ApiModel):
    """A repair, under way or ended. Which fields there are depends on ``state``."""

    state: str = Field(description="'running', 'done', 'failed' or 'canceled'.")
    began_at: str | None = Field(None, description="ISO 8601 in UTC.")
    step: str | None = Field(None, description="What is done now.")
    percent: float | None = Field(None, description="0 to 100.")
    speed: float | None = Field(None, description="Bytes, or seconds of the video, a second; null: not known.")
    left_s: float | None = Field(None, description="Seconds left; null: not known.")
    changed: bool | None = Field(None, description="Of a repair that is done: whether there is another file now.")
    summary: str | None = Field(None, description="What was done, in one sentence.")
    id: str | None = Field(None, description="The id of the repaired file.")
    findings: list[MediaFindingOut] | None = Field(None, description="Why a repair failed.")
