"""Configurations of models, training and sampling: frozen values that validate themselves.

Each field's ``metadata`` says what it is (``help``), what it may be (``range``), in which ``unit``,
whether it only concerns training step by step (``steps``) and whether a resumed training may change
it (``may_change``). Validation, the command line's help and the resume checks read it from there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

from .arguments import MOST_SEED
from .fields import Config, Range, checked, require, resumable, setting, step

Cell = Literal["gru", "lstm", "rnn"]
Preparation = Literal["names", "tutorial", "text"]
Part = Literal["embedding", "recurrent"]
Kind = Literal["network", "mixture", "ngram", "unigram", "uniform"]
Smoothing = Literal["kneser-ney", "fitted"]
Precision = Literal["auto", "float32", "bfloat16"]

MOST_ORDER = 8
"""The largest order of an n-gram."""

NAMES_TEMPERATURE = 0.7
"""The temperature of the names that commands print and reports show unless another is asked for,
chosen by `benchmarks/junk.py`."""

MOST_RECENT = 65536
"""The most characters that a model of text remembers."""

MOST_LABELS = 65536
"""The largest number of labels of a model."""

MOST_LENGTH = 1_000_000
"""The greatest length of a name, in units of text."""

MOST_NAMES = 1_000_000
"""The most names that are found in memory, which takes about 0.6 GB."""

MOST_UNIQUE = 10**12
"""The most different names of one request; what is found beyond ``MOST_NAMES`` is kept on disk."""

MOST_CHARACTERS = 10_000_000
"""The most characters of one text in memory."""

REPEAT_WINDOW = 10_000
"""Last n-grams of a text that may not occur again, where that is asked for."""

MOST_NGRAM = 100
"""The most characters of an n-gram that may not occur again."""

MOST_STREAMED = 10**12
"""The most characters of one stream of text."""

MOST_SAMPLES = 1_000_000
"""The most names, or characters of text, that a model is measured by."""

MOST_BATCH = 65536
"""The most rows of a batch."""

MOST_BEAM = 100_000
"""The greatest width of a beam search."""

MOST_GUIDANCE = 100.0
"""The largest guidance that is accepted."""

MOST_LINE_BYTES = 1 << 26
"""The longest line or CSV record that may be accepted, in bytes of UTF-8."""

MOST_COUNT = 10**12
"""The most occurrences that a character may be required to have."""

MOST_FOLDS = 1000
"""The most folds of a search."""

MOST_TRIALS = 1_000_000
"""The most trials of a search."""

MOST_MINUTES = 1_000_000
"""The most minutes of a search."""

_MILLION = range(1_000_001)
_SEED = range(MOST_SEED + 1)


@dataclass(frozen=True, kw_only=True)
class ModelConfig(Config):
    """The architecture: embedding, recurrent layers of one cell, dense logits; or a baseline."""

    # fmt: off
    cell: Cell = step("gru", get_args(Cell),  # noqa: RUF009
        "Recurrent cell: GRU (with reset_after=True, as in Keras), LSTM, or RNN (tanh).")
    units: int = step(256, range(1, 16385), "Hidden size of each recurrent layer.", "units")
    layers: int = step(1, range(1, 17), "Number of recurrent layers.", "layers")
    embedding: int = step(64, range(1, 16385), "Embedding size.", "units")
    dropout: float = step(0.5, "[0, 1)", "Dropout rate of each recurrent layer's outputs.")
    begin: bool = setting(True, bool,
        "Whether names start with the begin symbol, so that the model predicts their first "
        "character; without it, as in the tutorial, every name needs a start.")
    labels: int = setting(0, range(MOST_LABELS + 1),
        "Number of labels, each with a vector that is added to the embedding of every character; "
        "0: a model without labels.", "labels")
    text: bool = setting(False, bool,
        "Whether the model is of running text, which has no end, instead of names.")
    kind: Kind = setting("network", get_args(Kind),  # noqa: RUF009
        "Kind of model: a recurrent network, an n-gram, a mixture of both, or a baseline "
        "(character frequencies, or all characters equally likely).")
    order: int = setting(0, range(MOST_ORDER + 1),
        "Order n of the n-gram, which sees n - 1 characters back. By default the one that suits "
        "the held-out data best.")
    smoothing: Smoothing = setting("kneser-ney", get_args(Smoothing),  # noqa: RUF009
        "Smoothing of the n-gram: fitted to the training data by cross-validation, with character "
        "classes and sparse contexts (the default for new models), or Kneser-Ney.")
    documents: bool = setting(False, bool,
        "Whether the text consists of documents, each of which has an end, as a name has.")
    recent: int = setting(0, range(MOST_RECENT + 1),
        "Text only: how many of its last characters the model adapts to, so that words and names "
        "that a text has just used become likelier; 0: none. Needs a fitted n-gram.", "characters")
    # fmt: on

    def __post_init__(self) -> None:
        super().__post_init__()
        network, mixed = self.kind == "network", self.kind in ("ngram", "mixture")
        rule = "must be of the kind network. Choose --model network, or leave out"
        for condition, text, value in (
            (not self.order or mixed, "order is for the kinds ngram and mixture", self.order),
            (
                self.smoothing == "kneser-ney" or mixed,
                "smoothing is for the kinds ngram and mixture",
                self.smoothing,
            ),
            (
                not self.recent or (self.text and self.smoothing == "fitted"),
                "recent is for text with an n-gram whose smoothing is fitted",
                self.recent,
            ),
            (not self.text or self.begin, "text must have begin, the begin of text", self.begin),
            (not self.text or not self.labels, "text has no labels", self.labels),
            (self.text or not self.documents, "documents need text", self.documents),
            (not self.labels or network, f"a model with labels {rule} the labels", self.kind),
            (
                self.begin or network,
                f"a model without begin {rule} the tutorial's recipe",
                self.kind,
            ),
        ):
            require(condition, text, value)

    def network_part(self) -> ModelConfig:
        """Return the configuration of a mixture's network alone."""
        return self.replace(kind="network", order=0, smoothing="kneser-ney", recent=0)

    @property
    def has_network(self) -> bool:
        """Whether the model has a network, which is trained step by step."""
        return self.kind in ("network", "mixture")

    @property
    def has_ngram(self) -> bool:
        """Whether the model has an n-gram, which is fitted by counting."""
        return self.kind != "network"


