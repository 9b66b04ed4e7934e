"""Configuration: one file and the environment, and every mistake told at once."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from publisher import config_file
from publisher.config import Config
from publisher.config_file import load, sections
from publisher.errors import ConfigError
from publisher.rules import Rule
from publisher.settings.composing import compose
from store.records import Missing
from tests import make

MINIMAL = '[site]\nurl = "https://news.example.org"\nlanguages = ["en", "fr", "es", "ar"]\n'
RELAY = "[[relays]]\nname = 'bulk'\nhost = 'smtp.example'\n"
RULES = "'skip', 'fallback', 'hold' or 'hold until thu 17:00 Europe/Brussels, then fallback'"


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in [name for name in os.environ if name.upper().startswith("TIDINGS_")]:
        monkeypatch.delenv(variable)


def written(folder: Path, text: str) -> Path:
    path = folder / "tidings.toml"
    path.write_text(text, encoding="utf-8")
    return path


def read(folder: Path, text: str) -> Config:
    return load(written(folder, text))


def mistakes(folder: Path, text: str) -> tuple[str, ...]:
    path = written(folder, text)
    with pytest.raises(ConfigError) as refused:
        load(path)
    assert refused.value.source == str(path)
    assert str(refused.value).splitlines() == [f"{path}: {it}" for it in refused.value.mistakes]
    return refused.value.mistakes


def test_a_url_and_languages_are_enough(tmp_path: Path) -> None:
    config = read(tmp_path, MINIMAL)
    assert config.site.languages == make.LANGUAGES
    assert config.sender == "news@news.example.org"
    assert config.host == "news.example.org"
    assert config.name("fr") == "news.example.org"
    assert config.zone.key == "UTC"
    assert config.rule("fr") == Rule(missing=Missing.SKIP)
    assert config.password(config.mail) is None


def test_every_setting_of_the_file_is_read(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        MINIMAL.replace("[site]", '[site]\ntimezone = "Europe/Brussels"\npublic = "out"')
        + 'id = "tag:example.org,2013"\nname = { en = "News", "fr" = "Actualités" }\n'
        + '[site.chains]\nfr_ca = ["fr", "en"]\n'
        + '[feeds]\nmissing = "fallback"\nentries = 7\n'
        + 'missing_in = { ar = "skip", fr_CA = "hold until thu 17:00, then fallback" }\n'
        + '[mail]\nsender = "news@example.org"\nhost = "::1"\nport = 2525\ntls = "required"\n'
        + "[scheduler]\ninterval = 0.5\n",
    )
    assert config.zone.key == "Europe/Brussels"
    assert config.tag == "tag:example.org,2013"
    assert (config.name("fr"), config.name("ar")) == ("Actualités", "News")
    assert config.chain("fr-CA") == ("fr-CA", "fr", "en")
    assert config.chain("ar") == ("ar", "en", "fr", "es")
    assert config.feeds.entries == 7
    assert config.rule("fr") == config.rule("en") == Rule(missing=Missing.FALLBACK)
    assert config.rule("ar") == Rule(missing=Missing.SKIP)
    # A time without a zone is meant in that of the site.
    assert str(config.rule("fr-CA")) == "hold until thu 17:00 Europe/Brussels, then fallback"
    assert (config.sender, config.mail.port, config.mail.tls) == (
        "news@example.org",
        2525,
        "required",
    )
    assert config.scheduler.interval == 0.5


@pytest.mark.parametrize(
    ("variable", "value", "place", "found"),
    [
        ("TIDINGS_SITE__URL", "https://other.example/", "site.url", "https://other.example"),
        ("TIDINGS_SITE__LANGUAGES", "fr, ar", "site.languages", ("fr", "ar")),
        ("TIDINGS_SITE__LANGUAGES", "fr ar fr", "site.languages", ("fr", "ar")),
        ("TIDINGS_SITE__TIMEZONE", "Asia/Amman", "site.timezone", "Asia/Amman"),
        ("TIDINGS_SITE__NAME", '{"ar": "أخبار"}', "site.name", {"ar": "أخبار"}),
        ("TIDINGS_SITE__RIGHTS", '{"ar": "© مثال"}', "site.rights", {"ar": "© مثال"}),
        ("TIDINGS_FEEDS__ENTRIES", "9", "feeds.entries", 9),
        ("TIDINGS_FEEDS__TTL", "15", "feeds.ttl", 15),
        (
            "TIDINGS_FEEDS__HUBS",
            "https://a.example/, http://b.example/hub?x=y",
            "feeds.hubs",
            ("https://a.example/", "http://b.example/hub?x=y"),
        ),
        ("TIDINGS_FEEDS__MISSING", "hold", "feeds.missing", "hold"),
        ("TIDINGS_FEEDS__MISSING_IN__FR", "hold", "feeds.missing_in", {"fr": "hold"}),
        ("TIDINGS_FEEDS__MISSING_IN", '{"fr": "hold"}', "feeds.missing_in", {"fr": "hold"}),
        (
            "TIDINGS_STAFF__REMINDERS",
            '{"fr": ["a@example.org"], "ar": "b@example.org, c@example.org"}',
            "staff.reminders",
            {"fr": ("a@example.org",), "ar": ("b@example.org", "c@example.org")},
        ),
        (
            "TIDINGS_STAFF__REMINDERS__FR",
            "a@example.org, b@example.org",
            "staff.reminders",
            {"fr": ("a@example.org", "b@example.org")},
        ),
        ("TIDINGS_MAIL__PORT", "465", "mail.port", 465),
        ("TIDINGS_DKIM__SELECTORS", "202611, 202611e", "dkim.selectors", ("202611", "202611e")),
        (
            "TIDINGS_DNS__SERVERS",
            "192.0.2.53 192.0.2.53:5353 [2001:db8::53]:53",
            "dns.servers",
            ("192.0.2.53", "192.0.2.53:5353", "[2001:db8::53]:53"),
        ),
        ("tidings_mail__host", "relay.example", "mail.host", "relay.example"),
        ("TIDINGS_MAIL__RATE", "12.5", "mail.rate", 12.5),
        ("TIDINGS_MAIL__ASK", "/var/log/mail.log", "mail.ask", Path("/var/log/mail.log")),
        ("TIDINGS_DATABASE__URL", "sqlite:///x.db", "database.url", "sqlite:///x.db"),
    ],
)
def test_the_environment_wins_over_the_file(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    place: str,
    found: object,
) -> None:
    monkeypatch.setenv(variable, value)
    section, _, key = place.partition(".")
    config = read(tmp_path, MINIMAL + "[feeds]\nentries = 5\n[mail]\nport = 26\n")
    assert getattr(getattr(config, section), key) == found


def test_a_configuration_may_stand_in_the_environment_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIDINGS_SITE__URL", "https://news.example.org")
    monkeypatch.setenv("TIDINGS_SITE__LANGUAGES", "en,fr,es,ar")
    assert read(tmp_path, "").site == read(tmp_path, MINIMAL).site


def test_other_programs_variables_and_our_own_without_a_section_are_none_of_its_business(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIDINGS_CONFIG", "elsewhere.toml")
    monkeypatch.setenv("SITE__URL", "https://other.example")
    assert read(tmp_path, MINIMAL).site.url == "https://news.example.org"


def test_relays_in_the_environment_take_the_place_of_those_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (found,) = read(tmp_path, MINIMAL + RELAY).relays
    assert (found.name, found.host, found.port, found.domains) == ("bulk", "smtp.example", 25, ())
    listed = '[{"name": "a", "host": "a.example"}, {"name": "b", "host": "b.example", "rate": 9}]'
    monkeypatch.setenv("TIDINGS_RELAYS", listed)
    first, second = read(tmp_path, MINIMAL + RELAY).relays
    assert (first.name, second.name, second.rate) == ("a", "b", 9.0)


def test_mistakes_of_several_relays_are_told_at_once_each_with_its_place(tmp_path: Path) -> None:
    found = mistakes(tmp_path, MINIMAL + RELAY + "port = 0\n[[relays]]\nname = 'A b'\n")
    assert [mistake.partition(":")[0] for mistake in found] == [
        "relays.0.port",
        "relays.1.host",
        "relays.1.name",
    ]


def test_a_demo_asks_only_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDINGS_SITE__URL", "https://other.example")
    monkeypatch.setenv("TIDINGS_SITES__URL", "https://other.example")
    path = written(tmp_path, MINIMAL)
    assert load(path, environment=False).site.url == "https://news.example.org"


def test_all_mistakes_are_told_at_once_each_with_its_key(tmp_path: Path) -> None:
    found = mistakes(
        tmp_path,
        """
        [site]
        url = "ftp://news.example.org"
        languages = ["en", "xx"]
        timezone = "Europe/Brusels"
        langauges = "fr"
        chains = { fr = ["yy"] }
        [fedes]
        entries = 3
        [feeds]
        missing = "wait"
        missing_in = { fr = "hold until thursday, then skip", xx = "skip" }
        entries = 0
        [mail]
        sender = "news"
        port = 99999
        prot = 25
        """,
    )
    told = {mistake.partition(": ")[0]: mistake.partition(": ")[2] for mistake in found}
    assert told == {
        "[fedes]": 'no such section; did you mean "feeds"?',
        "site.url": "not an address such as https://news.example.org",
        "site.languages.1": "'xx': not a language tag (BCP 47), such as fr, pt-BR or zh-Hant",
        "site.timezone": "no IANA time zone 'Europe/Brusels'; one is Europe/Brussels",
        "site.langauges": 'no such setting; did you mean "languages"?',
        "site.chains.fr.0": "'yy': not a language tag (BCP 47), such as fr, pt-BR or zh-Hant",
        "feeds.missing": f"'wait' is no rule: {RULES}",
        "feeds.missing_in.fr": f"'hold until thursday, then skip' is no rule: {RULES}",
        "feeds.missing_in.xx.[key]": "'xx': not a language tag (BCP 47), such as fr, pt-BR or "
        "zh-Hant",
        "feeds.entries": "Input should be greater than or equal to 1",
        "mail.sender": "not an address in ASCII such as news@example.org",
        "mail.port": "Input should be less than or equal to 65535",
        "mail.prot": 'no such setting; did you mean "port"?',
    }
    assert len(found) == len(told)


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("", "site: is missing"),
        ("[site]\nlanguages = ['en']", "site.url: is missing"),
        ("[site]\nurl = 'https://a.example'", "site.languages: is missing"),
        ("[site]\nurl = 'https://a.example'\nlanguages = []", "site.languages: Value should have"),
        ("[site]\nurl = 'news.example.org'\nlanguages = ['en']", "site.url: not an address such"),
        ("[site]\nurl = 'https://a/?b=c'\nlanguages = ['en']", "site.url: not an address such as"),
        (
            "[site]\nurl = 'https://münchen.example'\nlanguages = ['en']",
            "site.url: must be ASCII (RFC 3986): write the host as xn--mnchen-3ya.example",
        ),
        (
            # RFC 5891; by the older RFC 3490 it would be strasse.example, somebody else's.
            "[site]\nurl = 'https://straße.example'\nlanguages = ['en']",
            "site.url: must be ASCII (RFC 3986): write the host as xn--strae-oqa.example",
        ),
        (
            "[site]\nurl = 'https://☃.example'\nlanguages = ['en']",
            "site.url: '☃.example': no host name (RFC 5891)",
        ),
        (
            "[site]\nurl = 'https://a.example/actualités'\nlanguages = ['en']",
            "site.url: must be ASCII (RFC 3986): write the path as /actualit%C3%A9s",
        ),
        (
            "[site]\nurl = 'https://a.example'\nlanguages = ['en', 'mul']",
            "site.languages.1: 'mul': names no language to publish in; name one, such as fr",
        ),
        (MINIMAL + "name = { de = 'A', it = 'B' }", "site.name: not in site.languages: de, it"),
        (MINIMAL + "rights = { de = 'A' }", "site.rights: not in site.languages: de"),
        (MINIMAL + 'rights = { en = "A\\nB" }', "site.rights.en: must be one line without"),
        (MINIMAL + "[feeds]\nttl = 0", "feeds.ttl: Input should be greater than or equal to 1"),
        (
            MINIMAL + "[mail]\nhost = 'relay.example.org'\nusername = 'news'\n",
            "mail.tls: 'opportunistic' may send the password of mail.username in clear text",
        ),
        (
            MINIMAL + "[[relays]]\nname = 'far'\nhost = '192.0.2.1'\ntls = 'none'\n"
            "username = 'news'\n",
            "relays far.tls: 'none' may send the password of relays far.username in clear text",
        ),
        (
            MINIMAL + '[staff.reminders]\nde = ["a@example.org"]\n',
            "staff.reminders: not in site.languages: de",
        ),
        (
            MINIMAL + '[staff.reminders]\nfr = ["Zoé <a@example.org>"]\n',
            "staff.reminders.fr.0: not an address in ASCII such as",
        ),
        (
            MINIMAL + '[staff.reminders]\nfr = [""]\n',
            "staff.reminders.fr.0: String should have at least 1 character",
        ),
        (MINIMAL + 'name = { en = "A\\nB" }', "site.name.en: must be one line without control"),
        (MINIMAL + 'name = { en = "A\\u0001" }', "site.name.en: must be one line without control"),
        (
            MINIMAL + '[[relays]]\nname = "A b"\nhost = "h"',
            "relays.0.name: must be lower-case letters, digits, hyphens",
        ),
        (MINIMAL + "[dkim]\nselectors = ['A b']", "dkim.selectors.0: no selector such as 202611"),
        (MINIMAL + "id = 'urn:x'", "site.id: not a tag URI (RFC 4151) such as tag:"),
        (MINIMAL + "[mail]\nsender = 'nëws@example.org'", "mail.sender: not an address in ASCII"),
        (MINIMAL + '[mail]\nsender = "a@b\\nBcc: c"', "mail.sender: not an address in ASCII"),
        (MINIMAL + "[mail]\nrate = nan", "mail.rate: Input should be a finite number"),
        (MINIMAL + "[scheduler]\ninterval = inf", "scheduler.interval: Input should be a finite"),
        (MINIMAL + "[mail]\ntimeout = inf", "mail.timeout: Input should be a finite number"),
        (
            MINIMAL + "[delivery]\ngrace = 1e12",
            "delivery.grace: Input should be less than or equal",
        ),
        (
            MINIMAL + "[delivery]\nlease = 1e12",
            "delivery.lease: Input should be less than or equal",
        ),
        (MINIMAL + "[bounces]\nsoft_days = 1e9", "bounces.soft_days: Input should be less than"),
        (MINIMAL + "[mail]\nwindow = 0", "mail.window: Input should be greater than or equal to 1"),
        (MINIMAL + "[relays]\nhost = 'a'", "relays: is a list: [[relays]] in two brackets, or"),
        (MINIMAL + RELAY + "prot = 1", 'relays.0.prot: no such setting; did you mean "port"?'),
        (MINIMAL + RELAY + "tls = 'yes'", "relays.0.tls: Input should be 'required',"),
        (MINIMAL + RELAY + "domains = '☃.example'", "relays.0.domains.0: '☃.example': no host"),
        (MINIMAL + RELAY + RELAY, "relays: names that are taken twice: bulk"),
        (MINIMAL + "[[relays]]\nname = 'mail'\nhost = 'a'", "relays: names that are taken twice:"),
        (MINIMAL + "[[relay]]\nhost = 'a'", '[relay]: no such section; did you mean "relays"?'),
        (MINIMAL + "[feeds]\nhubs = ['a.example']", "feeds.hubs.0: not an address such as"),
        (MINIMAL + "[feeds]\nhubs = ['https://a.example/>; x']", "feeds.hubs.0: must be ASCII"),
        (MINIMAL + '[feeds]\nhubs = ["https://a.example/\\r\\nx: y"]', "feeds.hubs.0: must be"),
        (MINIMAL + "[feeds]\nhubs = ['https://a.example/é']", "feeds.hubs.0: must be ASCII"),
        (MINIMAL + "[feeds]\nhubs = ['https://a.example:99999/']", "feeds.hubs.0: Port out of"),
        (MINIMAL + "[feeds]\nhubs = ['https://a.example:0/']", "feeds.hubs.0: not an address"),
        (MINIMAL + "[feeds]\nhubs = ['https://a.example/#x']", "feeds.hubs.0: must not have"),
        (MINIMAL + "[dkim]\nselectors = ['a/b']", "dkim.selectors.0: "),
        (MINIMAL + "[dns]\nservers = ['dns.example.org']", "dns.servers.0: not an address such as"),
        (MINIMAL + "[dns]\nservers = ['192.0.2.1:0']", "dns.servers.0: not an address such as"),
        (MINIMAL + "[dns]\nservers = ['192.0.2.1:x']", "dns.servers.0: not an address such as"),
        (MINIMAL + "[sites]\nurl = 1", '[sites]: no such section; did you mean "site"?'),
        (
            MINIMAL + "[x]",
            f"[x]: no such section; there are: {', '.join(sections())}",
        ),
        ("site = 1", "site: Input should be a valid dictionary"),
        ("[site", "Expected ']' at the end of a table declaration (at end of document)"),
    ],
)
def test_a_mistake_is_told_with_its_key_and_how_to_mend_it(
    tmp_path: Path, text: str, mistake: str
) -> None:
    (found,) = mistakes(tmp_path, text)
    assert found.startswith(mistake)


@pytest.mark.parametrize(
    ("variable", "value", "mistake"),
    [
        (
            "TIDINGS_SITES__URL",
            "https://a.example",
            'TIDINGS_SITES__URL in the environment: no such section; did you mean "site"?',
        ),
        (
            "TIDINGS_SITE__ULR",
            "https://a.example",
            'site.ulr (TIDINGS_SITE__ULR in the environment): no such setting; did you mean "url"?',
        ),
        (
            "TIDINGS_MAIL__PORT",
            "smtp",
            "mail.port (TIDINGS_MAIL__PORT in the environment): Input should be a valid integer",
        ),
        (
            "TIDINGS_RELAYS",
            '[{"name": "bulk", "hots": "smtp.example", "host": "smtp.example"}]',
            "relays.0.hots (TIDINGS_RELAYS in the environment): no such setting; did you mean",
        ),
        ("TIDINGS_RELAYS", "[{", "TIDINGS_RELAYS in the environment: is not JSON: Expecting"),
        ("TIDINGS_SITE__NAME", "{", "TIDINGS_SITE__NAME in the environment: is not JSON: Expect"),
        ("TIDINGS_MAIL", "x", 'error parsing value for field "mail" from source'),
        (
            "TIDINGS_DATABASE__URL",
            "mysql://a:secret@b/c",
            "database.url: must be sqlite:///PATH or",
        ),
        ("TIDINGS_RELAYS__0__HOST", "smtp.example", "relays: is a list: [[relays]] in two"),
        (
            "TIDINGS_SITE__LANGUAGES",
            "en,xx",
            "site.languages.1 (TIDINGS_SITE__LANGUAGES in the environment): 'xx': not a language",
        ),
    ],
)
def test_a_mistake_in_the_environment_names_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, mistake: str
) -> None:
    monkeypatch.setenv(variable, value)
    (found,) = mistakes(tmp_path, MINIMAL)
    assert found.startswith(mistake)


def test_no_file_is_told_with_the_two_ways_to_have_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'tidings init DIR' makes one, '--config FILE' names"):
        load(tmp_path / "tidings.toml")


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tidings.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"tidings\.toml: is not UTF-8: save the file as UTF-8"):
        load(path)
    with pytest.raises(ConfigError) as refused:
        load(tmp_path)
    assert str(refused.value) == f"{tmp_path}: Is a directory"


def test_the_mark_that_editors_put_before_utf_8_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "tidings.toml"
    path.write_text(MINIMAL, encoding="utf-8-sig")
    assert load(path).site.languages == read(tmp_path, MINIMAL).site.languages


def test_relative_paths_are_meant_from_the_folder_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "secret").write_text("hunter2\n", encoding="utf-8")
    written(tmp_path / "site", MINIMAL + '[mail]\npassword_file = "secret"\n')
    monkeypatch.chdir(tmp_path)
    config = load(Path("site/tidings.toml"))
    monkeypatch.chdir("/")
    assert config.public == tmp_path / "site" / "public"
    assert config.database_url == f"sqlite:///{tmp_path}/site/tidings.db"
    assert config.password(config.mail) == "hunter2"


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "sqlite:////var/t.db", "postgresql://a@b/c"]
)
def test_a_database_that_is_no_relative_file_stays_where_it_is(tmp_path: Path, url: str) -> None:
    assert read(tmp_path, f'{MINIMAL}[database]\nurl = "{url}"\n').database_url == url


def test_a_password_that_cannot_be_read_is_told_with_its_key(tmp_path: Path) -> None:
    config = read(tmp_path, MINIMAL + '[mail]\npassword_file = "nowhere"\n')
    with pytest.raises(ConfigError, match=r"mail\.password_file: .*nowhere"):
        config.password(config.mail)
    config = read(tmp_path, MINIMAL + RELAY + 'password_file = "nowhere"\n')
    with pytest.raises(ConfigError, match=r"relays bulk\.password_file: .*nowhere"):
        config.password(config.relays[0])


@pytest.mark.parametrize(
    ("url", "base_path", "host"),
    [
        ("https://example.org", "", "example.org"),
        ("https://example.org/", "", "example.org"),
        ("https://Example.org:8443/news/", "/news", "example.org"),
        ("http://[::1]:8000", "", "::1"),
    ],
)
def test_an_address_has_no_slash_at_its_end(
    tmp_path: Path, url: str, base_path: str, host: str
) -> None:
    config = read(tmp_path, f'[site]\nurl = "{url}"\nlanguages = ["en"]\n')
    assert (config.base_path, config.host) == (base_path, host)
    assert config.site.url == url.rstrip("/")


def test_a_language_that_is_named_twice_is_one(tmp_path: Path) -> None:
    text = MINIMAL.replace('"ar"]', '"ar", "FR", "en"]')
    assert read(tmp_path, text).site.languages == make.LANGUAGES


def test_what_init_writes_loads_again(tmp_path: Path) -> None:
    config = read(tmp_path, compose("https://news.example.org/a", "en, fr es,ar", year=2013))
    assert config.site.url == "https://news.example.org/a"
    assert config.site.languages == make.LANGUAGES
    assert config.tag == "tag:news.example.org,2013"


@pytest.mark.parametrize("url", ["", "news.example.org", "ftp://a.example", "https://[::1"])
def test_what_init_writes_for_a_wrong_address_is_refused_on_loading(
    tmp_path: Path, url: str
) -> None:
    (found,) = mistakes(tmp_path, compose(url, "en", year=2026))
    assert found.startswith("site.url: ")


NAMES = st.dictionaries(st.sampled_from(make.LANGUAGES), st.text(), min_size=1)


@given(NAMES)
@example({"en": 'A "quoted" \\ name', "fr": "L’ « été »", "ar": "أخبار", "es": "é\x7f\x80\t\b\f"})
@example({"en": "\\u0041 \\", "fr": "'''", "es": '"""', "ar": "# [site]\nurl = 1"})
def test_names_of_any_characters_are_written_so_that_they_can_be_read(
    names: Mapping[str, str],
) -> None:
    text = compose("https://news.example.org", "en,fr,es,ar", year=2026, names=names)
    assert tomllib.loads(text)["site"]["name"] == names


