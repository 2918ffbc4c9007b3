"""Pictures of every kind, whole and broken."""

from __future__ import annotations

import io
import random
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tagger.images import MIN_SIDE_PX, ImageError, read_image

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def noise(size: tuple[int, int] = (64, 48)) -> Image.Image:
    pixels = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_header_only(width: int, height: int) -> bytes:
    """Build a PNG that claims a size and holds one row of it."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", zlib.compress(bytes(1000)))
        + png_chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "MPO"])
def test_every_usual_kind_is_read_as_rgb_at_its_own_size(kind: str) -> None:
    image = read_image(saved(Image.new("RGB", (40, 20), RED), kind), name="x")

    assert (image.mode, image.size) == ("RGB", (40, 20))
    assert np.abs(np.subtract(image.getpixel((20, 10)), RED)).max() <= 3


def test_a_path_is_read_like_bytes(tmp_path: Path) -> None:
    path = tmp_path / "red.png"
    path.write_bytes(saved(Image.new("RGB", (9, 11), RED), "PNG"))

    assert read_image(path, name="red").size == (9, 11)


def test_a_missing_file_is_named_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"^gone: file cannot be read \(No such file"):
        read_image(tmp_path / "gone.jpg", name="gone")


def test_a_folder_is_no_picture(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"^here: file cannot be read"):
        read_image(tmp_path, name="here")


def test_an_empty_file_says_so() -> None:
    with pytest.raises(ImageError, match=r"^a\.jpg: file is empty"):
        read_image(b"", name="a.jpg")


@pytest.mark.parametrize(
    "data",
    [
        b"this is text, though it is called .jpg\n" * 20,
        b"<!doctype html><title>404</title>",
        b"\x00" * 400,
        b"RIFF\x10\x00\x00\x00WAVEfmt " + b"\x00" * 40,
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b"%PDF-1.7\n",
    ],
)
def test_what_is_no_picture_is_refused_with_the_kinds_that_are_read(data: bytes) -> None:
    with pytest.raises(ImageError, match=r"^a\.jpg: not an image.*expected JPEG, PNG"):
        read_image(data, name="a.jpg")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_a_truncated_picture_is_refused(kind: str, kept: float) -> None:
    data = saved(noise((200, 150)), kind)

    with pytest.raises(ImageError, match=r"^cut: "):
        read_image(data[: int(len(data) * kept)], name="cut")


def test_a_bomb_is_refused_from_its_header_with_its_size() -> None:
    with pytest.raises(ImageError, match=r"^bomb: picture of 30000x30000 px is over the limit"):
        read_image(png_header_only(30_000, 30_000), name="bomb")


def test_a_bomb_is_refused_without_decoding_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(self: Image.Image) -> None:
        raise AssertionError("decoded a bomb")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", never)

    with pytest.raises(ImageError, match="30000x30000"):
        read_image(png_header_only(30_000, 30_000), name="bomb")


def test_a_picture_between_the_limits_of_the_library_and_ours_warns_nobody() -> None:
    """Pillow warns from 89 million pixels on; tests turn warnings into errors."""
    with pytest.raises(ImageError, match="truncated"):
        read_image(png_header_only(10_000, 9_500), name="big", max_pixels=100_000_000)


def test_the_pixel_limit_can_be_lowered_and_is_inclusive() -> None:
    data = saved(Image.new("RGB", (20, 10)), "PNG")

    assert read_image(data, name="x", max_pixels=200).size == (20, 10)
    with pytest.raises(ImageError, match="20x10 px is over the limit of 199 px"):
        read_image(data, name="x", max_pixels=199)


@pytest.mark.parametrize("size", [(1, 1), (MIN_SIDE_PX - 1, 300), (300, MIN_SIDE_PX - 1)])
def test_a_picture_with_a_tiny_side_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ImageError, match=f"{size[0]}x{size[1]} px is too small"):
        read_image(saved(Image.new("RGB", size), "PNG"), name="dot")


def test_cmyk_gets_its_true_colours() -> None:
    cyan_free = Image.new("CMYK", (16, 16), (0, 255, 255, 0))

    image = read_image(saved(cyan_free, "JPEG", quality=95), name="cmyk")

    assert image.mode == "RGB"
    assert np.abs(np.subtract(image.getpixel((8, 8)), RED)).max() < 12


def test_sixteen_bit_grey_is_scaled_and_not_clipped() -> None:
    ramp = np.tile(np.linspace(0, 65535, 64).astype(np.uint16), (16, 1))

    image = read_image(saved(Image.fromarray(ramp), "PNG"), name="deep")

    assert image.mode == "RGB"
    row = [image.getpixel((x, 8))[0] for x in range(64)]
    assert (row[0], row[63]) == (0, 255)
    assert row[32] == pytest.approx(130, abs=2)


def test_sixteen_bit_rgb_png_is_read() -> None:
    rows = b"".join(b"\x00" + b"\xff\xff\x80\x00\x00\x00" * 16 for _ in range(16))
    header = struct.pack(">IIBBBBB", 16, 16, 16, 2, 0, 0, 0)
    data = (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", zlib.compress(rows))
        + png_chunk(b"IEND", b"")
    )

    assert read_image(data, name="deep").getpixel((3, 3)) == (255, 128, 0)


def test_float_tiff_is_scaled() -> None:
    half = Image.fromarray(np.full((16, 16), 0.5, dtype=np.float32))

    assert read_image(saved(half, "TIFF"), name="float").getpixel((3, 3)) == (128, 128, 128)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_an_animation_gives_its_first_frame(kind: str) -> None:
    frames = [Image.new("RGB", (32, 24), colour) for colour in (RED, GREEN, BLUE)]
    data = saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=80)

    image = read_image(data, name="moving")

    assert image.size == (32, 24)
    assert np.abs(np.subtract(image.getpixel((16, 12)), RED)).max() < 12


@pytest.mark.parametrize("kind", ["JPEG", "TIFF", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(kind: str, orientation: int) -> None:
    """The stored picture is what a camera writes for an upright scene: red top left corner."""
    upright = Image.new("RGB", (64, 32), WHITE)
    upright.paste(RED, (0, 0, 16, 16))
    undo = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    stored = upright if undo is None else upright.transpose(undo)
    exif = Image.Exif()
    exif[0x0112] = orientation

    image = read_image(saved(stored, kind, exif=exif), name="turned")

    assert image.size == (64, 32)
    assert np.abs(np.subtract(image.getpixel((6, 6)), RED)).max() < 40
    assert np.abs(np.subtract(image.getpixel((60, 28)), WHITE)).max() < 40


def test_a_picture_is_not_turned_twice_by_the_next_reader() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6

    image = read_image(saved(Image.new("RGB", (40, 20)), "JPEG", exif=exif), name="x")

    assert image.getexif().get(0x0112) is None


def test_damaged_exif_does_not_cost_the_picture() -> None:
    data = saved(Image.new("RGB", (40, 20), RED), "JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff")

    assert read_image(data, name="x").size == (40, 20)


def test_palette_transparency_is_laid_over_white() -> None:
    image = Image.new("P", (16, 16), 0)
    image.putpalette([0, 0, 0, 255, 0, 0])
    image.paste(1, (8, 0, 16, 16))

    flat = read_image(saved(image, "PNG", transparency=0), name="palette")

    assert (flat.getpixel((2, 2)), flat.getpixel((12, 2))) == (WHITE, RED)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_alpha_is_laid_over_white(mode: str) -> None:
    clear = Image.new(mode, (16, 16), 0)

    assert read_image(saved(clear, "PNG"), name="clear").getpixel((8, 8)) == WHITE


def test_half_transparent_black_becomes_grey() -> None:
    veil = Image.new("RGBA", (16, 16), (0, 0, 0, 128))

    assert read_image(saved(veil, "PNG"), name="veil").getpixel((8, 8)) == (127, 127, 127)


@pytest.mark.parametrize("mode", ["L", "1"])
def test_grey_and_bilevel_pictures_become_rgb(mode: str) -> None:
    image = read_image(saved(Image.new(mode, (16, 16), 255), "PNG"), name="grey")

    assert (image.mode, image.getpixel((8, 8))) == ("RGB", WHITE)


@pytest.mark.filterwarnings("ignore:.*:UserWarning:PIL")  # Pillow remarks on damaged TIFF tags
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_damaged_bytes_never_raise_anything_but_image_error(kind: str) -> None:
    """300 seeded damages a kind: flipped, cut and repeated bytes."""
    whole = saved(noise(), kind)
    chance = random.Random(7)  # noqa: S311 - seeded damage, no secret
    refusals = []
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(chance.choice([1, 4, 30])):
            data[chance.randrange(len(data))] = chance.randrange(256)
        if chance.random() < 0.3:
            del data[chance.randrange(len(data)) :]
        try:
            assert read_image(bytes(data), name="x", max_pixels=1_000_000).mode == "RGB"
        except ImageError as error:
            refusals.append(str(error))

    assert len(refusals) > 10
    assert all(text.startswith("x: ") and "\n" not in text for text in refusals)
