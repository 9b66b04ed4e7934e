"""Whether the house can work: one question at a time, and no answer is one, too."""

import asyncio
import threading
from pathlib import Path

from publisher.config import Config
from publisher.web.probe import Probe
from tests import served


def test_all_who_ask_at_once_share_one_question() -> None:
    asked: list[int] = []
    go = threading.Event()

    def ready() -> bool:
        asked.append(1)
        return go.wait(30)

    async def crowd() -> list[bool]:
        probe = Probe(ready)
        asking = [asyncio.create_task(probe.holds()) for _ in range(50)]
        await asyncio.sleep(0)
        go.set()
        return await asyncio.gather(*asking)

    assert asyncio.run(crowd()) == [True] * 50
    assert len(asked) == 1


def test_no_answer_is_a_no_and_asks_nobody_twice() -> None:
    asked: list[int] = []
    go = threading.Event()

    def ready() -> bool:
        asked.append(1)
        return go.wait(30)

    async def twice() -> list[bool]:
        probe = Probe(ready, patience=0.01)
        return [await probe.holds(), await probe.holds()]

    assert asyncio.run(twice()) == [False, False]
    assert len(asked) == 1
    # The server has ended by now; who answers too late harms nobody.
    go.set()


def test_a_question_that_fails_is_a_no(public: Path) -> None:
    def ready() -> bool:
        raise ValueError("somebody's mistake")

    assert served.ask(served.files(public, ready=ready), "/readyz").status == 503


def test_readiness_is_told_by_the_server(site: Config) -> None:
    state = [True]
    with served.server(site, ready=lambda: state[0]) as server:
        assert server.get("/readyz").status == 200
        state[0] = False
        assert server.get("/readyz").status == 503
        assert server.get("/healthz").status == 200
        assert server.get("/fr/").status == 200
