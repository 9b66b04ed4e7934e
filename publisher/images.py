"""Pictures of others, made into pictures of ours: Pillow's one home. Pure.

    bytes --header--> format? size? --decode--> smaller --> upright, in sRGB --encode--> bytes

Nothing that somebody sends is published as it came: a file may be a page in disguise, say where
its photographer lives, or unpack to more than memory holds. So the header is asked first, all
of it is decoded, and what goes out is written anew from the colours alone. The name of a file
is never asked. The same bytes always give the same.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from math import ceil

from PIL import Image, ImageCms, UnidentifiedImageError

from publisher.addresses import PICTURES
from publisher.errors import InputError

#: Bytes of a picture that is taken.
MAX_BYTES = 10_000_000
#: Points of a picture that is taken; of a JPEG twice as many, since that is decoded in part.
MAX_POINTS = 25_000_000
#: Points along the longer side of a picture that is published.
MAX_SIDE = 1_600

#: The formats that are read, by Pillow's names.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")

#: What can be decoded at a half, a quarter or an eighth: JPEG, and several of them in one file.
_IN_PART = frozenset({"JPEG", "MPO"})
#: JPEG's scale, on which 95 is the most that anybody sees.
_QUALITY = 82
#: So few colours may be a drawing, which PNG keeps sharp, and smaller than JPEG.
_FEW = 256
#: A picture that is partly transparent and has more bytes than this gets by with few colours.
_LARGE = 400_000
#: What can be made smaller as it is; other modes do not hold colours, but what leads to them.
_SMOOTH = frozenset({"L", "LA", "RGB", "RGBA", "CMYK"})

#: What an EXIF orientation asks to be done (CIPA DC-008, "Orientation").
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A picture as it is published."""

    body: bytes
    #: The end of its file's name.
    suffix: str
    #: Its media type.
    type: str
    #: In points.
    width: int
    height: int
    #: Of ``body``.
    sha256: str


def prepare(body: bytes) -> Prepared:
    """Return a picture as it is published; of one that moves, its first frame.

    Raises InputError for what is no picture that can be read whole, or one that is too large.
    """
    if len(body) > MAX_BYTES:
        reason = f"has more than {MAX_BYTES} bytes: save it smaller, or as JPEG"
        raise InputError("picture", reason)
    with _decoding():
        with Image.open(BytesIO(body), formats=FORMATS) as picture:
            _refuse_large(picture)
            ready = _ready(picture)
        content, suffix = _encoded(ready)
    return Prepared(
        body=content,
        suffix=suffix,
        type=PICTURES[suffix],
        width=ready.width,
        height=ready.height,
        sha256=sha256(content).hexdigest(),
    )


@contextmanager
def _decoding() -> Iterator[None]:
    """Turn whatever decoders say of hostile bytes into InputError: the one seam."""
    try:
        with warnings.catch_warnings():
            # Of what can be read all the same.
            warnings.simplefilter("ignore")
            yield
    except InputError:
        raise
    except UnidentifiedImageError as error:
        reason = "is no picture that can be read: save it as JPEG, PNG, WebP or GIF"
        raise InputError("picture", reason) from error
    except Image.DecompressionBombError as error:
        raise InputError(
            "picture", f"has more than {MAX_POINTS} points: save it smaller"
        ) from error
    except Exception as error:
        # Decoders meet hostile bytes with errors of every kind.
        reason = "is broken, or was cut off on its way: save it anew, and send it again"
        raise InputError("picture", reason) from error


def _refuse_large(picture: Image.Image) -> None:
    limit = MAX_POINTS * 2 if picture.format in _IN_PART else MAX_POINTS
    if picture.width * picture.height > limit:
        size = f"has {picture.width} x {picture.height} points"
        raise InputError("picture", f"{size}, {limit} at the most: save it smaller")


def _ready(picture: Image.Image) -> Image.Image:
    """Return the colours of a picture: no larger than is published, upright, in sRGB."""
    turn, profile = _turn(picture), picture.info.get("icc_profile")
    if picture.mode in _SMOOTH and "transparency" not in picture.info:
        # First of all: a JPEG is then decoded at a part of its size, and all is made of less.
        _shrink(picture)
    plain = _plain(picture, profile if isinstance(profile, bytes) else b"")
    _shrink(plain)
    return plain if turn is None else plain.transpose(turn)


def _turn(picture: Image.Image) -> Image.Transpose | None:
    # What only stands beside the picture may be broken: then it lies as it lies.
    with suppress(Exception):
        return _TURNS.get(picture.getexif().get(_ORIENTATION, 1))
    return None


def _shrink(picture: Image.Image) -> None:
    # Asked for by its shape: Pillow itself asks for a square, and decodes up to four times more.
    most = 2 * MAX_SIDE / max(picture.size)
    picture.draft(None, (ceil(picture.width * most), ceil(picture.height * most)))
    picture.thumbnail((MAX_SIDE, MAX_SIDE))


def _plain(picture: Image.Image, profile: bytes) -> Image.Image:
    """Return a picture in red, green and blue, with transparency only where some is used."""
    if picture.mode.startswith(("I", "F")):
        # Sixteen bits of grey: Pillow would cut off all that is brighter than eight can say.
        picture = picture.convert("I").point(lambda grey: grey * (1 / 256)).convert("L")
    if not picture.has_transparency_data:
        return _in_srgb(picture, profile)
    clear = picture.convert("RGBA")
    shown, opacity = _in_srgb(clear.convert("RGB"), profile), clear.getchannel("A")
    if opacity.getextrema() == (255, 255):
        return shown
    shown.putalpha(opacity)
    return shown


def _in_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    """Return a picture in the colours that every screen takes it to have (IEC 61966-2-1)."""
    # Telephones write wider colours; without the profile that says so they would look dull.
    with suppress(ImageCms.PyCMSError, OSError, ValueError):
        if profile and picture.mode in {"RGB", "CMYK", "L"}:
            given = ImageCms.ImageCmsProfile(BytesIO(profile))
            ours = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(picture, given, ours, outputMode="RGB")
            return converted or picture.convert("RGB")
    return picture.convert("RGB")


def _encoded(picture: Image.Image) -> tuple[bytes, str]:
    """Return the bytes of a picture, and the end of the name that they go by."""
    # Nothing that stood beside the colours goes out.
    picture.info.clear()
    if picture.mode == "RGBA":
        # Nor do colours that nobody sees.
        seen = Image.alpha_composite(Image.new("RGBA", picture.size), picture)
        whole = _png(seen)
        few = whole if len(whole) <= _LARGE else _png(seen.quantize(_FEW))
        return few, "png"
    photograph = BytesIO()
    picture.save(photograph, "JPEG", quality=_QUALITY, optimize=True, progressive=True)
    drawing = _drawing(picture)
    if drawing and len(drawing) <= photograph.tell():
        return drawing, "png"
    return photograph.getvalue(), "jpg"


def _drawing(picture: Image.Image) -> bytes | None:
    """Return a picture of few colours with exactly these, None for one of more."""
    if picture.getcolors(_FEW) is None:
        return None
    exact = picture.quantize(_FEW, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    return _png(exact)


def _png(picture: Image.Image) -> bytes:
    file = BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()
