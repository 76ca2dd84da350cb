"""The rules for still pictures; :mod:`treadle_threads.media.rules` is the way in."""

from __future__ import annotations

from typing import Any

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
        return [finding("picture_not_looked_at_whole", got=list(probe.guesses))]
    width, height = image.shown_size
    if width * height > spec.pixels_max:
        return [finding("image_pixels", got=width * height, limit=spec.pixels_max, width=width, height=height)]
    if image.width == 0 and probe.container in spec.formats.value:
        return [finding("malformed_picture")]
    found += _image_format(image, spec)
    most = spec.size_max.value
    if probe.size is not None and probe.size > most:
        args: dict[str, Any] = {"size": megabytes(probe.size), "most": megabytes(most)}
        found.append(finding("image_size", got=probe.size, limit=most, **args))
    if width and height:
        found += _image_shape(width, height, spec)
    found += origin("image", image.location, image.device, strip=strip, fix="image")
    return found


def unreadable(kind: str) -> Finding:
    """A picture format that nothing on this server opens."""
    if kind in ("heic", "heif"):
        return finding("no_heif", got=kind)
    return finding("image_unreadable", got=kind, limit=["jpeg", "png"], name=kind.upper())


def _image_format(image: ImageFacts, spec: ImageSpec) -> list[Finding]:
    found: list[Finding] = []
    ours = image.format in spec.formats.value
    if not ours:
        limit = sorted(spec.formats.value)
        found.append(finding("image_format", got=image.format, limit=limit, name=image.format.upper()))
    if image.animated:
        found.append(finding("image_animated", got=True, limit=False))
    if image.orientation != 1 and image.format == "png":
        found.append(finding("image_orientation", got=image.orientation, limit=1))
    if image.colour is not None and image.colour not in spec.colours.value:
        name, basis = image.colour.upper(), spec.colours.basis
        found.append(finding("image_colour", got=image.colour, limit="rgb", basis=basis, name=name))
    depth = spec.bit_depth_max
    if ours and image.bit_depth is not None and image.bit_depth > depth.value:
        found.append(finding("image_depth", got=image.bit_depth, limit=depth.value, basis=depth.basis))
    if image.profile and "srgb" not in image.profile.lower() and image.profile != "embedded":
        found.append(finding("image_profile", got=image.profile, limit="sRGB"))
    return found


def _image_shape(width: int, height: int, spec: ImageSpec) -> list[Finding]:
    shape, most = max(width, height) / min(width, height), spec.aspect_max.value
    if shape > most:
        args: dict[str, Any] = {"width": width, "height": height, "shape": shape}
        return [finding("image_aspect", got=round(shape, 3), limit=most, **args)]
    narrowest, widest = spec.width_min.value, spec.width_max.value
    if not narrowest <= width <= widest:
        way = "up" if width < narrowest else "down"
        return [finding("image_width", got=width, limit=[narrowest, widest], way=way, least=narrowest, most=widest)]
    return []
