"""Public files over HTTP: conditional, safe, and with the right types."""

from pathlib import Path

import pytest

from publisher.web.files import PublicFiles


@pytest.fixture
def served(tmp_path: Path) -> PublicFiles:
    public = tmp_path / "public"
    (public / "fr").mkdir(parents=True)
    (public / "fr" / "feed.atom").write_text("<feed/>", encoding="utf-8")
    (public / "fr" / "index.html").write_text("<p>é</p>", encoding="utf-8")
    (public / ".hidden").write_text("secret", encoding="utf-8")
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    return PublicFiles(public)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/fr/feed.atom", "application/atom+xml; charset=utf-8"),
        ("/fr/", "text/html; charset=utf-8"),
    ],
)
def test_a_file_has_its_media_type(served: PublicFiles, path: str, kind: str) -> None:
    answer = served.answer("GET", path, {})
    assert (answer.status, answer.headers["content-type"]) == (200, kind)


def test_a_reader_who_has_it_gets_304(served: PublicFiles) -> None:
    first = served.answer("GET", "/fr/feed.atom", {})
    tag, changed = first.headers["etag"], first.headers["last-modified"]
    for wanted in (
        {"if-none-match": tag},
        {"if-none-match": f'"other", W/{tag}'},
        {"if-none-match": "*"},
        {"if-modified-since": changed},
    ):
        answer = served.answer("GET", "/fr/feed.atom", wanted)
        assert (answer.status, answer.body) == (304, b"")
    stale = {"if-none-match": '"other"', "if-modified-since": changed}
    assert served.answer("GET", "/fr/feed.atom", stale).status == 200
    assert served.answer("GET", "/fr/feed.atom", {"if-modified-since": "rubbish"}).status == 200


def test_other_bytes_have_another_etag_within_the_same_second(
    served: PublicFiles, tmp_path: Path
) -> None:
    before = served.answer("GET", "/fr/feed.atom", {}).headers["etag"]
    (tmp_path / "public" / "fr" / "feed.atom").write_text("<fded/>", encoding="utf-8")
    assert served.answer("GET", "/fr/feed.atom", {}).headers["etag"] != before


@pytest.mark.parametrize(
    "path",
    ["/../secret", "/fr/../../secret", "/.hidden", "//etc/passwd", "/fr/\0", "/none", "/fr/none/"],
)
def test_what_is_not_public_is_not_found(served: PublicFiles, path: str) -> None:
    answer = served.answer("GET", path, {})
    assert answer.status == 404
    assert b"secret" not in answer.body


def test_a_folder_without_its_slash_leads_to_the_folder(served: PublicFiles) -> None:
    answer = served.answer("GET", "/fr", {})
    assert (answer.status, answer.headers["location"]) == (308, "./fr/")


def test_only_reading_is_allowed(served: PublicFiles) -> None:
    answer = served.answer("POST", "/fr/", {})
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
