"""The breaker opens for an outage and for nothing less."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from treadle.domain.breaker import FAILURES, WINDOW_S, WITNESSES, Breaker


def test_it_takes_enough_failures_of_enough_posts() -> None:
    breaker = Breaker()
    opened = [breaker.failed("publish", f"pst_{n % WITNESSES}", n, float(n)) for n in range(FAILURES)]
    assert opened == [False] * (FAILURES - 1) + [True]


def test_one_post_alone_never_opens_it() -> None:
    breaker = Breaker()
    assert not any(breaker.failed("publish", "pst_1", n, n * 0.1) for n in range(100))


def test_a_success_at_the_stage_forgets_and_one_at_another_stage_does_not() -> None:
    breaker = Breaker()
    for n in range(FAILURES - 1):
        breaker.failed("publish", f"pst_{n}", 1, 0.0)
    breaker.worked("create_container")
    assert breaker.failed("publish", "pst_9", 1, 1.0)
    breaker.worked("publish")
    assert not breaker.failed("publish", "pst_9", 2, 2.0)


def test_a_run_whose_end_is_written_twice_counts_once() -> None:
    breaker = Breaker()
    runs = [(f"pst_{n}", seq) for n in range(WITNESSES) for seq in range(FAILURES // WITNESSES)]
    opened = [breaker.failed("publish", *run, float(n)) for run in runs for n in range(2)]
    assert opened == [False] * (2 * FAILURES - 2) + [True, True]


@given(
    st.lists(st.tuples(st.integers(0, int(3 * WINDOW_S)), st.integers(0, WITNESSES)), min_size=FAILURES, max_size=40)
)
def test_it_never_opens_with_fewer_than_enough_in_the_window(calls: list[tuple[int, int]]) -> None:
    breaker = Breaker()
    seen: list[tuple[int, int]] = []
    for seq, (at, post) in enumerate(sorted(calls)):
        seen.append((at, post))
        recent = [(t, p) for t, p in seen if at - t <= WINDOW_S]
        enough = len(recent) >= FAILURES and len({p for _, p in recent}) >= WITNESSES
        assert breaker.failed("publish", f"pst_{post}", seq, at) == enough