@dataclass(frozen=True, kw_only=True)
class TrainConfig(Config):
    """How a model is trained."""

    # fmt: off
    epochs: int = resumable(15, range(1, 1_000_001),
        "Maximum number of passes over the training data; early stopping may end sooner.", "epochs")
    batch_size: int = step(32, range(1, MOST_BATCH + 1),
        "Names per step, or streams of text that are read side by side.", "names or streams")
    learning_rate: float = step(3e-3, "(0, 10]", "Peak of the learning-rate schedule.")
    warmup: float = step(0.05, "[0, 1)",
        "Fraction of the schedule in which the learning rate rises linearly from 0 to its peak.")
    final: float = step(0.02, "[0, 1]",
        "Final learning rate as a fraction of the peak, reached along a half cosine.")
    weight_decay: float = step(0.01, "[0, 10]",
        "Decoupled weight decay of AdamW (Loshchilov and Hutter 2019).")
    clip_norm: float = step(1.0, "(0, inf)", "Largest global norm of the gradient.")
    nesterov: bool = step(False, bool,
        "Step from where Adam's momentum leads, as in Nadam (Dozat 2016).")
    patience: int = resumable(5, _MILLION,
        "Stop after this many epochs without a better held-out loss; 0: never.", "epochs")
    held_out: float = setting(0.1, "[0, 0.9]",
        "Fraction of the names, or of the text (its end), to hold out; 0: none, and on short lists "
        "of names cross-validation chooses the epoch and the mixture's exponents.")
    seconds: float | None = resumable(None, "(0, inf)",
        "Wall-clock budget for training; the learning-rate schedule is fitted to it. Names that "
        "take a fifth of it or less are learned by up to four networks, which are distilled into "
        "one.", "seconds")
    seed: int = setting(0, _SEED,
        "Random seed for the split, initial weights, batches and dropout.")
    preparation: Preparation = setting("names", get_args(Preparation),  # noqa: RUF009
        "How batches are made. names: padding is masked, and names are sorted by length into "
        "buckets. tutorial: every name is padded to the longest, padding counts in the loss, an "
        "incomplete batch is dropped, the carry is kept from batch to batch within an epoch, and "
        "training starts from Keras' initial weights. text: streams are read window by window, "
        "and the carry is kept.")
    keep_epochs: int = step(0, _MILLION,
        "Keep the model of every n-th epoch, and of the last, in RUN/epochs; 0: none.", "epochs")
    label_dropout: float = step(0.1, "[0, 1)",
        "Fraction of the names that are trained on without their label, so that the model can "
        "also be used without one.")
    window: int = step(64, range(2, 65537),
        "Length of the window for backpropagation through time; text only.", "characters")
    freeze: tuple[Part, ...] = step((), get_args(Part),
        "Do not train this part of the model; may be repeated.")
    save_seconds: float = resumable(60.0, "[0, inf)",
        "Save the training state this often, in addition to each epoch's end; 0: never.", "seconds")
    save_steps: int = resumable(0, range(2**53 + 1),
        "Number of steps between additional saves of the training state; 0: never.", "steps")
    base: str = step("none", str,
        "The model whose weights training adapts: latin, which comes with charloom and knows what "
        "names look like; the digest of another run; none for random weights.")
    keep_checkpoints: int = resumable(2, range(1, 1001),
        "How many of the latest training states to keep.", "states")
    refit: bool = resumable(False, bool,
        "Once held-out names have chosen the epoch, train the network again on all names, for as "
        "many epochs. The model that was measured is kept in RUN/measured.")
    canaries: int = setting(0, range(1001),
        "Add this many random strings to the training names, so that `charloom evaluate` can "
        "measure how much the model memorises of what it saw once (Carlini et al. 2019).",
        "strings")
    precision: Precision = resumable("auto", get_args(Precision),  # noqa: RUF009
        "Number format of the network's matrix products; weights and sums are float32. auto: "
        "bfloat16 where the processor has instructions for it (AMX or AVX-512 BF16), for networks "
        "of 384 units or more on JAX; otherwise float32.")
    # fmt: on

    def __post_init__(self) -> None:
        super().__post_init__()
        rule = "canaries need names, prepared as such"
        require(not self.canaries or self.preparation == "names", rule, self.preparation)
        rule = "refit needs names, some of them held out to choose the epoch by (held_out above 0)"
        received = f"{self.preparation}, held_out {self.held_out:g}"
        require(
            not self.refit or (self.preparation == "names" and self.held_out > 0), rule, received
        )

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """Build from plain data; settings of 0.1.0 that were switched off are left out."""
        return super().from_dict(current_settings(data) if isinstance(data, dict) else data)


