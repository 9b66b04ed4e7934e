"""Pictures: whatever comes in, what goes out is small, upright, in sRGB, and says nothing else."""

import random
import struct
import tracemalloc
import zlib
from contextlib import suppress
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from publisher import addresses, images
from publisher.errors import InputError
from publisher.images import MAX_BYTES, MAX_POINTS, MAX_SIDE, prepare
from tests import make

KINDS = ("JPEG", "PNG", "WEBP", "GIF")
RED = (254, 0, 0)


def opened(body: bytes) -> Image.Image:
    picture = Image.open(BytesIO(body))
    picture.load()
    return picture


def saved(picture: Image.Image, kind: str = "PNG", **beside: Any) -> bytes:
    file = BytesIO()
    picture.save(file, kind, **beside)
    return file.getvalue()


def photograph(size: tuple[int, int] = (300, 200), seed: int = 1) -> Image.Image:
    """Return a picture of many colours."""
    noise = random.Random(seed)
    return Image.frombytes("RGB", (30, 20), noise.randbytes(1800)).resize(size)


def reason(body: bytes) -> str:
    with pytest.raises(InputError) as refused:
        prepare(body)
    assert refused.value.source == "picture"
    return refused.value.reason


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_becomes_one_that_every_reader_shows(kind: str) -> None:
    found = prepare(saved(photograph(), kind))
    assert (found.width, found.height) == (300, 200)
    assert found.type == addresses.PICTURES[found.suffix]
    assert opened(found.body).size == (300, 200)
    assert opened(found.body).format == {"jpg": "JPEG", "png": "PNG"}[found.suffix]


def test_the_same_bytes_always_give_the_same() -> None:
    body = saved(photograph(), "JPEG")
    assert prepare(body) == prepare(body)
    assert prepare(body).sha256 != prepare(saved(photograph(seed=2), "JPEG")).sha256


@pytest.mark.parametrize(
    ("size", "ready"),
    [
        ((3200, 1200), (1600, 600)),
        ((900, 4000), (360, 1600)),
        ((1600, 1600), (1600, 1600)),
        ((5, 3), (5, 3)),
        ((1, 9000), (1, 1600)),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_no_side_is_longer_than_is_shown(
    kind: str, size: tuple[int, int], ready: tuple[int, int]
) -> None:
    found = prepare(make.picture(size, kind=kind))
    assert (found.width, found.height) == ready == opened(found.body).size


@pytest.mark.parametrize(
    ("orientation", "row", "column"),
    # Where the first row and the first column are seen (CIPA DC-008, "Orientation").
    [
        (1, "top", "left"),
        (2, "top", "right"),
        (3, "bottom", "right"),
        (4, "bottom", "left"),
        (5, "left", "top"),
        (6, "right", "top"),
        (7, "right", "bottom"),
        (8, "left", "bottom"),
    ],
)
def test_a_picture_stands_upright_however_the_camera_was_held(
    orientation: int, row: str, column: str
) -> None:
    stored = Image.new("RGB", (96, 64), (254, 254, 254))
    stored.paste(RED, (0, 0, 32, 32))
    stored.paste((0, 0, 254), (64, 0, 96, 32))
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = opened(prepare(saved(stored, "JPEG", quality=95, exif=exif)).body).convert("RGB")
    assert found.size == ((96, 64) if orientation < 5 else (64, 96))
    opposite = {"top": "bottom", "bottom": "top", "left": "right", "right": "left"}
    assert colour(found, {row, column}) == "red"
    assert colour(found, {row, opposite[column]}) == "blue"


def colour(picture: Image.Image, corner: set[str]) -> str:
    """Return what is in a corner of a picture."""
    place = (
        8 if "left" in corner else picture.width - 8,
        8 if "top" in corner else picture.height - 8,
    )
    red, green, blue = picture.convert("RGB").crop((*place, place[0] + 1, place[1] + 1)).tobytes()
    return "white" if green > 127 else "red" if red > blue else "blue"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_what_stands_beside_the_colours_does_not_go_out(kind: str) -> None:
    exif = Image.Exif()
    exif[0x013B] = "Ann Photographer"
    exif[0x8825] = {1: "N", 2: (46.0, 12.0, 0.0)}
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    beside: dict[str, Any] = {"exif": exif, "icc_profile": profile}
    if kind == "JPEG":
        beside["comment"] = b"Ann Photographer"
    body = saved(photograph(), kind, **beside)
    assert b"Ann Photographer" in body
    found = prepare(body)
    for name in (b"Ann Photographer", b"Exif", b"acsp"):
        assert name not in found.body
    told = opened(found.body)
    assert not told.getexif()
    assert told.info.keys() <= {
        "jfif",
        "jfif_version",
        "jfif_unit",
        "jfif_density",
        "progressive",
        "progression",
    }


def test_wider_colours_are_made_those_that_every_screen_shows() -> None:
    """A profile that swaps nothing but the tone curve must change what is stored."""
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    same = prepare(saved(Image.new("RGB", (9, 9), (120, 80, 40)), icc_profile=srgb))
    pixel = opened(same.body).convert("RGB").getpixel((4, 4))
    assert isinstance(pixel, tuple)
    assert all(abs(a - b) <= 2 for a, b in zip(pixel, (120, 80, 40), strict=True))
    # What fits no such picture, or is no profile, costs nobody the picture.
    for profile in (lab.tobytes(), b"no profile", srgb[:200]):
        found = prepare(saved(Image.new("RGB", (9, 9), (120, 80, 40)), icc_profile=profile))
        assert opened(found.body).convert("RGB").getpixel((4, 4)) == (120, 80, 40)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "I;16", "LA", "RGBA"])
