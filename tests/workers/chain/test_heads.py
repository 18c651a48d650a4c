"""The head is followed in time and with few questions."""

import threading
import time

import pytest

from covey.chain import Codebook, Gateway
from covey.chain.heads import Pace
from covey.localnet import Localnet, Settings
from tests.workers.chain.conftest import IMPATIENT


def simulate(interval: float, offset: float, blocks: int) -> tuple[float, float]:
    """Questions per block and mean delay of notice, over the last half of `blocks`."""
    pace, now, known = Pace(0.0), 0.0, 0
    questions: list[int] = []
    delays: list[float] = []
    asked = 0
    while known < blocks:
        now += pace.delay(now) + 0.002
        asked += 1
        newest = max(0, int((now - offset) / interval))
        if newest > known:
            pace.saw(newest - known, now)
            known = newest
            questions.append(asked)
            delays.append(now - offset - newest * interval)
            asked = 0
    half = len(questions) // 2
    return sum(questions[half:]) / len(questions[half:]), sum(delays[half:]) / len(delays[half:])


@pytest.mark.parametrize("interval", [0.25, 1.0, 2.0, 12.0])
@pytest.mark.parametrize("offset", [0.0, 0.4])
def test_the_rhythm_is_found(interval: float, offset: float) -> None:
    questions, delay = simulate(interval, offset * interval, 100)
    assert questions < 2.5
    assert delay < interval / 8


def test_being_late_once_does_not_make_late_for_ever() -> None:
    pace, now = Pace(0.0), 0.0
    for block in range(1, 50):
        while now < block:
            now += pace.delay(now)
        pace.saw(1, now)
    late = 50.7
    pace.saw(1, late)
    assert late + pace.delay(late) < 51.05


def test_an_idle_chain_is_asked_ever_more_rarely_but_not_forgotten() -> None:
    pace = Pace(0.0)
    now, asked = 0.0, 0
    while now < 60:
        now += pace.delay(now)
        asked += 1
    assert asked < 80
    assert pace.delay(now) <= 1.0


def test_waiting_returns_the_new_block(net: Localnet, gateway: Gateway) -> None:
    head = gateway.head()
    threading.Timer(0.2, net.mine).start()
    new = gateway.wait_for_block(head, timeout=60)
    assert new.number == head.number + 1
    assert new.parent == head.hash
    assert gateway.wait_for_block(head, timeout=60) is new, "known already"


def test_waiting_ends_in_time(gateway: Gateway) -> None:
    head = gateway.head()
    started = time.monotonic()
    assert gateway.wait_for_block(head, timeout=0.3) == head
    assert time.monotonic() - started > 0.2


def test_waiting_can_be_interrupted(gateway: Gateway) -> None:
    head, interrupt = gateway.head(), threading.Event()
    started = time.monotonic()
    threading.Timer(0.2, interrupt.set).start()
    assert gateway.wait_for_block(head, timeout=60, interrupt=interrupt) == head
    assert gateway.wait_for_block(head, timeout=60, interrupt=interrupt) == head, "it stays set"
    assert time.monotonic() - started < 60


def test_a_replaced_block_counts_as_new(net: Localnet, gateway: Gateway) -> None:
    net.mine(3)
    head = gateway.head()
    net.rpc("anvil_reorg", 1, [])
    new = gateway.wait_for_block(head, timeout=60)
    assert new.number == head.number
    assert new.hash != head.hash


def test_threads_share_the_questions() -> None:
    with (
        Localnet(settings=Settings(block_time=0.5)) as net,
        Gateway([net.url], codebook=Codebook([]), policy=IMPATIENT) as gateway,
    ):
        seen = []

        def follow() -> None:
            head = gateway.heads.latest()
            for _ in range(6):
                head = gateway.wait_for_block(head, timeout=60)
            seen.append(head.number)

        threads = [threading.Thread(target=follow) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(seen) == 5
        blocks = max(seen)
        assert gateway.metrics.read().calls["eth_getBlockByNumber"] <= 4 * blocks + 8
