"""Configurations of models, training and sampling: frozen values that validate themselves."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

from .errors import ConfigError

Cell = Literal["gru", "lstm", "rnn"]
Unit = Literal["character", "grapheme"]
Preparation = Literal["names", "tutorial", "text"]
Part = Literal["embedding", "recurrent"]
Kind = Literal["network", "mixture", "ngram", "unigram", "uniform"]

MOST_ORDER = 8
"""The largest order of an n-gram."""

MOST_LABELS = 65536
"""The largest number of labels of a model."""


def _require(condition: bool, rule: str, value: object) -> None:
    if not condition:
        raise ConfigError(f"{rule}. Received: {value}")


def _whole(name: str, value: object, low: int, high: int) -> None:
    good = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
    _require(good, f"{name} must be a whole number from {low} to {high}", value)


def _truth(name: str, value: object) -> None:
    _require(isinstance(value, bool), f"{name} must be true or false", value)


def _number(name: str, value: object, rule: str, good: bool) -> None:
    _require(
        isinstance(value, int | float) and not isinstance(value, bool) and good,
        f"{name} must {rule}",
        value,
    )


class _Config:
    """Shared by the configurations: conversion to and from plain data, and copies with changes."""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain data that JSON can hold."""
        fields = dataclasses.asdict(self)  # type: ignore[call-overload]
        return {k: list(v) if isinstance(v, tuple) else v for k, v in fields.items()}

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """Create the configuration from plain data, as read from JSON.

        Raises:
            ConfigError: ``data`` is not a dictionary, has an unknown field, lacks a field without
                default, or has a value out of range.
        """
        if not isinstance(data, dict):
            raise ConfigError(f"{cls.__name__} must be a JSON object. Received: {data!r:.60}")
        known = sorted(field.name for field in dataclasses.fields(cls))  # type: ignore[arg-type]
        if unknown := sorted(set(data) - set(known)):
            raise ConfigError(f"{cls.__name__} has no field {unknown[0]!r}. It has: {known}")
        try:
            return cls(**data)
        except TypeError as error:
            raise ConfigError(f"{cls.__name__} is incomplete or mistyped: {error}") from error

    def replace(self, **changes: Any) -> Self:
        """Return a validated copy with some fields changed."""
        return dataclasses.replace(self, **changes)  # type: ignore[type-var]


@dataclass(frozen=True, kw_only=True)
class ModelConfig(_Config):
    """The architecture: embedding, recurrent layers of one cell, dense logits; or a baseline.

    Attributes:
        kind: ``network``; ``ngram``, ``unigram`` or ``uniform``, which are fitted by counting; or
            ``mixture``, a network interpolated with an n-gram.
        order: n of the n-gram, which sees the n - 1 characters before; 0: chosen by the held-out
            loss.
        cell: ``gru`` (with Keras' ``reset_after=True``), ``lstm`` or ``rnn`` (tanh).
        units: hidden size H of each recurrent layer.
        layers: number of recurrent layers L.
        embedding: embedding size E.
        dropout: fraction of each recurrent layer's outputs that is dropped in training.
        begin: whether names begin with the boundary symbol, so that the model predicts their first
            character; without it, as in the tutorial, every string needs a start.
        labels: number K of labels, each with a vector that is added to the embedding of every
            character; 0 for a model without labels.
        text: whether the model is of text, which has no end, instead of names.
    """

    cell: Cell = "gru"
    units: int = 256
    layers: int = 1
    embedding: int = 64
    dropout: float = 0.5
    begin: bool = True
    labels: int = 0
    text: bool = False
    kind: Kind = "network"
    order: int = 0

    def __post_init__(self) -> None:
        _require(self.kind in get_args(Kind), f"kind must be one of {get_args(Kind)}", self.kind)
        _whole("order", self.order, 0, MOST_ORDER)
        _require(
            not self.order or self.kind in ("ngram", "mixture"),
            "order is for the kinds ngram and mixture",
            self.order,
        )
        _require(self.cell in get_args(Cell), f"cell must be one of {get_args(Cell)}", self.cell)
        _whole("units", self.units, 1, 16384)
        _whole("layers", self.layers, 1, 16)
        _whole("embedding", self.embedding, 1, 16384)
        _number("dropout", self.dropout, "lie in [0, 1)", 0 <= self.dropout < 1)
        _truth("begin", self.begin)
        _whole("labels", self.labels, 0, MOST_LABELS)
        _truth("text", self.text)
        _require(not self.text or self.begin, "text must have begin, its begin-of-text", self.begin)
        _require(not self.text or not self.labels, "text has no labels", self.labels)
        _require(
            not self.labels or self.kind == "network",
            "a model with labels must be of the kind network",
            self.kind,
        )
        _require(
            self.begin or self.kind == "network",
            "a model without begin must be of the kind network",
            self.kind,
        )

    @property
    def has_network(self) -> bool:
        """Whether the model has a network, which is trained step by step."""
        return self.kind in ("network", "mixture")

    @property
    def has_ngram(self) -> bool:
        """Whether the model has an n-gram, which is fitted by counting."""
        return self.kind != "network"