def current_settings(training: Mapping[str, Any]) -> dict[str, Any]:
    """Return a training's settings without scheduled sampling, which only 0.1.0 had.

    Raises:
        ConfigError: it was switched on.
    """
    curve = training.get("scheduled_sampling", "none")
    require(
        curve == "none",
        "scheduled_sampling was removed after version 0.1.0: install charloom 0.1.0 to resume "
        "such a training, or start over with --force",
        curve,
    )
    return {k: v for k, v in training.items() if k not in ("scheduled_sampling", "truth")}


@dataclass(frozen=True, kw_only=True)
class SampleConfig(Config):
    """How the next character is sampled, and how long a string may be."""

    # fmt: off
    temperature: float | tuple[float, ...] = setting(1.0, "[0, 100]",
        "Divides the logits: below 1 more typical, above 1 bolder, 0 always the most likely "
        "character; 1: the model's own distribution. Several, as in 0.5,1.2, alternate along the "
        "string.")
    top_k: int | None = setting(None, range(1, 2**31 + 1),
        "Sample only from the k most likely characters.", "characters")
    top_p: float | None = setting(None, "(0, 1]",
        "Sample only from the most likely characters whose probabilities add up to p.")
    min_p: float | None = setting(None, "[0, 1]",
        "Sample only from characters at least p times as likely as the most likely one.")
    no_repeat_ngram_size: int | None = setting(None, range(1, MOST_NGRAM + 1),
        "In running text, no n characters in a row occur twice: against loops at low temperatures. "
        f"Only the last {REPEAT_WINDOW:,} characters count, the start included.", "characters")
    max_length: int | None = setting(None, range(1, MOST_LENGTH + 1),
        "Longest string, its start included. By default twice the longest training name plus 10. "
        "Longer ones are dropped, never cut.", "characters")
    seed: int = setting(0, _SEED, "Random seed: the same seed gives the same strings.")
    # fmt: on

    def _check(self, name: str, value: Any, allowed: Range, default: object) -> Any:
        if name == "temperature" and isinstance(value, tuple):
            require(len(value) > 0, "temperature must have at least one value", value)
            return tuple(checked("temperature in a cycle", one, "(0, 100]") for one in value)
        return super()._check(name, value, allowed, default)


for _class in (ModelConfig, TrainConfig, SampleConfig):
    _class.__doc__ = "\n    ".join(
        [f"{_class.__doc__}\n", "Attributes:"]
        + [f"    {field.name}: {field.metadata['help']}" for field in dataclasses.fields(_class)]
    )
