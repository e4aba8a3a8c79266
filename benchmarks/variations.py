"""Question: how do an LSTM, more layers, more epochs and other temperatures change the names?

The tutorial suggests trying them. Each training is the default recipe with one change, on a few
splits. Printed are the held-out nats a character and, for samples at temperature 1, the fraction
that is not in the list and the fraction of repeats; then the default model at several
temperatures, including cycles.

    python benchmarks/variations.py
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean
from typing import Any

import charloom
from _common import describe_machine, lines_of, parser
from charloom import LanguageModel
from charloom.api import model_of
from charloom.data.names import NameCorpus
from charloom.training.events import Finished
from charloom.training.recipes import recipe

SAMPLES = 2000
TEMPERATURES: list[Any] = [0.2, 0.5, 0.8, 1.0, 1.2, 1.5, (0.5, 1.2), (1.2, 0.5)]


def main() -> None:
    options = parser(__doc__, repeats=3).parse_args()
    corpus = NameCorpus.of(lines_of(options.data))
    _, default = recipe(corpus.report.names, corpus.report.characters)
    variations: dict[str, dict[str, Any]] = {
        "default recipe": {},
        "LSTM": {"cell": "lstm"},
        "simple RNN": {"cell": "rnn"},
        "two layers": {"layers": 2},
        "three layers": {"layers": 3},
        "half the epochs": {"epochs": default.epochs // 2},
        "twice the epochs": {"epochs": 2 * default.epochs, "patience": 0},
    }
    if options.quick:
        variations = {name: {**change, "epochs": 1} for name, change in variations.items()}
    print(describe_machine({"charloom": charloom.__version__}))
    print(f"{options.repeats} splits; {SAMPLES} samples each")
    print(f"{'':20}{'held-out nats/char':>20}{'new':>10}{'repeats':>10}")
    models = []
    for name, change in variations.items():
        losses, news, repeats = [], [], []
        for seed in range(1 if options.quick else options.repeats):
            loss, model = train(corpus, seed, change)
            new, repeated = drawn(model, corpus.names, 1.0)
            losses.append(loss), news.append(new), repeats.append(repeated)
            if name == "default recipe":
                models.append(model)
        print(f"{name:20}{mean(losses):20.3f}{mean(news):10.1%}{mean(repeats):10.1%}", flush=True)
    for temperature in TEMPERATURES:
        pairs = [drawn(model, corpus.names, temperature) for model in models]
        new, repeated = (mean(values) for values in zip(*pairs, strict=True))
        print(f"temperature {temperature!s:8}{'':20}{new:10.1%}{repeated:10.1%}")


def train(corpus: NameCorpus, seed: int, change: dict[str, Any]) -> tuple[float, LanguageModel]:
    *_, finished = charloom.fit(corpus, seed=seed, **change)
    assert isinstance(finished, Finished)
    assert finished.held_out_nats_per_char is not None
    return finished.held_out_nats_per_char, model_of(finished.saved)


def drawn(model: LanguageModel, names: Sequence[str], temperature: Any) -> tuple[float, float]:
    """Return the fractions of new and of repeated strings among the samples."""
    made = model.names(
        SAMPLES, temperature=temperature, seed=1, allow_known=True, allow_repeats=True
    )
    known = set(names)
    return mean(text not in known for text in made), 1 - len(set(made)) / len(made)


if __name__ == "__main__":
    main()
