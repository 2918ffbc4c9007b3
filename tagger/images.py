"""Read a picture of any usual kind as upright RGB, or say in one line why not."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from ontology.errors import CatalogError

__all__ = ["FORMATS", "MAX_PIXELS", "MIN_SIDE_PX", "ImageError", "read_image"]

FORMATS = "JPEG, PNG, WebP, GIF, BMP, TIFF or MPO"
MAX_PIXELS = 80_000_000
MIN_SIDE_PX = 8

# The openers are called directly: Image.open would try every plugin that is installed, and would
# raise its own pixel limit before the size is known to us. `jpeg_factory` also reads MPO.
_Opener = Callable[[io.BytesIO, str], ImageFile.ImageFile]
_OPENERS: tuple[tuple[bytes, _Opener], ...] = (
    (b"\xff\xd8\xff", JpegImagePlugin.jpeg_factory),
    (b"\x89PNG\r\n\x1a\n", PngImagePlugin.PngImageFile),
    (b"RIFF", WebPImagePlugin.WebPImageFile),
    (b"GIF87a", GifImagePlugin.GifImageFile),
    (b"GIF89a", GifImagePlugin.GifImageFile),
    (b"BM", BmpImagePlugin.BmpImageFile),
    (b"II*\x00", TiffImagePlugin.TiffImageFile),
    (b"MM\x00*", TiffImagePlugin.TiffImageFile),
    (b"II+\x00", TiffImagePlugin.TiffImageFile),
    (b"MM\x00+", TiffImagePlugin.TiffImageFile),
)

# What Pillow's plugins raise on damaged bytes; found by reading them and by fuzzing.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    ArithmeticError,
    AttributeError,
    RuntimeError,
    MemoryError,
    AssertionError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)

_ORIENTATION_TAG = 0x0112
_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class ImageError(CatalogError):
    """A picture cannot be used; the message names it and the one reason."""


def read_image(source: bytes | Path, *, name: str, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Decode a picture to upright 8-bit RGB.

    The first frame of an animation is taken, EXIF orientation is applied, transparency is laid
    over white, and CMYK, palette, grey and 16-bit pictures are converted.

    Args:
        source: The bytes of the file, or its path.
        name: How messages call the picture: a path or an address, nothing secret.
        max_pixels: Width times height above which the picture is refused, from its header alone.

    Returns:
        An image of mode RGB without metadata, at its full size.

    Raises:
        ImageError: If it cannot be read, is empty, is no picture, is damaged, is too large, or
            has a side shorter than 8 px.
    """
    data = _read_bytes(source, name=name)
    header = _open_header(data, name=name)
    width, height = header.size
    if width * height > max_pixels:
        raise ImageError(
            f"{name}: picture of {width}x{height} px is over the limit of {max_pixels} px; "
            "send a smaller copy"
        )
    if min(width, height) < MIN_SIDE_PX:
        raise ImageError(
            f"{name}: picture of {width}x{height} px is too small; "
            f"each side needs at least {MIN_SIDE_PX} px"
        )
    try:
        header.load()
        return _upright_rgb(header)
    except _DAMAGE as error:
        raise ImageError(
            f"{name}: picture is truncated or damaged ({_one_line(error)}); send the file again"
        ) from error


def _read_bytes(source: bytes | Path, *, name: str) -> bytes:
    if isinstance(source, Path):
        try:
            source = source.read_bytes()
        except OSError as error:
            reason = error.strerror or _one_line(error)
            raise ImageError(f"{name}: file cannot be read ({reason})") from error
    if not source:
        raise ImageError(f"{name}: file is empty (0 bytes)")
    return source


def _open_header(data: bytes, *, name: str) -> ImageFile.ImageFile:
    opener = next((opener for magic, opener in _OPENERS if data.startswith(magic)), None)
    if opener is None or (data.startswith(b"RIFF") and data[8:12] != b"WEBP"):
        raise ImageError(f"{name}: not an image that can be read; expected {FORMATS}")
    try:
        return opener(io.BytesIO(data), "")
    except _DAMAGE as error:
        raise ImageError(
            f"{name}: not an image, or its header is damaged ({_one_line(error)}); "
            f"expected {FORMATS}"
        ) from error


def _upright_rgb(image: Image.Image) -> Image.Image:
    turn = _TRANSPOSE.get(_orientation(image))
    rgb = _to_rgb(image)
    rgb.info.clear()  # or a later reader would turn it by the EXIF data once more
    return rgb if turn is None else rgb.transpose(turn)


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except _DAMAGE:  # damaged metadata is no reason to refuse a picture that decodes
        return 1
    return value if isinstance(value, int) else 1


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        return _deep_grey_to_rgb(image)
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        paper = Image.new("RGBA", layer.size, (255, 255, 255, 255))
        paper.alpha_composite(layer)
        return paper.convert("RGB")
    return image.convert("RGB")


def _deep_grey_to_rgb(image: Image.Image) -> Image.Image:
    """Scale 16-bit, 32-bit and float grey to 8 bits; Pillow's own conversion clips instead."""
    grey = np.nan_to_num(np.asarray(image, dtype=np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    top = 65535.0 if image.mode.startswith("I;16") else float(grey.max(initial=0.0))
    if image.mode == "I":
        top = 255.0 if top <= 255.0 else max(top, 65535.0)
    if image.mode == "F":
        top = 1.0 if top <= 1.0 else max(top, 255.0)
    eight_bit = np.clip(grey * (255.0 / top) + 0.5, 0.0, 255.0).astype(np.uint8)
    return Image.fromarray(eight_bit).convert("RGB")


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text[:160] or type(error).__name__
