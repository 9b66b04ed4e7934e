"""An operator's own templates: in the place of ours, tried before readers meet them."""

from pathlib import Path
from typing import Any

import pytest

import scheduler
from publisher import rendering, trials
from publisher.config import Config
from publisher.errors import RenderError
from publisher.mail.edition import render_correction, render_edition, templates
from publisher.mail.links import LEAVE
from publisher.story import tell
from publisher.web.visits import visits
from store import editions, issues
from store.database import Database
from store.records import IssueState
from tests import make

SUBJECT = "email/digest/subject.txt"


@pytest.fixture
def house(tmp_path: Path) -> Config:
    """Return the configuration of a site with a folder for templates of its own."""
    (tmp_path / "own").mkdir()
    return make.config(tmp_path, site={"templates": "own"})


def put(house: Config, name: str, text: str) -> Path:
    assert house.templates is not None
    path = house.templates / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def digest(house: Config, language: str = "en", **changes: Any) -> Any:
    row = make.publication(language=language, shown_language=language)
    told = tell(row, make.item(), make.text(language), topics={}, config=house)
    letter = make.newsletter(**changes)
    return render_edition(letter, language, [told, told], slot=make.NOW, config=house)


def test_a_file_takes_the_place_of_ours_and_the_others_stay(house: Config) -> None:
    put(house, SUBJECT, "{{ t('in-this-issue') }}: {{ title }}")
    assert digest(house).subject == "In this issue: Digest"
    assert digest(house, "ar").subject == "في هذا العدد: نشرة"
    assert "Dignity across borders" in digest(house).html
    # A site without a folder keeps ours, in the same process.
    assert digest(make.config(house.folder)).subject == "Digest, November 23, 2026"


def test_an_own_file_can_build_on_ours(house: Config) -> None:
    put(
        house,
        "email/digest/body.txt",
        '{% extends "email/_base.txt" %}{% block content %}HI{% endblock %}',
    )
    text = digest(house).text
    assert text.startswith("HI\n")
    assert LEAVE in text


def test_a_newsletter_can_have_a_mail_of_its_own(house: Config) -> None:
    for part in ("subject.txt", "body.html", "body.txt"):
        put(house, f"email/alert/{part}", f"{part} {{{{ stories | length }}}}")
    assert templates(house.templates) == ["alert", "digest"]
    alert = digest(house, template="alert")
    assert (alert.subject, alert.text) == ("subject.txt 2", "body.txt 2\n")


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("one\n{{ nobody }}", 2, "'nobody' is undefined"),
        ("one\n\n{% for %}", 3, "Expected"),
        ("{{ 1 + 'x' }}", 1, "TypeError: "),
        ("\n{{ t('gossip') }}", 2, "locale/en.po has no string 'gossip'"),
        ("{% include 'email/none.txt' %}", 1, "no template 'email/none.txt'"),
        ("\n{{ 1 / 0 }}", 2, "ZeroDivisionError"),
        # Who writes a template need not be who may read the house.
        ("\n\n{{ title.__class__.__mro__ }}", 3, "unsafe"),
        ("{{ stories.append(1) }}", 1, "unsafe"),
    ],
)
def test_a_broken_file_is_named_with_the_line(
    house: Config, text: str, line: int, reason: str
) -> None:
    path = put(house, SUBJECT, text)
    with pytest.raises(RenderError) as caught:
        digest(house)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert reason in str(caught.value)


def test_a_fault_in_what_a_file_includes_is_named_there(house: Config) -> None:
    inner = put(house, "email/_inner.txt", "\n\n{{ nobody }}")
    put(house, SUBJECT, "{% include 'email/_inner.txt' %}")
    with pytest.raises(RenderError, match=f"{inner}:3: 'nobody' is undefined"):
        digest(house)


def test_all_parts_that_fail_are_named_at_once(house: Config) -> None:
    places = [
        put(house, f"email/digest/{part}", "{{ nobody }}") for part in ("body.html", "body.txt")
    ]
    with pytest.raises(RenderError) as caught:
        digest(house)
    for path in places:
        assert f"{path}:1: 'nobody' is undefined" in str(caught.value)


def test_a_file_that_is_no_text_is_named(house: Config) -> None:
    put(house, SUBJECT, "").write_bytes(b"\xff\xfe")
    with pytest.raises(RenderError, match="subject"):
        digest(house)


def test_a_folder_that_is_not_there_is_told_of(tmp_path: Path) -> None:
    config = make.config(tmp_path, site={"templates": "nowhere"})
    with pytest.raises(RenderError, match=r"nowhere: no such folder; .*site\.templates"):
        digest(config)


def test_the_list_says_which_are_whose(house: Config) -> None:
    put(house, SUBJECT, "x")
    put(house, "email/alert/body.html", "x")
    found = {each.name: each for each in rendering.listing(house.templates)}
    assert (found[SUBJECT].is_own, found[SUBJECT].is_ours) == (True, True)
    assert found["email/alert/body.html"].is_ours is False
    assert found["web/style.css"].is_own is False
    assert found["web/style.css"].is_rendered is False
    assert all(each.path.is_file() for each in found.values())


# Trials.


@pytest.mark.parametrize("languages", [make.LANGUAGES, ("de", "zh-Hant", "he")])
def test_ours_stand_all_trials_in_any_languages(house: Config, languages: tuple[str, ...]) -> None:
    changed = make.config(
        house.folder, site={"templates": "own", "languages": languages, "name": {}}
    )
    trial = trials.run(changed, now=make.NOW, visits=visits)
    assert trial.faults == []
    # Whoever adds a template lets the trials reach it.
    assert trial.untried == []
    assert len(trial.templates) > 25


