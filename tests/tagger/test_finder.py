from __future__ import annotations

import io
import time

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from tagger.boxes import PixelBox
from tagger.finder import FinderError, find_garments, is_street

SIZE = (300, 400)
BODY = (80, 90, 220, 330)  # x0, y0, x1, y1 of the drawn product


def draw_body(image: Image.Image, fill: tuple[int, int, int], outline: int = 0) -> None:
    draw = ImageDraw.Draw(image)
    x0, y0, x1, y1 = BODY
    edge = tuple(max(0, channel - outline) for channel in fill)
    draw.rounded_rectangle((x0, y0, x1 - 1, y1 - 1), radius=18, fill=fill, outline=edge, width=2)
    for x in range(x0 + 25, x1 - 10, 30):
        draw.line((x, y0 + 20, x + 4, y1 - 20), fill=edge, width=2)


def through_jpeg(image: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, format="JPEG", quality=85)
    buffer.seek(0)
    return Image.open(buffer).convert("RGB")


def with_shadow(image: Image.Image, *, strength: int) -> Image.Image:
    shadow = Image.new("L", image.size, 0)
    x0, _, x1, y1 = BODY
    ImageDraw.Draw(shadow).ellipse((x0 - 10, y1 - 12, x1 + 10, y1 + 26), fill=strength)
    shadow = shadow.filter(ImageFilter.GaussianBlur(14))
    return Image.composite(Image.new("RGB", image.size, (40, 40, 40)), image, shadow)


def gradient(top: int, bottom: int) -> Image.Image:
    column = np.linspace(top, bottom, SIZE[1])[:, None, None]
    return Image.fromarray(np.broadcast_to(column, (SIZE[1], SIZE[0], 3)).astype(np.uint8))


def busy() -> Image.Image:
    pixels = np.random.default_rng(3).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    return Image.fromarray(pixels).resize(SIZE, Image.Resampling.BICUBIC)


def truth() -> PixelBox:
    return PixelBox(**dict(zip(("x0", "y0", "x1", "y1"), map(float, BODY), strict=True)))


@pytest.mark.parametrize(
    "colour", [(20, 20, 24), (180, 30, 40), (150, 150, 150), (40, 70, 160), (225, 215, 200)]
)
@pytest.mark.parametrize("background", [(255, 255, 255), (228, 228, 230), (235, 225, 205)])
def test_box_is_tight_on_one_even_colour(colour, background):
    image = Image.new("RGB", SIZE, background)
    draw_body(image, colour, outline=18)

    [found] = find_garments(through_jpeg(image))

    assert found.source == "foreground"
    assert found.primary
    assert found.box.iou(truth()) >= 0.9
    assert 0.0 < found.score <= 1.0


def test_off_white_product_on_white_is_found_by_its_outline_and_folds():
    image = Image.new("RGB", SIZE, (255, 255, 255))
    draw_body(image, (250, 249, 246), outline=14)

    [found] = find_garments(through_jpeg(image))

    assert found.source == "foreground"
    assert found.box.iou(truth()) >= 0.9


@pytest.mark.parametrize("colour", [(60, 60, 64), (190, 40, 50), (205, 205, 205)])
def test_soft_shadow_is_not_part_of_the_product(colour):
    image = with_shadow(Image.new("RGB", SIZE, (255, 255, 255)), strength=90)
    draw_body(image, colour, outline=25)

    [found] = find_garments(through_jpeg(image))

    assert found.box.iou(truth()) >= 0.9


@pytest.mark.parametrize(("top", "bottom"), [(250, 205), (190, 245), (120, 60)])
def test_studio_gradient_counts_as_plain(top, bottom):
    image = gradient(top, bottom)
    draw_body(image, (150, 40, 90), outline=20)

    [found] = find_garments(through_jpeg(image))

    assert found.source == "foreground"
    assert found.box.iou(truth()) >= 0.9


def test_busy_background_gives_the_whole_image_in_auto():
    image = busy()
    draw_body(image, (150, 40, 90))

    [found] = find_garments(image)

    assert found.source == "whole-image"
    assert found.box == PixelBox(x0=0.0, y0=0.0, x1=300.0, y1=400.0)