@dataclass(frozen=True, kw_only=True)
class TrainConfig(_Config):
    """How a model is trained.

    Attributes:
        epochs: largest number of passes over the training data; early stopping may end sooner.
        batch_size: B, names for each step, or streams of text that are read side by side.
        learning_rate: the peak of the schedule.
        warmup: fraction of the schedule in which the rate rises linearly from 0 to its peak.
        final: the final rate as a fraction of the peak, reached along a half cosine.
        weight_decay: decoupled weight decay of AdamW (Loshchilov and Hutter 2019, algorithm 2).
        clip_norm: the largest global norm of the gradient.
        patience: epochs without a better held-out loss after which training stops; 0: never.
        held_out: fraction of the names that is held out, or of the text, at its end; 0: none.
        seconds: wall-clock budget, to which the schedule is fitted; ``None``: no limit.
        seed: random seed of the split, the initial weights, the batches and dropout.
        preparation: ``names`` masks the padding and sorts names by length into buckets;
            ``tutorial`` pads every name to the longest, counts padding in the loss, drops an
            incomplete batch, keeps the carry from batch to batch within an epoch, and starts from
            Keras' initial weights; ``text`` reads B streams window by window, and keeps the carry.
        window: T, characters for each step of a stream (truncated back-propagation); text only.
        keep_epochs: save the model of every so many epochs, and of the last, under the epoch's
            number; 0: none.
        label_dropout: fraction of the names that are trained on without their label, so that the
            model can also be used without one.
        freeze: parts of the model that are not trained: ``embedding``, ``recurrent``.
        save_seconds: seconds between saves of the training state, besides the end of each epoch;
            0: never.
        save_steps: steps between further saves; 0: never.
        keep_checkpoints: number of the latest training states that are kept.
        canaries: number of random strings added to the training names, to measure how much can be
            extracted from the model of what it was trained on (Carlini et al. 2019).
    """

    epochs: int = 15
    batch_size: int = 32
    learning_rate: float = 3e-3
    warmup: float = 0.05
    final: float = 0.02
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    patience: int = 5
    held_out: float = 0.1
    seconds: float | None = None
    seed: int = 0
    preparation: Preparation = "names"
    keep_epochs: int = 0
    label_dropout: float = 0.1
    window: int = 64
    freeze: tuple[Part, ...] = ()
    save_seconds: float = 60.0
    save_steps: int = 0
    keep_checkpoints: int = 2
    canaries: int = 0

    def __post_init__(self) -> None:
        ways = get_args(Preparation)
        _require(self.preparation in ways, f"preparation must be one of {ways}", self.preparation)
        rate = self.label_dropout
        _number("label_dropout", rate, "lie in [0, 1)", 0 <= rate < 1)
        _whole("keep_epochs", self.keep_epochs, 0, 1_000_000)
        _whole("window", self.window, 2, 65536)
        self._check_freeze()
        every = self.save_seconds
        _number("save_seconds", every, "be 0 (never) or above, and finite", 0 <= every < math.inf)
        _whole("save_steps", self.save_steps, 0, 2**53)
        _whole("keep_checkpoints", self.keep_checkpoints, 1, 1000)
        _whole("canaries", self.canaries, 0, 1000)
        _require(
            not self.canaries or self.preparation == "names",
            "canaries need names, prepared as such",
            self.preparation,
        )
        _whole("epochs", self.epochs, 1, 1_000_000)
        _whole("batch_size", self.batch_size, 1, 65536)
        rate = self.learning_rate
        _number("learning_rate", rate, "be above 0 and at most 10", 0 < rate <= 10)
        _number("warmup", self.warmup, "lie in [0, 1)", 0 <= self.warmup < 1)
        _number("final", self.final, "lie in [0, 1]", 0 <= self.final <= 1)
        _number("weight_decay", self.weight_decay, "lie in [0, 10]", 0 <= self.weight_decay <= 10)
        clip = self.clip_norm
        _number("clip_norm", clip, "be above 0 and finite", 0 < clip < math.inf)
        _whole("patience", self.patience, 0, 1_000_000)
        _number("held_out", self.held_out, "lie in [0, 0.9]", 0 <= self.held_out <= 0.9)
        if self.seconds is not None:
            seconds = self.seconds
            _number("seconds", seconds, "be above 0 and finite", 0 < seconds < math.inf)
        _whole("seed", self.seed, 0, 2**63 - 1)

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """Build from plain data; settings of 0.1.0 that were switched off are left out."""
        return super().from_dict(current_settings(data) if isinstance(data, dict) else data)

    def _check_freeze(self) -> None:
        parts = get_args(Part)
        _require(isinstance(self.freeze, list | tuple), "freeze must be a list", self.freeze)
        object.__setattr__(self, "freeze", tuple(self.freeze))  # a list, as from JSON
        for part in self.freeze:
            _require(part in parts, f"freeze must name parts of {parts}", part)