def test_every_sort_of_colour_is_read(mode: str) -> None:
    picture = (
        Image.new(mode, (20, 20)) if mode in {"1", "P", "I;16"} else photograph().convert(mode)
    )
    body = saved(picture, "JPEG" if mode == "CMYK" else "PNG")
    assert opened(prepare(body).body).mode in {"RGB", "RGBA", "P"}


def test_sixteen_bits_of_grey_keep_their_brightness() -> None:
    found = prepare(saved(Image.new("I;16", (8, 8), 0x8000)))
    assert opened(found.body).convert("L").getpixel((4, 4)) == 0x80


def test_transparency_stays_and_what_nobody_sees_does_not() -> None:
    picture = Image.new("RGBA", (50, 50), (10, 20, 30, 0))
    picture.paste((200, 100, 50, 128), (0, 0, 25, 50))
    found = prepare(saved(picture))
    assert found.suffix == "png"
    told = opened(found.body).convert("RGBA")
    assert told.getpixel((5, 5)) == (200, 100, 50, 128)
    assert told.getpixel((45, 45)) == (0, 0, 0, 0)


def test_a_picture_that_is_nowhere_transparent_is_none_that_could_be() -> None:
    found = prepare(saved(photograph().convert("RGBA")))
    assert found.suffix == "jpg"


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_colour_that_stands_for_nothing_is_transparent(kind: str) -> None:
    picture = Image.new("P", (20, 20), 1)
    picture.putpalette([0, 0, 0, 255, 0, 0])
    picture.paste(0, (0, 0, 10, 20))
    told = opened(prepare(saved(picture, kind, transparency=0)).body).convert("RGBA")
    assert told.getpixel((15, 5)) == (255, 0, 0, 255)
    assert told.getpixel((5, 5)) == (0, 0, 0, 0)


def test_of_a_picture_that_moves_the_first_is_shown() -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in (RED, (0, 254, 0))]
    moving = saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)
    found = opened(prepare(moving).body)
    assert getattr(found, "n_frames", 1) == 1
    assert found.convert("RGB").getpixel((5, 5)) == RED


def test_a_drawing_stays_sharp_and_a_photograph_small() -> None:
    drawing = Image.new("RGB", (800, 600), (255, 255, 255))
    drawing.paste((0, 60, 120), (100, 100, 500, 400))
    found = prepare(saved(drawing))
    assert (found.suffix, opened(found.body).convert("RGB").tobytes()) == ("png", drawing.tobytes())
    assert len(found.body) < 10_000
    grey = photograph((1600, 1200)).convert("L")
    assert prepare(saved(grey)).suffix == "jpg"
    assert len(prepare(saved(photograph((3000, 2000)))).body) < 500_000


def test_a_large_picture_with_transparency_gets_by_with_few_colours() -> None:
    picture = Image.frombytes("RGBA", (600, 600), random.Random(1).randbytes(600 * 600 * 4))
    found = prepare(saved(picture))
    assert (found.suffix, opened(found.body).mode) == ("png", "P")
    assert len(found.body) < 450_000