@settings(max_examples=50)
@given(
    st.dictionaries(
        st.sampled_from(make.LANGUAGES),
        st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp", "Cs"))),
        min_size=1,
    )
)
def test_names_that_a_header_can_hold_load_again(
    tmp_path_factory: pytest.TempPathFactory, names: Mapping[str, str]
) -> None:
    text = compose("https://news.example.org", "en,fr,es,ar", year=2026, names=names)
    assert read(tmp_path_factory.getbasetemp(), text).site.name == names


@pytest.mark.parametrize(
    ("language", "said"), [("en", "© E"), ("ar", "© ع"), ("fr", "© E"), ("es", "© E")]
)
def test_whose_the_texts_are_is_said_in_the_nearest_language_that_has_words_for_it(
    tmp_path: Path, language: str, said: str
) -> None:
    config = make.config(tmp_path, site={"rights": {"ar": "© ع", "en": "© E"}})
    assert config.rights(language) == said
    assert make.config(tmp_path).rights(language) == ""


def test_every_section_is_known_by_its_name() -> None:
    assert set(config_file.sections()) == set(Config.model_fields) - {"folder"}


def test_the_environment_cannot_say_where_the_file_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "tidings.toml"
    path.write_text(compose("https://x.example", "en", year=2026), encoding="utf-8")
    monkeypatch.setenv("TIDINGS_FOLDER", "/elsewhere")
    with pytest.raises(ConfigError, match="TIDINGS_FOLDER in the environment: no such setting"):
        load(path)


def test_workers_need_a_database_that_their_hosts_share(tmp_path: Path) -> None:
    wanted = "\n[delivery]\nworkers = true\n"
    [mistake] = mistakes(tmp_path, MINIMAL + wanted)
    assert mistake == "delivery.workers: needs PostgreSQL in database.url, which their hosts share"
    shared = '[database]\nurl = "postgresql://tidings@db.example.org/tidings"\n'
    assert read(tmp_path, MINIMAL + shared + wanted).delivery.workers
