"""What each figure of a run shows, as plain data that JSON holds, and its drawing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ...errors import ConfigError, CorpusError, RunError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...evaluation import NameSamples, TextSamples
    from ...generation import NameModel, TextModel
    from ...run import Run, SavedModel

Data = dict[str, Any]

FIGURES = {
    "loss": "the loss by epoch, in training and held out",
    "lengths": "how long the names are that the model learned from",
    "sweep": "how plausible and how new draws are, by temperature",
    "next": "how likely each next character was, along a name",
    "embedding": "a map of the characters, as the model distinguishes them",
    "units": "hidden units along names",
    "letters": "how often each character comes, drawn and real",
    "pairs": "how often each character follows each, drawn and real",
    "drawn-lengths": "how long drawn names are, beside real ones",
    "distances": "how far drawn names are from the training list, beside real ones",
    "calibration": "how often what the model says comes true",
    "memorisation": "how much is copied from the list, by temperature",
}

FOR_NAMES = ("lengths", "sweep", "drawn-lengths", "distances", "memorisation")
"""Figures of names, which running text has none of."""

FOR_NETWORKS = ("embedding", "units")
"""Figures of a network's inside, which a model that only counts has none of."""

TEMPERATURES = (0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.5)
DRAWS = 1000
PASSAGE = 60
"""Characters of text that a figure has room for in a row."""

SHOWN, READ = 8, 1000
"""Held-out names that units are drawn along; training names that choose the units, about."""


LIKE = 20_000
"""Names whose first characters decide how names begin, about, where the model cannot."""


