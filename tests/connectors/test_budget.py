"""The budget: a limit a minute is used nearly whole, by any server's way of counting, and never overrun."""

from __future__ import annotations

import threading
from collections import deque
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.budget import WINDOW_SECONDS, RequestBudget


class Time:
    def __init__(self) -> None:
        self.now = 1_000_013.7

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


class Server:
    """Counts what arrives by the clock minute or over the last 60 seconds; true when it accepts."""

    def __init__(self, limit: int, window: Literal["fixed", "sliding"]) -> None:
        self.limit = limit
        self.window = window
        self.arrivals: deque[tuple[float, int]] = deque()

    def spent(self, now: float) -> int:
        start = now // 60 * 60 if self.window == "fixed" else now - 60
        while self.arrivals and self.arrivals[0][0] < start:
            self.arrivals.popleft()
        return sum(weight for _, weight in self.arrivals)

    def accept(self, now: float, weight: int = 1) -> bool:
        if self.spent(now) + weight > self.limit:
            return False
        self.arrivals.append((now, weight))
        return True

    def remaining(self, now: float) -> int:
        return self.limit - self.spent(now)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.mark.parametrize("window", ["fixed", "sliding"])
@pytest.mark.parametrize("seconds", [0.0, 0.02, 0.14])
def test_the_limit_is_used_to_95_percent_without_one_refusal(
    time: Time, window: Literal["fixed", "sliding"], seconds: float
) -> None:
    """400 a minute for a quarter of an hour; answers take no time, little time and just too much."""
    server, budget = Server(400, window), RequestBudget(400, clock=time, sleep=time.sleep)
    began, sent = time.now, 0
    while time.now - began < 900:
        budget.take()
        assert server.accept(time.now)
        sent += 1
        time.now += seconds
        budget.learn(400, server.remaining(time.now))
    possible = min(400.0, 60 / seconds if seconds else 400.0)
    assert sent / ((time.now - began) / 60) >= 0.95 * possible


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 5), st.sampled_from([1, 1, 1, 2])), min_size=50, max_size=200),
    st.sampled_from(["fixed", "sliding"]),
    st.floats(0, 0.9),
)
def test_no_pattern_of_requests_overruns_the_limit(
    pattern: list[tuple[float, int]], window: Literal["fixed", "sliding"], delay: float
) -> None:
    """Arrivals trail sending by up to a second, each by another part of it."""
    time = Time()
    server, budget = Server(12, window), RequestBudget(12, clock=time, sleep=time.sleep)
    arrivals = []
    for number, (pause, weight) in enumerate(pattern):
        budget.take(weight)
        arrivals.append((time.now + (delay if number % 2 else 0.0), weight))
        time.now += pause
    assert all(server.accept(moment, weight) for moment, weight in sorted(arrivals))


def test_the_servers_own_limit_replaces_the_first_guess(time: Time) -> None:
    budget = RequestBudget(5, clock=time, sleep=time.sleep)
    budget.learn(8, 8)
    assert budget.limit == 8
    for _ in range(8):
        budget.take()
    assert time.now == 1_000_013.7
    budget.take()
    assert time.now == pytest.approx(1_000_013.7 + WINDOW_SECONDS)


def test_only_the_share_of_the_limit_is_used(time: Time) -> None:
    budget = RequestBudget(10, share=0.5, clock=time, sleep=time.sleep)
    budget.learn(100, 99)
    assert budget.limit == 50


def test_a_limit_of_nothing_is_not_believed(time: Time) -> None:
    budget = RequestBudget(10, clock=time, sleep=time.sleep)
    budget.learn(0, None)
    assert budget.limit == 10


def test_what_other_programs_spend_is_not_spent_again(time: Time) -> None:
    budget = RequestBudget(10, clock=time, sleep=time.sleep)
    budget.take()
    budget.learn(10, 3)  # six were somebody else's
    for _ in range(3):
        budget.take()
    assert time.now == 1_000_013.7
    budget.take()
    assert time.now > 1_000_013.7 + 60


def test_other_programs_live_on_their_share_first(time: Time) -> None:
    budget = RequestBudget(10, share=0.5, clock=time, sleep=time.sleep)
    budget.learn(10, 5)  # five were somebody else's: their half
    for _ in range(5):
        budget.take()
    assert time.now == 1_000_013.7


def test_when_nothing_remains_it_waits_for_the_reset(time: Time) -> None:
    budget = RequestBudget(10, clock=time, sleep=time.sleep)
    budget.take()
    budget.learn(None, 0, 7)
    budget.take()
    assert time.now == pytest.approx(1_000_020.7)


def test_when_nothing_remains_and_no_reset_is_told_it_waits_a_minute(time: Time) -> None:
    budget = RequestBudget(10, clock=time, sleep=time.sleep)
    budget.learn(None, 0)
    budget.take()
    assert time.now == pytest.approx(1_000_013.7 + WINDOW_SECONDS)


def test_a_pause_is_kept_by_everybody_and_the_longer_one_counts(time: Time) -> None:
    budget = RequestBudget(10, clock=time, sleep=time.sleep)
    budget.pause(30)
    budget.pause(5)
    budget.take()
    assert time.now == pytest.approx(1_000_043.7)


def test_a_request_heavier_than_the_limit_waits_for_an_empty_minute_and_goes(time: Time) -> None:
    budget = RequestBudget(1, clock=time, sleep=time.sleep)
    budget.take(2)
    budget.take(2)
    assert time.now == pytest.approx(1_000_013.7 + WINDOW_SECONDS)


def test_threads_share_one_budget() -> None:
    """Thirty requests of three threads fit; the thirty-first does not."""
    budget = RequestBudget(30, clock=lambda: 0.0, sleep=lambda _: pytest.fail("the budget is not used up"))

    def take_ten() -> None:
        for _ in range(10):
            budget.take()

    threads = [threading.Thread(target=take_ten) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    class WaitedError(Exception):
        pass

    def wait(_: float) -> None:
        raise WaitedError

    budget._sleep = wait
    with pytest.raises(WaitedError):
        budget.take()