def current_settings(training: Mapping[str, Any]) -> dict[str, Any]:
    """Return a training's settings without scheduled sampling, which only 0.1.0 had.

    Raises:
        ConfigError: it was switched on.
    """
    curve = training.get("scheduled_sampling", "none")
    _require(
        curve == "none",
        "scheduled_sampling was removed after version 0.1.0: install charloom 0.1.0 to resume "
        "such a training, or start over with --force",
        curve,
    )
    return {k: v for k, v in training.items() if k not in ("scheduled_sampling", "truth")}


@dataclass(frozen=True, kw_only=True)
class SampleConfig(_Config):
    """How the next character is sampled, and how long a string may be.

    Attributes:
        temperature: divides the logits; 1 is the model's own distribution, 0 is greedy. Several
            alternate along the string, counted from its first character, including the start.
        top_k: keep only the k most likely characters; ``None`` keeps all.
        top_p: keep the fewest characters whose probabilities add up to p (nucleus).
        min_p: keep characters of at least min_p times the most likely one's probability.
        max_length: longest string, in characters, including the start; ``None``: the model's own
            limit. A longer string is dropped, never cut.
        seed: random seed.
    """

    temperature: float | tuple[float, ...] = 1.0
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    max_length: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        self._check_temperature()
        if self.top_k is not None:
            _whole("top_k", self.top_k, 1, 2**31)
        if self.top_p is not None:
            _number("top_p", self.top_p, "lie in (0, 1]", 0 < self.top_p <= 1)
        if self.min_p is not None:
            _number("min_p", self.min_p, "lie in [0, 1]", 0 <= self.min_p <= 1)
        if self.max_length is not None:
            _whole("max_length", self.max_length, 1, 1_000_000)
        _whole("seed", self.seed, 0, 2**63 - 1)

    def _check_temperature(self) -> None:
        heat = self.temperature
        if not isinstance(heat, list | tuple):
            rule = "be 0 (greedy) or above, and at most 100"
            _number("temperature", heat, rule, 0 <= heat <= 100)
            return
        object.__setattr__(self, "temperature", tuple(heat))  # a list, as from JSON
        _require(len(heat) > 0, "temperature must have at least one value", heat)
        for one in heat:
            _number("temperature", one, "be above 0 in a cycle, and at most 100", 0 < one <= 100)
