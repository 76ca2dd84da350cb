"""Shapes: equal for the same fault, different for another one."""

from __future__ import annotations

from typing import Any

import pytest

from treadle_diagnosis.shape import report, shape_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Odd thing 17950000000000001 at 10:15", "Odd thing 17950000000000999 at 23:59"),
        ("Odd thing on Sunday, 10-May-26 10:00:00 PDT.", "Odd thing on Monday, 11-Jun-26 11:00:00 PST."),
        ("Odd 'summer sale' text", "Odd 'winter sale' text"),
        ("Odd https://a.example/x?y=1 page", "Odd https://b.example/z page"),
        (
            {"error": {"code": 77, "message": "Odd thing", "fbtrace_id": "A1", "error_user_msg": "Hallo"}},
            {"error": {"message": "Odd thing", "code": "77", "fbtrace_id": "B2", "error_user_msg": "Привет"}},
        ),
        ("failed for @anna on post", "failed for @berta.b on post"),
    ],
)
def test_occurrences_of_one_fault_have_one_shape(one: Any, other: Any) -> None:
    assert shape_of(one) == shape_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"error": {"code": 77, "message": "Odd"}}, {"error": {"code": 78, "message": "Odd"}}),
        ({"error": {"code": 77, "error_subcode": 1}}, {"error": {"code": 77, "error_subcode": 2}}),
        ("Odd thing", "Strange thing"),
        ({"body": "Odd", "stage": "publish"}, {"body": "Odd", "stage": "read"}),
    ],
)
def test_different_faults_have_different_shapes(one: Any, other: Any) -> None:
    assert shape_of(one) != shape_of(other)


def test_a_shape_is_short() -> None:
    assert len(shape_of("word " * 10_000)) < 400


def test_a_report_is_ready_to_send() -> None:
    text = report({"body": {"error": {"code": 77, "message": "Odd"}}, "stage": "read", "http_status": 400}, seen=12)
    assert "does not know" in text
    assert "Seen:    12 times" in text
    assert '"code": 77' in text
    assert "Status:  400" in text