def test_detect_looks_where_auto_would_not():
    pixels = np.random.default_rng(5).normal(200, 9, (SIZE[1], SIZE[0], 3))
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    draw_body(image, (20, 20, 120))

    assert is_street(image)
    assert find_garments(image, mode="auto")[0].source == "whole-image"
    [found] = find_garments(image, mode="detect")
    assert found.source == "foreground"
    assert found.box.iou(truth()) >= 0.85


def test_whole_does_not_look():
    image = Image.new("RGB", SIZE, (255, 255, 255))
    draw_body(image, (10, 10, 10))

    [found] = find_garments(image, mode="whole")

    assert found.source == "whole-image"
    assert found.box.xyxy == (0.0, 0.0, 300.0, 400.0)


def test_product_cut_off_by_the_bottom_edge_reaches_the_edge():
    image = Image.new("RGB", SIZE, (255, 255, 255))
    ImageDraw.Draw(image).rectangle((90, 120, 210, 400), fill=(140, 140, 142))

    [found] = find_garments(through_jpeg(image))

    assert found.box.iou(PixelBox(x0=90, y0=120, x1=211, y1=400)) >= 0.93


def test_a_pair_shares_one_box_and_specks_do_not_widen_it():
    image = Image.new("RGB", SIZE, (255, 255, 255))
    draw = ImageDraw.Draw(image)
    draw.ellipse((40, 150, 120, 290), fill=(90, 50, 30))
    draw.ellipse((170, 150, 250, 290), fill=(90, 50, 30))
    draw.point((290, 20), fill=(0, 0, 0))

    [found] = find_garments(through_jpeg(image))

    assert found.box.iou(PixelBox(x0=40, y0=150, x1=251, y1=291)) >= 0.93


@pytest.mark.parametrize("colour", [(255, 255, 255), (128, 128, 128), (0, 0, 0)])
def test_an_empty_picture_gives_the_whole_image(colour):
    [found] = find_garments(Image.new("RGB", SIZE, colour), mode="detect")

    assert found.source == "whole-image"


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (9, 400), (3000, 30), (2400, 3200)])
def test_any_size_gives_one_box_inside_the_picture(size):
    image = Image.new("RGB", size, (255, 255, 255))
    width, height = size
    ImageDraw.Draw(image).rectangle(
        (width // 3, height // 3, width // 2, height // 2), fill=(9, 9, 9)
    )

    [found] = find_garments(image)

    assert 0 <= found.box.x0 < found.box.x1 <= width
    assert 0 <= found.box.y0 < found.box.y1 <= height


def test_box_scales_with_the_picture():
    image = Image.new("RGB", SIZE, (255, 255, 255))
    draw_body(image, (30, 90, 60))

    [small] = find_garments(image)
    [large] = find_garments(image.resize((1800, 2400), Image.Resampling.LANCZOS))

    scaled = PixelBox(**{edge: 6 * getattr(small.box, edge) for edge in ("x0", "y0", "x1", "y1")})
    assert large.box.iou(scaled) >= 0.96


def test_same_picture_gives_the_same_answer():
    image = gradient(240, 200)
    draw_body(image, (30, 90, 60))

    assert find_garments(image) == find_garments(image)


def test_unknown_mode_names_the_known_ones():
    with pytest.raises(FinderError, match="auto, detect or whole"):
        find_garments(Image.new("RGB", SIZE), mode="everything")


@pytest.mark.slow
def test_a_catalog_picture_takes_well_under_a_frame():
    image = Image.new("RGB", SIZE, (255, 255, 255))
    draw_body(image, (30, 90, 60))
    find_garments(image)

    started = time.perf_counter()
    for _ in range(20):
        find_garments(image)

    assert (time.perf_counter() - started) / 20 < 0.1  # about 0.01 s alone; the rest is for others


def test_a_catalog_photograph_is_no_street_photograph_however_small():
    image = Image.new("RGB", SIZE, (255, 255, 255))
    draw_body(image, (20, 20, 120))

    assert not is_street(image)
    assert not is_street(Image.new("RGB", (3, 3)))
