"""Searches that walk together find what each would find alone."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from charloom.generation import NameModel, TextModel
from charloom.generation.constraints import Contains, End, Length, Rules
from charloom.generation.search import company as companies
from charloom.generation.search import without_replacement
from charloom.serve import turns
from charloom.serve.engine import Engine, Interrupted, Job
from helpers.languages import named
from helpers.toy_models import memoryless

OPTIONS: list[dict[str, Any]] = [
    {},
    {"temperature": 0.6},
    {"temperature": (0.5, 1.3)},
    {"top_k": 3},
    {"top_p": 0.8, "min_p": 0.01},
    {"start": "ab"},
    {"rules": Rules() & Contains("ca")},
    {"rules": End("b") & Length(3, 6), "temperature": 0.8},
    {"allow_repeats": True, "max_length": 4},
    {"sampler": lambda logits: logits * np.float32(0.5)},
]


@pytest.fixture
def engine() -> Iterator[Engine]:
    found = Engine()
    yield found
    found.close()


@pytest.fixture(scope="module")
def model() -> NameModel:
    return named("abcd", seed=3)


@pytest.mark.parametrize("options", OPTIONS)
def test_a_search_in_company_finds_what_it_finds_alone(
    engine: Engine, model: NameModel, options: dict[str, Any]
) -> None:
    together = dataclasses.replace(model, walk=engine.walk)
    for seed in range(3):
        alone = model.generate(12, seed=seed, max_length=8, **options) if (
            "max_length" not in options
        ) else model.generate(12, seed=seed, **options)  # fmt: skip
        given = {"max_length": 8, **options}
        found = together.generate(12, seed=seed, **given)
        assert [s.text for s in found] == [s.text for s in alone]
        assert found.seen == alone.seen
        assert found.mass == pytest.approx(alone.mass)
        assert [s.nats for s in found] == pytest.approx([s.nats for s in alone])


def test_estimates_that_are_tiny_rule_nothing_out(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(without_replacement, "LOST", 1)
    together = dataclasses.replace(memoryless(), walk=engine.walk)
    reason = together.generate(3, rules=Length(2000)).reason or ""
    assert "gave up: they must have 2,000 characters" in reason


def test_many_searches_at_once_find_what_they_find_alone(engine: Engine, model: NameModel) -> None:
    together = dataclasses.replace(model, walk=engine.walk)
    jobs = [(seed, {"max_length": 8, **OPTIONS[seed % len(OPTIONS)]}) for seed in range(60)]
    alone = [model.names(9, seed=seed, **given) for seed, given in jobs]
    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(lambda job: together.names(9, seed=job[0], **job[1]), jobs))
    assert found == alone
    assert engine.rows > engine.steps > 0


def test_steps_are_shared(engine: Engine, model: NameModel) -> None:
    """Sixteen searches take far fewer steps together than one after the other."""
    together = dataclasses.replace(model, walk=engine.walk)
    for seed in range(16):
        together.names(9, seed=seed, max_length=8)
    apart, start = engine.steps, threading.Barrier(16)

    def names(seed: int) -> None:
        start.wait()
        together.names(9, seed=seed, max_length=8)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(names, range(16)))
    assert engine.steps - apart < apart / 2


@pytest.mark.parametrize("rows", [1, 7, 64, 1000])
def test_a_step_hardly_depends_on_the_other_rows(rows: int) -> None:
    """To 1e-5 in the logits: rounding may differ where BLAS treats other sizes otherwise."""
    model = named("abcdefgh", seed=5)
    rng = np.random.default_rng(0)
    ids = rng.integers(1, 9, rows)
    carry = rng.normal(size=model.rnn.initial_carry(rows).shape).astype(np.float32)
    together, after = (np.array(a) for a in model.rnn.step(ids, carry))
    for row in {0, rows // 2, rows - 1}:
        alone, own = model.rnn.step(ids[row : row + 1], carry[:, row : row + 1])
        assert np.allclose(alone[0], together[row], atol=1e-5)
        assert np.allclose(own[:, 0], after[:, row], atol=1e-5)


def test_a_large_search_leaves_the_company_and_finds_the_same(
    engine: Engine, model: NameModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(companies, "LARGE", 50)
    together = dataclasses.replace(model, walk=engine.walk)
    assert together.names(40, seed=1, max_length=8) == model.names(40, seed=1, max_length=8)


@pytest.mark.parametrize("rules", [None, Contains("ab") & End("ba")], ids=["free", "constrained"])
def test_an_expensive_search_delays_no_other(
    engine: Engine, rules: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(companies, "LARGE", 50)  # so that the others are large, too
    monkeypatch.setattr(turns, "TURN", 0.0)
    model = named("abcdefgh", seed=3)
    together = dataclasses.replace(model, walk=engine.walk)
    job, begun, ended = Job(), threading.Event(), threading.Event()

    def watched(logits: Any) -> Any:
        begun.set()
        return logits

    def search() -> None:
        engine.work_on(job)
        with pytest.raises(Interrupted):
            together.names(
                50_000, seed=1, rules=rules, temperature=3.0, max_length=14, sampler=watched
            )
            ended.set()

    expensive = [threading.Thread(target=search) for _ in range(2)]
    for thread in expensive:
        thread.start()
    assert begun.wait(30)
    for options in ({}, {"rules": Contains("ba")}):
        few = together.names(40, seed=1, max_length=8, **options)
        assert few == model.names(40, seed=1, max_length=8, **options)
    assert not ended.is_set()
    job.cancelled.set()
    for thread in expensive:
        thread.join(60)
        assert not thread.is_alive()


def test_a_job_ends_when_its_time_is_up(engine: Engine, model: NameModel) -> None:
    together = dataclasses.replace(model, walk=engine.walk)
    engine.work_on(Job(until=time.monotonic() - 1))
    with pytest.raises(Interrupted):
        together.names(3, seed=1)
    engine.work_on(None)
    assert len(together.names(3, seed=1)) == 3


def test_a_cancelled_job_ends_and_others_continue(engine: Engine, model: NameModel) -> None:
    job = Job()

    def slow(logits: Any) -> Any:
        job.cancelled.set()
        time.sleep(0.01)
        return logits

    together = dataclasses.replace(model, walk=engine.walk)
    engine.work_on(job)
    with pytest.raises(Interrupted):
        for seed in range(100):
            together.names(3, seed=seed, sampler=slow)
    engine.work_on(None)
    assert together.names(3, seed=1) == model.names(3, seed=1)


def test_an_error_in_one_search_is_its_own(engine: Engine, model: NameModel) -> None:
    together = dataclasses.replace(model, walk=engine.walk)

    def broken(logits: Any) -> Any:
        raise ZeroDivisionError

    with ThreadPoolExecutor(8) as pool:
        bad = [pool.submit(together.names, 3, seed=s, sampler=broken) for s in range(4)]
        good = [pool.submit(together.names, 3, seed=s) for s in range(4)]
        for future in bad:
            with pytest.raises(ZeroDivisionError):
                future.result()
        assert [future.result() for future in good] == [model.names(3, seed=s) for s in range(4)]


def test_a_closed_engine_refuses(model: NameModel) -> None:
    engine = Engine()
    engine.close()
    with pytest.raises(Interrupted):
        dataclasses.replace(model, walk=engine.walk).names(3, seed=1)


def test_a_full_company_is_finished_while_another_begins(
    engine: Engine, model: NameModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(companies, "MOST_TRACED", 5)
    together = dataclasses.replace(model, walk=engine.walk)
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda s: together.names(9, seed=s, max_length=8), range(48)))
    assert found == [model.names(9, seed=s, max_length=8) for s in range(48)]


def test_a_search_that_takes_too_many_steps_leaves_the_others_alone(
    engine: Engine, model: NameModel
) -> None:
    from charloom.generation.search import request

    together = dataclasses.replace(model, walk=engine.walk)
    limited = dataclasses.replace(together)
    original = request.STEPS
    try:
        request.STEPS = 20
        with ThreadPoolExecutor(8) as pool:
            few = [pool.submit(limited.generate, 200, seed=s, max_length=8) for s in range(4)]
            results = [future.result() for future in few]
            alone = [model.generate(200, seed=s, max_length=8) for s in range(4)]
    finally:
        request.STEPS = original
    assert [[s.text for s in r] for r in results] == [[s.text for s in r] for r in alone]


def texts_together(engine: Engine, model: TextModel, count: int) -> list[str]:
    together = dataclasses.replace(model, sing=engine.sing)
    with ThreadPoolExecutor(count) as pool:
        jobs = [
            pool.submit(together.text, 50 + seed, seed=seed, **({"top_k": 3} if seed % 2 else {}))
            for seed in range(count)
        ]
        return [job.result() for job in jobs]


def test_texts_in_chorus_are_those_that_are_sampled_alone(engine: Engine) -> None:
    rnn = named("abcdefgh", seed=5)
    model = TextModel(rnn.rnn, rnn.vocabulary)
    found = texts_together(engine, model, 12)
    assert found == [
        model.text(50 + seed, seed=seed, **({"top_k": 3} if seed % 2 else {})) for seed in range(12)
    ]


def test_a_text_without_end_is_streamed_until_it_is_closed(engine: Engine) -> None:
    rnn = named("abcdefgh", seed=5)
    model = dataclasses.replace(TextModel(rnn.rnn, rnn.vocabulary), sing=engine.sing)
    stream = model.stream_text(None, seed=1, start="ab")
    assert next(stream) == "ab"
    begin = "".join(next(stream) for _ in range(100))
    stream.close()
    assert "ab" + begin == model.text(100, seed=1, start="ab")


def test_an_error_in_one_text_is_its_own(engine: Engine) -> None:
    rnn = named("abcdefgh", seed=5)
    model = dataclasses.replace(TextModel(rnn.rnn, rnn.vocabulary), sing=engine.sing)

    def broken(logits: Any) -> Any:
        raise ZeroDivisionError

    with ThreadPoolExecutor(2) as pool:
        bad, good = pool.submit(model.text, 40, sampler=broken), pool.submit(model.text, 40, seed=2)
        with pytest.raises(ZeroDivisionError):
            bad.result()
        assert len(good.result()) == 40
