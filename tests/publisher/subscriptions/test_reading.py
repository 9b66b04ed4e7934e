"""Files as spreadsheets and other programs write them: header, delimiter, encoding."""

import pytest

from publisher.errors import InputError
from publisher.subscriptions.checks import COLUMNS, Cells
from publisher.subscriptions.reading import Given, read

FRENCH = Given(language="fr")


def cells(text: str, given: Given = FRENCH) -> list[tuple[int, Cells]]:
    sheet = read(text.splitlines(keepends=True), "people.csv", given)
    return [(line, sheet.cells(row)) for line, row in sheet.rows]


def said(text: str, column: str, given: Given = FRENCH) -> list[str]:
    return [row[COLUMNS.index(column)] for _, row in cells(text, given)]


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_the_header_tells_what_stands_between_cells(sign: str) -> None:
    text = sign.join(("Name", "email", "language")) + "\n"
    text += sign.join((f'"Roth{sign}Kim"', "kim@example.org", "ar")) + "\n"
    assert said(text, "name") == [f"Roth{sign}Kim"]
    assert said(text, "language") == ["ar"]


def test_rows_that_are_too_short_or_too_long_say_what_they_have() -> None:
    text = "email,language,name\na@b.org\nb@b.org,ar,Amal,more,and more\n\nc@b.org,,\n"
    assert [line for line, _ in cells(text)] == [2, 3, 5]
    assert said(text, "name") == ["", "Amal", ""]
    assert said(text, "language") == ["fr", "ar", "fr"]


def test_utf_16_is_named_as_what_it_is() -> None:
    raw = "email,language\n".encode("utf-16")
    text = raw.decode("utf-8-sig", errors="surrogateescape")
    with pytest.raises(InputError, match="is UTF-16: save it as UTF-8"):
        cells(text)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("Email,Language,MEMBER_RATING,UNSUB_TIME", "a@b.org,ar,2,2017-05-06 07:08:09"),
        ("EMAIL,FNAME,LNAME,LEID,UNSUB_TIME", "a@b.org,A,B,2,2017-05-06 07:08:09"),
        ("email,language,display_name,delivery_status", "a@b.org,ar,A,by_user"),
        ("uuid,email,language,attributes,status", "1,a@b.org,ar,{},blocklisted"),
    ],
)
def test_columns_like_ours_do_not_hide_who_left_elsewhere(header: str, row: str) -> None:
    assert said(f"{header}\n{row}\n", "status") == ["unsubscribed"]


def test_a_line_of_white_space_is_read_at_once_and_is_no_address() -> None:
    with pytest.raises(InputError, match="line 1 must name its columns"):
        cells(" " * 100_000 + "x\n", Given())
