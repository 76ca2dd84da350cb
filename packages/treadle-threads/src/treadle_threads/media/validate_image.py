"""The rules for still pictures; :mod:`treadle_threads.media.rules` is the way in."""

from __future__ import annotations

from treadle_threads.media.facts import ImageFacts, MediaProbe
from treadle_threads.media.finding import Finding
from treadle_threads.media.origin import origin
from treadle_threads.media.patterns import finding
from treadle_threads.media.spec import READABLE, ImageSpec
from treadle_threads.media.words import megabytes


def validate_image(
    probe: MediaProbe, spec: ImageSpec, *, readable: frozenset[str] = READABLE, strip: bool = False
) -> list[Finding]:
    """What is wrong with a picture; for the rest see :func:`treadle_threads.media.rules.validate`."""
    found: list[Finding] = []
    image = probe.image
    if probe.container not in readable and (image is None or image.format not in spec.formats.value):
        return [unreadable(probe.container)]
    if image is None:
        message = "The picture's header was not read in full; it is looked at whole when it is prepared."
        return [finding("not_looked_at_whole", "repair", "file", message, got=list(probe.guesses), fix="image")]
    width, height = image.shown_size
    if width * height > spec.pixels_max:
        message = (
            f"The picture claims {width}x{height} pixels, more than is opened here ({spec.pixels_max:,}). "
            "Scale it down."
        )
        return [
            finding(
                "image_pixels", "error", "image.width", message, got=width * height, limit=spec.pixels_max, fix="reject"
            )
        ]
    if image.width == 0 and probe.container in spec.formats.value:
        return [finding("malformed", "error", "file", "The picture has no size. Export it again.", fix="reject")]
    found += _image_format(image, spec)
    if probe.size is not None and probe.size > spec.size_max.value:
        message = (
            f"The picture has {megabytes(probe.size)}; Threads takes up to {megabytes(spec.size_max.value)}. "
            "It is recompressed."
        )
        found.append(
            finding("image_size", "repair", "size", message, got=probe.size, limit=spec.size_max.value, fix="image")
        )
    if width and height:
        found += _image_shape(width, height, spec)
    found += origin("image", image.location, image.device, strip=strip, fix="image")
    return found


def unreadable(kind: str) -> Finding:
    """A picture format that nothing on this server opens."""
    if kind in ("heic", "heif"):
        message = "This server cannot read HEIC pictures: its pillow-heif is missing. Upload a JPEG instead."
        return finding("no_heif", "error", "image.format", message, got=kind, fix="reject")
    message = f"The picture is {kind.upper()}, which this server does not read. Export it as JPEG or PNG."
    return finding("image_unreadable", "error", "image.format", message, got=kind, limit=["jpeg", "png"], fix="reject")


def _image_format(image: ImageFacts, spec: ImageSpec) -> list[Finding]:
    found: list[Finding] = []
    if image.format not in spec.formats.value:
        message = f"The picture is {image.format.upper()}; Threads takes JPEG and PNG. It is converted."
        found.append(
            finding(
                "image_format",
                "repair",
                "image.format",
                message,
                got=image.format,
                limit=sorted(spec.formats.value),
                fix="image",
            )
        )
    if image.animated:
        message = (
            "The picture moves. Threads publishes single pictures and videos: it is made a short video without sound."
        )
        found.append(finding("image_animated", "repair", "image.animated", message, got=True, limit=False, fix="full"))
    if image.orientation != 1 and image.format == "png":
        message = (
            "The picture is stored lying and says so in a note that few viewers of PNG read. It is turned upright."
        )
        found.append(
            finding(
                "image_orientation",
                "repair",
                "image.orientation",
                message,
                got=image.orientation,
                limit=1,
                fix="image",
                basis="folklore",
            )
        )
    if image.colour is not None and image.colour not in spec.colours.value:
        message = f"The colours are {image.colour.upper()}, for print; screens want RGB. It is converted."
        found.append(
            finding(
                "image_colour",
                "repair",
                "image.colour",
                message,
                got=image.colour,
                limit="rgb",
                fix="image",
                basis=spec.colours.basis,
            )
        )
    if (
        image.bit_depth is not None
        and image.bit_depth > spec.bit_depth_max.value
        and image.format in spec.formats.value
    ):
        message = f"The picture has {image.bit_depth} bits a colour; 8 are what every viewer takes. It is converted."
        found.append(
            finding(
                "image_depth",
                "repair",
                "image.bit_depth",
                message,
                got=image.bit_depth,
                limit=spec.bit_depth_max.value,
                fix="image",
                basis=spec.bit_depth_max.basis,
            )
        )
    if image.profile and "srgb" not in image.profile.lower() and image.profile != "embedded":
        message = f"The colours are in the space '{image.profile}'; Threads converts them to sRGB by itself."
        found.append(finding("image_profile", "remark", "image.profile", message, got=image.profile, limit="sRGB"))
    return found


def _image_shape(width: int, height: int, spec: ImageSpec) -> list[Finding]:
    aspect = max(width, height) / min(width, height)
    if aspect > spec.aspect_max.value:
        message = (
            f"The picture is {width}x{height}, {aspect:.3g} times as long as wide; Threads takes up to "
            f"{spec.aspect_max.value:g}. Crop it; Treadle does not crop."
        )
        return [
            finding(
                "image_aspect",
                "error",
                "image.aspect",
                message,
                got=round(aspect, 3),
                limit=spec.aspect_max.value,
                fix="reject",
            )
        ]
    if not spec.width_min.value <= width <= spec.width_max.value:
        way = "up" if width < spec.width_min.value else "down"
        message = (
            f"The picture is {width} pixels wide; Threads scales it {way} to "
            f"{spec.width_min.value}-{spec.width_max.value}."
        )
        return [
            finding(
                "image_width",
                "remark",
                "image.width",
                message,
                got=width,
                limit=[spec.width_min.value, spec.width_max.value],
            )
        ]
    return []
