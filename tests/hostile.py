"""A folder as attackers, broken disks and tired people leave it, with good texts between.

What it holds depends on its size only, and a larger one holds more of the same.
"""

import os
import socket
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from publisher.ingest import frontmatter, limits
from publisher.ingest.folder import MAX_BYTES
from tests import make

#: The good items of a folder, each in four languages, and the bad files.
ITEMS, BAD_FILES = 7, 12
ROUND = ITEMS * len(make.LANGUAGES) + BAD_FILES
#: Every so many rounds an item is as long as an item may be.
LONG = 25
#: Bytes that no file may have.
HUGE = 10_000_000


@dataclass
class Written:
    """What was written: what must be in the store afterwards, and what must be named."""

    #: Title to body, by language.
    good: dict[tuple[str, str], str] = field(default_factory=dict)
    #: A part of the reason, by path.
    bad: dict[str, str] = field(default_factory=dict)

    @property
    def megabytes(self) -> int:
        """What the bad files pretend to hold, and the good ones do."""
        pretended = sum(os.lstat(path).st_size for path in self.bad)
        return (pretended + sum(map(len, self.good.values()))) // 1_000_000


def fill(root: Path, count: int) -> Written:
    """Write about ``count`` files below ``root``."""
    written = Written()
    for number in range(count // ROUND):
        place = root / str(number % 7) / f"{number:03}"
        place.mkdir(parents=True)
        for turn in range(ITEMS):
            name = NAMES[(number + turn) % len(NAMES)].format(turn)
            for language in make.LANGUAGES:
                form = _form(number, turn, language)
                title = f"{make.TITLES[language]} {number}-{turn}"
                content, title, body = form(title, f"{make.BODIES[language]} {number}.")
                (place / f"{name}.{language}.md").write_bytes(content.encode())
                written.good[title, language] = body
        for turn in range(BAD_FILES):
            kind = KINDS[(number * BAD_FILES + turn) % len(KINDS)]
            kind(place / f"z{turn}", written)
    return written


# Good texts: what is in the file, and the title and the words that must come of it.

Form = Callable[[str, str], tuple[str, str, str]]


def _form(number: int, turn: int, language: str) -> Form:
    if turn == 0 and number % LONG == 0:
        return _long
    if turn == 1 and language == make.LANGUAGES[number % len(make.LANGUAGES)]:
        return BOMBS[number // len(make.LANGUAGES) % len(BOMBS)] if number % 5 == 0 else FORMS[0]
    return FORMS[(number * ITEMS + turn) % len(FORMS)]


HEAD = "---\ntitle: {}\nworkflow: approved\n---\n"


def _with(title: str, body: str) -> str:
    return HEAD.format(title) + body


def _toml(title: str, body: str) -> tuple[str, str, str]:
    return f"+++\ntitle = '{title}'\nworkflow = 'approved'\n+++\n{body}", title, body


def _pelican(title: str, body: str) -> tuple[str, str, str]:
    return f"Title: {title}\nWorkflow: approved\n\n{body}", title, body


def _from_windows(title: str, body: str) -> tuple[str, str, str]:
    return "\ufeff" + _with(title, body).replace("\n", "\r\n"), title, body


def _controls(title: str, body: str) -> tuple[str, str, str]:
    return _with(title, f"\0{body}\x07\x1b\x9b"), title, body


def _turned(title: str, body: str) -> tuple[str, str, str]:
    return _with(f"\u202e{title}\u2066", body), title, body


def _header(title: str, body: str) -> tuple[str, str, str]:
    told = f"{title} Bcc: everybody@example.org"
    return _with(f'"{title}\\r\\nBcc: everybody@example.org"', body), told, body


def _python(title: str, body: str) -> tuple[str, str, str]:
    evil = 'evil: !!python/object/apply:os.system ["touch owned"]\ntitle: '
    return _with(title, body).replace("title: ", evil), title, body


def _piled(title: str, body: str) -> tuple[str, str, str]:
    kept = unicodedata.normalize("NFC", "a" + "\u0301\u0316" * 15)
    return _with(title, body + "a" + "\u0301\u0316" * 9_000), title, body + kept


def _long(title: str, body: str) -> tuple[str, str, str]:
    line = body + "x" * (limits.MAX_BODY - len(body))
    return _with(title, line), title, line


def _text(pattern: str) -> Form:
    """Return a good text with something around its words that is kept as it stands."""

    def form(title: str, body: str) -> tuple[str, str, str]:
        around = pattern.format(body)
        return _with(title, around), title, around

    return form


LAUGHS = "".join(f'<!ENTITY {b} "&{a};&{a};&{a};&{a};">' for a, b in pairwise("abcdef"))
FORMS: tuple[Form, ...] = (
    _text("{}"),
    _toml,
    _pelican,
    _from_windows,
    _controls,
    _turned,
    _header,
    _python,
    _text("<script>alert(1)</script>\n\n{}<img src=x onerror=alert(1)>"),
    _text("{}\n\n[x](javascript:alert(1)) [y](<data:text/html,a>)"),
    _text(f"<?xml version='1.0'?><!DOCTYPE a [{LAUGHS}]>&f;\n\n{{}}"),
)
#: What takes much longer to read than it looks, each within what is allowed.
BOMBS: tuple[Form, ...] = (
    _piled,
    _text("{}" + "[" * 3_000),
    _text("{}" + "![" * 1_500),
    _text("{}\n\n" + ">" * 3_000 + "deep"),
    _text("{}\n\n" + "".join("  " * depth + "- a\n" for depth in range(99)) + "- b"),
    _text("{}" + " *a **b _c" * 500),
    _text("{}" + "<![CDATA[" * 500),
    _text("{}\n\n" + "a|" * 60 + "\n" + "-|" * 60 + "\n" + "b\n" * 60 + "c"),
)
NAMES = ("a{}", "new\nline{}", "\u202etxt{}", "caf\udce9{}", "n" * 200 + "{}", "خبر{}", "a b'\"{}")


# Bad files: how each comes to be, and why it is refused.

Kind = Callable[[Path, Written], None]


def _refused(content: str | bytes, reason: str, *, name: str = "{}.en.md") -> Kind:
    def kind(stem: Path, written: Written) -> None:
        path = stem.with_name(name.format(stem.name))
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        written.bad[str(path)] = reason

    return kind


def _field(line: str, reason: str) -> Kind:
    return _refused(f"---\ntitle: A\n{line}\n---\nBody", reason)


def _sparse(size: int, head: str, tail: str, reason: str) -> Kind:
    """Return a file whose middle is nothing but NUL, and takes no place on the disk."""

    def kind(stem: Path, written: Written) -> None:
        path = Path(f"{stem}.en.md")
        with path.open("wb") as file:
            file.write(head.encode())
            file.truncate(size - len(tail))
            file.seek(size - len(tail))
            file.write(tail.encode())
        written.bad[str(path)] = reason

    return kind


def _link(target: str, reason: str) -> Kind:
    def kind(stem: Path, written: Written) -> None:
        path = Path(f"{stem}.en.md")
        path.symlink_to(target.format(path.name))
        written.bad[str(path)] = reason

    return kind


def _pipe(stem: Path, written: Written) -> None:
    os.mkfifo(f"{stem}.en.md")
    written.bad[f"{stem}.en.md"] = "file: is a named pipe, not a file"


def _socket(stem: Path, written: Written) -> None:
    path = Path(f"{stem}.en.md")
    with socket.socket(socket.AF_UNIX) as open_socket:
        # The whole path may be longer than the name of a socket.
        here = os.open(path.parent, os.O_RDONLY)
        open_socket.bind(f"/proc/self/fd/{here}/{path.name}")
        os.close(here)
    written.bad[str(path)] = "file: is a socket or a device, not a file"


def _folder(stem: Path, written: Written) -> None:
    path = Path(f"{stem}.en.md")
    path.mkdir()
    written.bad[str(path)] = "Is a directory"


def _circle(stem: Path, written: Written) -> None:
    path = stem.with_name(f"around-{stem.name}")
    path.symlink_to(stem.parent)
    _refused("", "front matter: is missing")(stem, written)


def _closed(stem: Path, written: Written) -> None:
    path = Path(f"{stem}.en.md")
    _refused(_with("A", "Body"), "Permission denied")(stem, written)
    path.chmod(0)
    if os.access(path, os.R_OK):
        # Nothing is closed to root: what can be opened, and then not read, is as good.
        path.unlink()
        path.symlink_to("/proc/self/mem")
        written.bad[str(path)] = "Input/output error"


def _twice(stem: Path, written: Written) -> None:
    """Write one text twice: the first is good."""
    for name, title in (("first", f"{stem}"), ("second", "Second")):
        key = f"---\ntranslationKey: twice {stem.parent.name}\ntitle: "
        path = Path(f"{stem}-{name}.en.md")
        path.write_text(_with(title, "Body").replace("---\ntitle: ", key), encoding="utf-8")
    written.good[str(stem), "en"] = "Body"
    written.bad[f"{stem}-second.en.md"] = "is the same item and language as "


def _of_itself(stem: Path, written: Written) -> None:
    """Write a translation that is made from itself; its source text is good."""
    Path(f"{stem}.en.md").write_text(_with(str(stem), "Body"), encoding="utf-8")
    written.good[str(stem), "en"] = "Body"
    made_from = "---\nmade_from: fr\ntitle: "
    french = _with("A", "Texte").replace("---\ntitle: ", made_from)
    _refused(french, "made_from: fr is itself made from fr", name="{}.fr.md")(stem, written)


KINDS: tuple[Kind, ...] = (
    _refused(
        b"---\ntitle: A\n---\nDignit\xe9", "line 4: the byte 0xe9 is not UTF-8: save the file"
    ),
    _refused(_with("A", "Body").encode("utf-16"), "line 1: the byte 0xff is not UTF-8"),
    _sparse(HUGE, "---\ntitle: A\n---\n", "", "file: is larger than"),
    _sparse(HUGE, "---\ntitle: ", "\n---\nBody", "file: is larger than"),
    _sparse(MAX_BYTES, "---\ntitle: ", "\n---\nBody", "front matter: is longer than"),
    _sparse(MAX_BYTES, "---\ntitle: A\n---\n", "\n", "body: is empty"),
    _refused(_with("A", "a" * (limits.MAX_BODY + 1)), "body: has 1000001 characters"),
    _refused(_with("A", "![" * limits.MAX_SIGNS), "body: has 20000 signs of Markdown"),
    _refused(_with("A", "a|" * 300 + "\n" + "-|" * 300 + "\nb" * 300), "signs of Markdown"),
    _refused("", "front matter: is missing"),
    _refused("Only a text.", "front matter: is missing"),
    _refused("---\ntitle: A\nBody", "front matter: is missing"),
    _refused("A: b\n" + "   c\n" * 999 + "Body", "front matter: is missing"),
    _refused(f"A: {'b' * frontmatter.MAX_CHARACTERS}\n\nBody", "front matter: is longer than"),
    _refused("---\n- a\n---\nBody", "front matter: is not a list of"),
    _refused("---\na: &a [b]\nb: [*a, *a]\n---\nBody", "front matter: is not YAML: line 3: alias"),
    _refused(f"---\na: {'[' * 9999}\n---\nBody", "front matter: opens more than 50 brackets"),
    _refused("---\na: b\x01\n---\nBody", "front matter: holds the character U+0001"),
    _refused('---\na: "\\UFFFFFFFF"\n---\nBody', "front matter: is not YAML: an escape"),
    _refused(f"+++\na = {'[' * 9999}\n+++\nBody", "front matter: opens more than 50 brackets"),
    _refused(f"+++\n{'a.' * 30_000}b = 1\n+++\nBody", "front matter: is not read: line 2 has more"),
    _refused("+++\ntitle = 'A'\ntitle = 'B'\n+++\nBody", "front matter: is not TOML: Cannot over"),
    _refused(f"+++\na = {'9' * 9999}\n+++\nBody", "front matter: is not TOML"),
    _refused("---\ntopics: [a]\n---\nBody", "title: is missing"),
    _refused("---\ntitle: '\u202e\u2066'\n---\nBody", "title: is missing"),
    _refused(_with("A", "\0\x01\n"), "body: is empty"),
    _refused(_with("A", "Body"), "lang: is missing", name="{}.md"),
    _refused(_with("[a, b]", "Body"), "title: must be one line of text"),
    _refused(_with('!!python/object/apply:os.system ["touch owned"]', "B"), "title: must be one"),
    _refused(_with("a" * 501, "Body"), "title: has 501 characters"),
    _field("topics: {a: b}", "topics: must be a list"),
    _field(f"topics: [{','.join(f't{n}' for n in range(99))}]", "topics: has 99 words"),
    _field("date: [2026]", "date: must be one line"),
    _field("date: 2026-13-45", "date: '2026-13-45' is no date"),
    _field("date: 0001-01-01T00:00:00+14:00", "is no date"),
    _field("date: 9500-01-01", "date: is in the year 9500"),
    _field("embargo: 0500-01-01", "embargo: is in the year"),
    _field("lang: de", "lang: de is not a language of this site"),
    _field(f"lang: {'x' * 9999}", "lang: "),
    _field("kind: gossip", "kind: 'gossip' is none of"),
    _field(f"kind: {'k' * 60_000}", "kind: has 60000 characters"),
    _field("workflow: done", "workflow: 'done' is none of"),
    _field("url: javascript:alert(1)", "url: 'javascript:alert(1)' is no address"),
    _field(f"translationKey: {'k' * 3_000}", "translationkey: has 3000 characters"),
    _field(f"image_alt: {'k' * 3_000}", "image_alt: has 3000 characters"),
    _link("{}", "Too many levels of symbolic links"),
    _link("nowhere", "No such file or directory"),
    _link("/dev/zero", "file: is a socket or a device, not a file"),
    _pipe,
    _socket,
    _folder,
    _circle,
    _closed,
    _twice,
    _of_itself,
)
