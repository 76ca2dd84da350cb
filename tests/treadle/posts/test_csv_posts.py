"""Reading the CSV files of other schedulers, and writing our own."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.domain.csv_posts import (
    COLUMNS,
    MOST_ROWS,
    Sheet,
    body_as_row,
    csv_line,
    decoded,
    guess_mapping,
    iso_time,
    read_sheet,
    row_as_body,
)
from treadle.domain.findings import Finding


def body(sheet: Sheet, **how: Any) -> dict[str, Any]:
    given_ = {"accounts": {"ada": "acc_ada"}, "account_id": "acc_all", "zone": "Europe/Berlin", "dates": "ymd", **how}
    made, wrong = row_as_body(sheet, sheet.rows[0], guess_mapping(sheet.header), **given_)
    assert not wrong
    return made


def sheet(text: str) -> Sheet:
    found = read_sheet(text)
    assert isinstance(found, Sheet), found
    return found


def test_the_names_others_give_to_columns() -> None:
    found = sheet(
        "\ufeffScheduled Date;Time;Message;Image URL;Profile\n12/31/2026;2:05 PM;Hello;https://a.example/x.jpg;@Ada\n"
    )
    assert body(found, dates="mdy") == {
        "account_id": "acc_ada",
        "text": "Hello",
        "publish_at": "2026-12-31T14:05:00",
        "zone": "Europe/Berlin",
        "media": [{"url": "https://a.example/x.jpg"}],
    }


@pytest.mark.parametrize(
    ("text", "dates", "iso"),
    [
        ("2026-12-01T09:00:00+01:00", "ymd", "2026-12-01T09:00:00+01:00"),
        ("2026-12-01 09:00", "ymd", "2026-12-01T09:00:00"),
        ("01.12.2026 9:00", "dmy", "2026-12-01T09:00:00"),
        ("01.02.2027 09:30", "ymd", "2027-02-01T09:30:00"),
        ("01.02.2027 09:30", "mdy", "2027-01-02T09:30:00"),
        ("12/1/2026 12:15 am", "mdy", "2026-12-01T00:15:00"),
        ("12/1/2026 12:15 PM", "mdy", "2026-12-01T12:15:00"),
        ("31/12/2026 9:00", "ymd", "2026-12-31T09:00:00"),
        ("12/31/2026 9:00", "ymd", "2026-12-31T09:00:00"),
        ("tomorrow", "ymd", "tomorrow"),
    ],
)
def test_times_as_tables_write_them(text: str, dates: Any, iso: str) -> None:
    assert iso_time(text, dates) == iso


@pytest.mark.parametrize(
    ("when", "dates", "at"),
    [
        ("01/02/2027 09:30", "ymd", None),
        ("1-2-2027", "ymd", None),
        ("01/02/2027 09:30", "mdy", "2027-01-02T09:30:00"),
        ("01/02/2027 09:30", "dmy", "2027-02-01T09:30:00"),
        ("02/02/2027 09:30", "ymd", "2027-02-02T09:30:00"),
        ("13/02/2027 09:30", "ymd", "2027-02-13T09:30:00"),
        ("2027/01/02 09:30", "ymd", "2027-01-02T09:30:00"),
    ],
)
def test_a_date_that_two_people_read_differently_is_asked_about(when: str, dates: Any, at: str | None) -> None:
    found = sheet(f"publish_at,text\n{when},Hello\n")
    made, wrong = row_as_body(
        found, found.rows[0], guess_mapping(found.header), accounts={}, account_id="a", zone="UTC", dates=dates
    )
    assert made.get("publish_at") == at
    assert [one.rule for one in wrong] == ([] if at else ["csv_date_order"])


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(["utf-8", "utf-16-le", "utf-16-be"]))
def test_a_file_is_read_as_it_was_written(text: str, encoding: str) -> None:
    marked = "\ufeff" + text
    read = decoded(marked.encode(encoding))
    assert read is not None
    assert read.removeprefix("\ufeff") == text


@pytest.mark.parametrize("raw", ["Grüße".encode("cp1252"), "Grüße".encode("utf-16-le"), b"\xff\xfea"])
def test_a_file_in_an_encoding_that_cannot_be_known_is_not_guessed_at(raw: bytes) -> None:
    assert decoded(raw) is None


def test_what_is_no_table() -> None:
    for text, rule in (("", "csv_empty"), ("text\n", "csv_empty"), ('text\n"a\n', "csv_broken")):
        found = read_sheet(text)
        assert isinstance(found, Finding)
        assert found.rule == rule
    many = read_sheet("text\n" + "a\n" * (MOST_ROWS + 1))
    assert isinstance(many, Finding)
    assert many.rule == "csv_too_large"


def test_an_account_that_is_not_here() -> None:
    found = sheet("account,text\nbob,Hello\n")
    made, wrong = row_as_body(
        found, found.rows[0], guess_mapping(found.header), accounts={}, account_id="", zone="UTC", dates="ymd"
    )
    assert [one.rule for one in wrong] == ["csv_account"]
    assert made["account_id"] == ""


words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).map(str.strip).filter(bool)


@given(text=words, labels=st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), max_size=3), reply=words)
def test_what_is_written_is_read_back(text: str, labels: list[str], reply: str) -> None:
    asked: dict[str, Any] = {
        "text": text,
        "options": {"reply_control": "mentioned_only"},
        "replies": [{"text": reply}],
        "media": [{"url": "https://a.example/x.jpg", "alt_text": "A loom"}, {"id": "med_1"}],
        "publish_at": "2026-12-01T09:00:00",
        "zone": "Europe/Berlin",
        **({"labels": labels} if labels else {}),
    }
    file = csv_line(COLUMNS) + csv_line(body_as_row(asked, "ada", asked["publish_at"], asked["zone"]))
    assert body(sheet(file)) == {**asked, "account_id": "acc_ada"}
    assert next(csv.reader(io.StringIO(file))) == list(COLUMNS)