@dataclass(frozen=True, eq=False)
class Source:
    """A run that figures are drawn of.

    Attributes:
        run: the run.
        load: loads its model; called when one is needed.
    """

    run: Run
    load: Callable[[], NameModel | TextModel]

    @cached_property
    def model(self) -> NameModel | TextModel:
        """The model, loaded once."""
        return self.load()

    @property
    def names_model(self) -> NameModel:
        """The model, of a run of names."""
        from ...generation import NameModel

        assert isinstance(self.model, NameModel)
        return self.model

    @property
    def text_model(self) -> TextModel:
        """The model, of a run of text."""
        from ...generation import TextModel

        assert isinstance(self.model, TextModel)
        return self.model

    @cached_property
    def _samples(self) -> dict[int, NameSamples | TextSamples]:
        return {}

    def name_samples(self, seed: int) -> NameSamples:
        """Return the sampled names that measures and figures of the run share."""
        from ...evaluation import NameSamples

        if seed not in self._samples:
            like = [] if self.run.config.begin else self.train_names or self.held_out
            some = like[:: max(1, len(like) // LIKE)]
            self._samples[seed] = NameSamples(model=self.names_model, seed=seed, like=some)
        found = self._samples[seed]
        assert isinstance(found, NameSamples)
        return found

    def text_samples(self, seed: int) -> TextSamples:
        """Return the sampled text that measures and figures of the run share."""
        from ...evaluation import TextSamples

        found = self._samples.setdefault(seed, TextSamples(model=self.text_model, seed=seed))
        assert isinstance(found, TextSamples)
        return found

    @property
    def saved(self) -> SavedModel:
        """What the run's model file holds."""
        return self.run.saved

    @property
    def held_out(self) -> Sequence[str]:
        """The names that the model was not trained on, if there are any."""
        return self.run.held_out_names

    @property
    def canaries(self) -> tuple[str, ...]:
        """Random strings that it was trained on along with the names."""
        return self.run.facts.canaries

    @property
    def train_names(self) -> Sequence[str]:
        """The real names that the model was trained on, if there are any: no canaries."""
        return self.run.train_names

    def passages(self, count: int) -> Sequence[str]:
        """Return held-out names, or of held-out text as many passages as figures have room for."""
        if not self.run.is_text:
            return self.held_out[:count]
        text = self.run.held_out_text[: PASSAGE * count]
        return tuple(text[i : i + PASSAGE] for i in range(0, len(text), PASSAGE))


def figure_data(source: Source, what: str, **given: Any) -> Data:
    """Return what the figure ``what`` shows of a run.

    Args:
        source: the run.
        what: one of ``FIGURES``.
        given: of ``temperatures``, ``n``, ``start`` and ``text`` those that the figure takes.

    Raises:
        ConfigError: the model is of a kind that has no such figure.
        RunError, CorpusError, GenerationError: the run lacks what it needs.
    """
    from . import compared

    config = source.saved.config
    others = ", ".join(figure for figure in FIGURES if has_figure(source, figure))
    if config.text and what in FOR_NAMES:
        raise ConfigError(
            f"--what {what} is for names, and RUN was trained on running text. It has {others}."
        )
    if not has_figure(source, what):
        raise ConfigError(
            f"--what {what} is for networks, and RUN holds a model of the kind {config.kind}, "
            f"which only counts. It has {others}."
        )
    data: dict[str, Callable[[Source, Data], Data]] = {
        "loss": _loss,
        "lengths": _lengths,
        "sweep": _sweep,
        "next": _next,
        "embedding": _embedding,
        "units": _units,
        "letters": compared.letters,
        "pairs": compared.pairs,
        "drawn-lengths": compared.lengths,
        "distances": compared.distances,
        "calibration": compared.calibration,
        "memorisation": compared.memorisation,
    }
    return data[what](source, given)


def has_figure(source: Source, what: str) -> bool:
    """Say whether a model of this kind has the figure."""
    config = source.saved.config
    if what in FOR_NETWORKS and not config.has_network:
        return False
    return not (config.text and what in FOR_NAMES)


def draw(what: str, data: Data, *, stacked: bool = False) -> Figure:
    """Draw a figure from its data; ``stacked`` is for a narrow place.

    Raises:
        PlotError: matplotlib is missing.
    """
    import numpy as np

    from .. import plots

    match what:
        case "loss":
            return plots.losses_figure(data["history"])
        case "lengths":
            return plots.lengths_figure(dict(data["lengths"]), data["unit"])
        case "sweep":
            return plots.sweep_figure(data["draws"], data["real_nats_per_char"], stacked=stacked)
        case "next":
            shares = np.array(data["probabilities"])
            return plots.next_figure(data["targets"], data["characters"], shares)
        case "embedding":
            return plots.embedding_figure(**data, stacked=stacked)
        case "letters":
            return plots.letters_figure(**data)
        case "pairs":
            return plots.pairs_figure(**data)
        case "drawn-lengths":
            return plots.drawn_lengths_figure(**data)
        case "distances":
            return plots.distances_figure(**data)
        case "calibration":
            return plots.calibration_figure(**data)
        case "memorisation":
            expected = {"expected": data["expected"]} if "expected" in data else {}
            return plots.memorisation_figure(data["by_temperature"], **expected)
    units = data["units"]
    titles = [f"unit {u['unit']}: {u['feature']} ({u['correlation']:+.2f})" for u in units]
    names = zip(*(u["activities"] for u in units), strict=True)  # of each name (T,) a unit
    activities = [np.column_stack(columns) for columns in names]
    return plots.units_figure(data["names"], activities, dict(enumerate(titles)))


def _loss(source: Source, _given: Data) -> Data:
    from ...run import holds_state, load_state

    run, history = source.run.path, source.run.history  # up to the best epoch
    if holds_state(run):  # up to the last one
        progress = load_state(run)[1].get("progress")
        longer = progress.get("history") if isinstance(progress, dict) else None
        if isinstance(longer, list) and longer[: len(history or ())] == (history or []):
            history = longer
    if not isinstance(history, list) or not history or not all(map(_is_epoch, history)):
        raise RunError(f"{run} has no history of losses: no epoch was finished. Train on.")
    return {"history": history}


def _is_epoch(entry: Any) -> bool:
    losses = "train_nats_per_char", "held_out_nats_per_char"
    if not isinstance(entry, dict) or not isinstance(entry.get("epoch"), int):
        return False
    return all(isinstance(entry.get(key), float | None) for key in losses)


def _lengths(source: Source, _given: Data) -> Data:
    from ...data.unicode import split_units

    if not source.train_names:
        raise RunError(f"{source.run.path} has no training names. Restore its train_names.txt.")
    unit = source.saved.vocabulary.unit
    lengths = Counter(len(split_units(name, unit)) for name in source.train_names)
    return {"unit": unit, "lengths": [list(pair) for pair in sorted(lengths.items())]}


def _sweep(source: Source, given: Data) -> Data:
    from ...evaluation import likelihood, temperature_sweep

    heat = given.get("temperatures", TEMPERATURES)
    draws = temperature_sweep(
        source.names_model,
        [heat] if isinstance(heat, float) else heat,
        given.get("n", DRAWS),
        start=given.get("start", ""),
        seed=given.get("seed", 0),
        drawn=source.name_samples(given.get("seed", 0)),
    )
    names = source.held_out
    real = likelihood(source.names_model, names).nats_per_char if names else None
    return {"draws": [draw.to_dict() for draw in draws], "real_nats_per_char": real}


def _next(source: Source, given: Data) -> Data:
    from ...evaluation import next_characters

    texts = given.get("text") or source.passages(1) or source.train_names[:1]
    if not texts:
        raise _nameless(source)
    found = next_characters(source.model, texts[0])
    return {
        "text": texts[0],
        "targets": list(found.targets),
        "characters": list(found.characters),
        "probabilities": _plain(found.probabilities),
    }


def _embedding(source: Source, _given: Data) -> Data:
    from ...evaluation import embedding_map, kind, symbols

    saved = source.saved
    found = embedding_map(saved.weights["embedding"])
    characters = list(symbols(saved.vocabulary, text=saved.config.text))
    return {
        "characters": characters,
        "kinds": list(map(kind, characters)),
        "points": _plain(found.points),
        "explained": list(found.explained),
    }


def _units(source: Source, given: Data) -> Data:
    from ...data.unicode import normalise, split_units
    from ...evaluation import activity, notable_units, simple_features

    saved = source.saved
    texts = given.get("text") or source.passages(SHOWN)
    if not texts:
        raise _nameless(source)
    model, unit = source.model, saved.vocabulary.unit
    train = source.passages(READ) if saved.config.text else source.train_names
    train = train or texts
    shown = activity(model, texts)  # (T, H) a name
    read = train[:: max(1, len(train) // READ)]  # of 100,000, all would take gigabytes
    chosen = notable_units(activity(model, read), simple_features(read, unit))
    if not chosen:
        raise CorpusError("no name has a second character, so no unit can be told. Train on more.")
    return {
        "names": [split_units(normalise(text), unit) for text in texts],
        "units": [
            {**asdict(u), "activities": [_plain(h[:, u.unit]) for h in shown]} for u in chosen
        ],
    }


def _plain(numbers: Any) -> list[Any]:
    """Return an array as lists of numbers that are short to read."""
    return numbers.astype(float).round(6).tolist()  # type: ignore[no-any-return]


def _nameless(source: Source) -> CorpusError:
    return CorpusError(
        f"{source.run.path} has nothing held out to read. Give something: --text TEXT."
    )