def png(width: int, height: int) -> bytes:
    """Return the head of a PNG of some size, and almost nothing of its points."""

    def chunk(name: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + check

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    points = chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + points


@pytest.mark.parametrize("size", [(5001, 5000), (60_000, 60_000), (2**31 - 1, 2**31 - 1)])
def test_a_picture_that_would_fill_the_memory_is_refused_by_its_head(size: tuple[int, int]) -> None:
    body = png(*size)
    tracemalloc.start()
    said = reason(body)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "points" in said
    assert f"{MAX_POINTS}" in said
    assert peak < 2_000_000


def test_a_jpeg_may_have_twice_as_many_points() -> None:
    found = prepare(make.picture((7000, 7000), kind="JPEG", mode="L", colour=40))
    assert (found.width, found.height) == (MAX_SIDE, MAX_SIDE)
    assert "at the most" in reason(make.picture((7100, 7100), kind="JPEG", mode="L", colour=40))


def test_a_file_with_too_many_bytes_is_not_looked_at() -> None:
    assert "bytes" in reason(make.picture() + bytes(MAX_BYTES))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<html><script>alert(1)</script></html>",
        b"%PDF-1.7",
        make.picture(kind="BMP"),
        make.picture(kind="TIFF"),
        make.picture(kind="ICO"),
        make.picture(kind="JPEG2000"),
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    ],
)
def test_what_is_no_picture_for_the_web_is_named_with_those_that_are(body: bytes) -> None:
    assert reason(body) == "is no picture that can be read: save it as JPEG, PNG, WebP or GIF"


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_that_was_cut_off_is_refused(kind: str) -> None:
    body = saved(photograph(), kind)
    assert "save it" in reason(body[: len(body) // 2])


def test_what_hides_behind_a_picture_does_not_go_out() -> None:
    body = saved(photograph(), "JPEG") + b"PK\x03\x04 and a program"
    assert b"program" not in prepare(body).body


BODIES = [make.picture((33, 17), kind=kind) for kind in KINDS] + [
    saved(photograph((31, 29)), kind) for kind in KINDS
]


def bounded(body: bytes) -> None:
    """Prepare what nobody knows; all that it may raise is InputError."""
    with suppress(InputError):
        found = prepare(body)
        assert max(found.width, found.height) <= MAX_SIDE
        assert opened(found.body).size == (found.width, found.height)


@given(st.binary(max_size=300))
def test_no_bytes_do_harm(body: bytes) -> None:
    bounded(body)


@settings(max_examples=300)
@given(st.sampled_from(BODIES), st.data())
def test_no_broken_picture_does_harm(body: bytes, data: st.DataObject) -> None:
    """Cut off, with bytes changed, and with bytes put in: a picture, or a refusal."""
    end = data.draw(st.integers(0, len(body)))
    at = data.draw(st.integers(0, len(body)))
    put = data.draw(st.binary(max_size=8))
    skip = data.draw(st.integers(0, 8))
    bounded((body[:at] + put + body[at + skip :])[: end or None])


@given(st.lists(st.binary(min_size=3, max_size=3), min_size=1, max_size=256), st.data())
def test_a_drawing_keeps_exactly_its_colours(colours: list[bytes], data: st.DataObject) -> None:
    noise = data.draw(st.randoms(use_true_random=False))
    picture = Image.frombytes("RGB", (40, 40), b"".join(noise.choices(colours, k=1600)))
    drawing = images._drawing(picture)
    assert drawing is not None
    assert opened(drawing).convert("RGB").tobytes() == picture.tobytes()


@given(
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.sampled_from(["1", "L", "LA", "RGB", "RGBA"]),
    st.randoms(use_true_random=False),
)
def test_what_is_ready_stays_as_it_is(
    size: tuple[int, int], mode: str, noise: random.Random
) -> None:
    """A picture of few colours, prepared again, is the same picture."""
    length = size[0] * size[1] * 4
    picture = Image.frombytes("RGBA", size, noise.randbytes(length)).convert(mode)
    once = prepare(saved(picture))
    again = prepare(once.body)
    assert (again.width, again.height) == (once.width, once.height) == size
    if once.suffix == "png":
        assert again.sha256 == once.sha256
