"""``docs/nginx.conf`` says to nginx what our own server does; ``./run bench serve`` runs it."""

import re
from pathlib import Path

from publisher import addresses
from publisher.web import answers, media, targets

ROOT = Path(__file__).parent.parent.parent.parent
CONF = (ROOT / "docs" / "nginx.conf").read_text(encoding="utf-8")
#: nginx has this type always in these lists, and complains where it is named.
HTML = "text/html"
JSON_FEED = media.medium("/fr/feed.json").type


def words(directive: str) -> set[str]:
    found = re.search(rf"^    {directive} ([^;]+);", CONF, re.MULTILINE)
    assert found, directive
    return set(found[1].split())


def patterns(of: str) -> set[str]:
    """Return the ends of names in a map that is asked for the address."""
    found = re.search(rf"map \$uri {re.escape(of)} {{\s+\"~\\\.\(\?:([a-z|]+)\)\$\"", CONF)
    assert found, of
    return set(found[1].split("|"))


def test_every_file_has_the_same_media_type() -> None:
    block = re.search(r"types {\n(.*?)}", CONF, re.DOTALL)
    assert block
    lines = [line.rstrip(" ;").split() for line in block[1].splitlines() if line.strip()]
    told = {suffix: kind for kind, *suffixes in lines for suffix in suffixes}
    assert told == {suffix: kind.type for suffix, kind in media.MEDIA.items()}
    assert f"default_type {JSON_FEED};" in CONF
    assert f"default_type {media.medium('/x.unknown').type};" in CONF


def test_the_same_files_are_packed_and_have_an_encoding() -> None:
    kinds = [*media.MEDIA.values(), media.medium("/fr/feed.json")]
    packed = {kind.type for kind in kinds if kind.compressible} - {HTML}
    assert words("gzip_types") == packed
    lettered = {kind.type for kind in kinds if kind.content_type != kind.type} - {HTML}
    assert words("charset_types") == lettered


def test_the_same_files_are_open_to_scripts_of_other_sites() -> None:
    is_open = {suffix for suffix, kind in media.MEDIA.items() if kind.is_open}
    assert patterns("$tidings_cors") == patterns("$tidings_expose") == is_open


def test_feeds_say_where_they_are_and_no_hub_is_named_for_those_of_the_archive() -> None:
    block = re.search(r"map \$request_uri \$tidings_self {\n(.*?)\n}", CONF, re.DOTALL)
    assert block
    # nginx takes the first that fits.
    (archive, said), (feed, also_said) = re.findall(r"'~(.+?)' '(.+?)';", block[1])
    assert said == also_said == '<https://news.example.org$tidings_feed>; rel="self"'
    for suffix in addresses.FEED_FORMATS:
        for topic in ("", "labour", "archive", "12", "هجرة"):
            newest, old = (
                addresses.link("", addresses.feed("fr", suffix, topic, number))
                for number in (None, 12)
            )
            for asked, pattern in ((newest, feed), (old, archive)):
                for target in (asked, f"{asked}?from=mail"):
                    found = re.search(pattern, target)
                    assert found
                    assert found["tidings_feed"] == asked
            assert not re.search(archive, newest)
    for strange in ("/fr/newsletters/digest/archive/2026/", '/fr/">/feed.atom', "/fr/feed.atom.gz"):
        assert not re.search(feed, strange)


def test_copies_may_be_kept_as_long() -> None:
    for told in (media.CHANGING, media.LASTING, media.IMMUTABLE, media.ABSENT):
        assert f'"{told}";' in CONF
    assert media._FINGERPRINT.pattern in CONF
    lasting = {suffix for suffix in media.MEDIA if media.caching(f"/x.{suffix}") == media.LASTING}
    found = re.search(r"\"~\^1 \.\*\\\.\(\?:([a-z|]+)\)\$\" \"public, max-age=3600", CONF)
    assert found
    assert set(found[1].split("|")) == lasting


def test_the_same_is_said_for_safety() -> None:
    for name, value in answers.SECURITY.items():
        found = re.search(rf"add_header {name} (.+) always;", CONF, re.IGNORECASE)
        assert found, name
        assert found[1].strip('"').replace("$tidings_styles", "'self'") == value


def test_editions_bring_their_styles_for_nginx_too() -> None:
    found = re.search(r'"~(.+)" "\'unsafe-inline\'";', CONF)
    assert found
    for path in ("/fr/newsletters/digest/7/", "/fr/newsletters/digest/7/index.html"):
        assert re.search(found[1], path)
        assert "'unsafe-inline'" in answers.security(path)["content-security-policy"]
    for path in ("/fr/newsletters/digest/", "/fr/newsletters/digest/archive/2026/", "/fr/"):
        assert not re.search(found[1], path)
        assert answers.security(path) == answers.SECURITY


def test_what_moved_is_gone_or_hidden_is_so_for_nginx_too() -> None:
    assert f'if (-f "${{request_filename}}{addresses.moved("")}")' in CONF
    assert f'if (-f "${{request_filename}}{addresses.gone("")}")' in CONF
    hidden = re.search(r"location ~ \((?:\?:)?(.+)\) {", CONF)
    assert hidden
    for path in ("/fr/.feed.atom.new", "/.x", f"/fr/{addresses.moved('')}", "/fr/feed.atom.gz"):
        assert targets.read(path.encode()) == targets.UNKNOWN
        assert re.search(hidden[1], path)


def test_readers_own_pages_are_handed_on_with_their_own_headers_and_are_not_logged() -> None:
    found = re.search(r"location ~ (\^/\(\?:subscribe.+?\)) {\n(.*?)\n    }", CONF, re.DOTALL)
    assert found
    pattern, block = found.groups()
    for path in ("/subscribe", "/subscribe/fr", "/confirm/x", "/preferences/x/export", "/leave/x"):
        assert addresses.is_answered(path)
        assert re.search(pattern, path)
    for path in ("/fr/", "/subscribers.html", "/fr/subscribe/", "/style.css"):
        assert not re.search(pattern, path)
        assert not addresses.is_answered(path)
    # Any add_header ends the inheritance of those for files, which forbid forms.
    assert "add_header" in block
    assert "access_log off;" in block
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in block