def test_trials_find_what_fails_and_go_on(house: Config) -> None:
    digest_ = put(house, "email/digest/body.html", "<p>\n{{ nobody }}</p>")
    item = put(house, "web/item.html", "{% if story.corrections %}\n{{ gossip }}{% endif %}")
    own = put(house, "email/alert/body.html", "{% endfor %}")
    entry = put(house, "feed/entry.html", "\n{{ story.title | nofilter }}")
    faults = "\n".join(trials.run(house, now=make.NOW, visits=visits).faults)
    for place in (f"{digest_}:2:", f"{item}:2:", f"{own}:1:", f"{entry}:2:"):
        assert place in faults


#: When a page of readers is as it hardly ever is.
SELDOM = {
    "subscribe": ["not offers", "'timezone' in wrong", "offers and offers[0].frequencies"],
    "confirm": ["is_change", "names | length > 1"],
    "preferences": ["notice", "'erase' in wrong", "'email' in wrong", "values.pause"],
    "leave": ["reader.may_undo", "reader.others"],
    "notice": ["preferences_path", "key == 'erased'", "key == 'undone'", "key == 'link-old'"],
    "embed": ["key"],
}


def test_trials_meet_the_pages_that_are_made_for_one_reader(house: Config) -> None:
    wanted = set()
    for page, cases in SELDOM.items():
        lines = [f"{{% if {case} %}}{{{{ gossip }}}}{{% endif %}}\n" for case in cases]
        path = put(house, f"web/reader/{page}.html", "".join(lines))
        wanted |= {f"{path}:{number}: 'gossip' is undefined" for number in range(1, len(cases) + 1)}
    found = trials.run(house, now=make.NOW, visits=visits).faults
    assert set(found) == wanted


def test_a_fault_that_only_one_language_has_is_found(house: Config) -> None:
    path = put(
        house, "email/correction/subject.txt", "{% if direction == 'rtl' %}{{ x }}{% endif %}"
    )
    assert trials.run(house, now=make.NOW, visits=visits).faults == [f"{path}:1: 'x' is undefined"]


def test_a_correction_is_made_by_an_own_file_too(house: Config) -> None:
    put(house, "email/correction/subject.txt", "Mended: {{ story.title }}")
    told = tell(make.publication(), make.item(), make.text(), topics={}, config=house)
    done = render_correction(make.newsletter(), "en", told, note="", sent=make.NOW, config=house)
    assert done.subject == "Mended: Dignity across borders"


# The tick.


def test_a_broken_template_stops_its_mail_and_nothing_else(
    database: Database, house: Config
) -> None:
    for part in ("subject.txt", "body.html", "body.txt"):
        put(house, f"email/alert/{part}", "fine")
    broken = put(house, "email/alert/body.html", "\n{{ nobody }}")
    make.start(database, house, key="alert", template="alert")
    make.start(database, house)
    make.take(database, house, make.draft())
    make.subscribe(database, ["a@example.org"])
    done = scheduler.tick(database, house, now=make.FRIDAY)
    (problem,) = [each for each in done.problems if str(broken) in each]
    assert problem == f"{broken}:2: 'nobody' is undefined"
    assert (house.public / "en" / "index.html").exists()
    assert done.queued == 1
    with database.read() as tx:
        states = {issue.newsletter: issue.state for issue in issues.listing(tx)}
    assert states["alert"] is IssueState.PLANNED
    assert states["digest"] is not IssueState.PLANNED


def test_a_mail_that_is_not_fit_stays_and_the_tick_says_why(
    database: Database, house: Config
) -> None:
    put(
        house,
        "email/digest/body.html",
        '<html lang="{{ language }}" dir="{{ direction }}">'
        '<a href="{{ absolute("/en/nowhere/") }}">x</a><a href="{{ absolute("/en/") }}">x</a><img src="https://a.example/x.png">',
    )
    make.start(database, house, languages=("en", "fr"))
    make.take(database, house, make.draft())
    make.subscribe(database, ["a@example.org"])
    done = scheduler.tick(database, house, now=make.FRIDAY)
    (problem,) = [each for each in done.problems if "not fit" in each]
    assert problem.startswith("issue 2 is not fit to be sent: en, html:1: ")
    for code in ("(link-dead)", "(alt-missing)", "(link-language)"):
        assert code in problem
    assert "tidings issue check 2" in problem
    assert done.queued == 0
    with database.read() as tx:
        # The slot before was missed.
        _, issue = issues.listing(tx)
        assert issue.state is IssueState.PLANNED
        assert editions.of(tx, issue.id) == []
    # Mended, it goes out.
    mended = replace_templates(house)
    again = scheduler.tick(database, mended, now=make.FRIDAY)
    assert again.queued == 1


def replace_templates(house: Config) -> Config:
    """Return the same site with ours: a running process keeps the templates that it has read."""
    return house.model_copy(update={"site": house.site.model_copy(update={"templates": None})})


@pytest.mark.parametrize(
    "text",
    [
        f"{{{{ {'(' * 3000}1{')' * 3000} }}}}",
        "{{ 10**5000 }}",
        r"{{ '\ud800' }}",
    ],
)
def test_a_file_that_nobody_can_read_or_write_out_is_named_by_the_trials(
    house: Config, text: str
) -> None:
    put(house, "email/digest/body.html", text)
    faults = "\n".join(trials.run(house, now=make.NOW, visits=visits).faults)
    assert "email/digest/body.html" in faults
