"""The figures of the mixture and of resuming, from trainings on the built-in list."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import charloom
from charloom import NameCorpus, Run
from charloom.models import gates
from charloom.models.interface import Recurrence
from charloom.models.log_linear import EXPONENTS, LogLinearMixture
from charloom.models.ngram.contexts import FAMILIES, SOUNDS
from charloom.models.ngram.counts import stream_of
from charloom.models.scoring.logits import target_log_probabilities
from charloom.training.context_ngram import ORDER
from charloom.training.events import Evaluated, Step

from .drawing import BLUE, FAINT, GREY, ORANGE, WIDTH, Drawing, axes

PREFIX = "Bron"
"""What the next letter is predicted of."""


@cache
def default() -> Run:
    """A default run of the built-in list, as it was measured on its held-out names."""
    with tempfile.TemporaryDirectory() as folder:
        charloom.train(NameCorpus.builtin(), seed=0, out=Path(folder) / "run")
        run = Run.open(Path(folder) / "run").measured
        assert run.held_out_names  # read before the folder is gone
    return run


def mixture() -> LogLinearMixture:
    """Its model."""
    rnn = charloom.load(default()).rnn
    assert isinstance(rnn, LogLinearMixture)
    return rnn


LABELS = (
    "the two before the last",
    "the last, the sounds of six",
    "the last, the length",
    "the length alone",
    "the first two, the last",
    "the last, the word’s length",
    "the word’s first two, the last",
    "the sounds of six",
)
"""What each family of contexts sees."""


def seen_by(family: tuple[str, ...], word: str) -> dict[int, str]:
    """Return which letters of ``word`` a context has."""
    seen: dict[int, str] = {}
    if "sounds" in family:
        seen = dict.fromkeys(range(len(word) - SOUNDS, len(word)), "sound")
    for column in family:
        if column in ("last", "second", "third"):
            seen[len(word) - 1 - ("last", "second", "third").index(column)] = "letter"
        elif column in ("s1", "s2", "w1", "w2"):
            seen[int(column[1]) - 1] = "letter"
    return seen


def mixture_contexts() -> Drawing:
    """What the n-gram sees of a beginning, in each of its contexts."""
    word, cell, left, height = "Tyrannos", 22, 4, 27
    chain = dict.fromkeys(range(len(word) - ORDER + 1, len(word)), "letter")
    rows = [(chain, f"the last {ORDER - 1}, or fewer")]
    rows += [(seen_by(f, word), label) for f, label in zip(FAMILIES, LABELS, strict=True)]
    picture = Drawing(56 + height * len(rows))
    for k, letter in enumerate(word + "?"):
        picture.text(left + cell * (k + 0.5), 20, letter, 15, anchor="middle", font_weight="bold")
    looks = {"letter": {"fill": BLUE}, "sound": {"fill": BLUE, "fill_opacity": 0.4}}
    none = {"fill": "none", "stroke": GREY, "stroke_width": 0.7}
    for row, (seen, label) in enumerate(rows):
        y = 32 + height * row
        for k in range(len(word)):
            look = looks.get(seen.get(k, ""), none)
            picture.box(left + cell * k + 1.5, y, cell - 3, height - 6, rx=3, **look)
        picture.text(left + cell * (len(word) + 1) + 8, y + 15, label, 13)
    y = 36 + height * len(rows)
    picture.box(left, y, 13, 13, rx=2, **looks["letter"])
    picture.text(left + 19, y + 11, "the letter", 12)
    picture.box(left + 100, y, 13, 13, rx=2, **looks["sound"])
    picture.text(left + 119, y + 11, "only whether vowel or consonant", 12)
    return picture


def next_of(rnn: Recurrence) -> NDArray[np.float64]:
    """The probabilities of what follows PREFIX, (V,)."""
    carry = rnn.initial_carry(1)
    for letter in [0, *default().vocabulary.encode(PREFIX)]:
        logits, after = rnn.step(np.array([letter]), carry)
        carry = after.copy()
    p: NDArray[np.float64] = np.exp(logits[0] - np.logaddexp.reduce(logits[0]))
    return p


def mixture_next() -> Drawing:
    """What network, n-gram and mixture expect after a beginning."""
    mixed = mixture()
    parts = {"network": mixed.network, "n-gram": mixed.ngram, "mixture": mixed}
    found = [next_of(rnn) for rnn in parts.values()]
    best = np.argsort(-found[-1])[:6]
    box = left, top, right, bottom = 44, 62, 412, 230
    picture = Drawing(272)
    width = (right - left) / len(best)
    highest = 0.8
    letters = default().vocabulary.characters
    xs = [(left + width * (k + 0.5), letters[i - 1] if i else "end") for k, i in enumerate(best)]
    ys = [
        (bottom - (bottom - top) * p / highest, f"{100 * p:.0f} %") for p in (0, 0.2, 0.4, 0.6, 0.8)
    ]
    axes(picture, box, xs, ys, (f"the next letter after “{PREFIX}”", ""))
    for number, (name, colour) in enumerate(zip(parts, (GREY, ORANGE, BLUE), strict=True)):
        picture.box(44 + 110 * number, 8, 12, 12, fill=colour)
        picture.text(61 + 110 * number, 19, name, 12)
        for k, i in enumerate(best):
            tall = (bottom - top) * float(found[number][i]) / highest
            picture.box(left + width * k + 8 + 15.5 * number, bottom - tall, 14, tall, fill=colour)
    return picture


def mixture_weights() -> Drawing:
    """The held-out loss by the weight of the n-gram, for both ways to mix."""
    run, mixed = default(), mixture()
    assert run.held_out_names
    stream = stream_of(*run.vocabulary.encode_all(run.held_out_names))
    network, targets = target_log_probabilities(mixed.network, stream, 10**6)
    ngram, _ = target_log_probabilities(mixed.ngram, stream, 10**6)
    here = np.arange(len(targets))

    def product(a: float, b: float) -> float:
        logits = a * network + b * ngram
        logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return -float(logits[here, targets].mean())

    def mean(s: float) -> float:
        of_both = (1 - s) * np.exp(network[here, targets]) + s * np.exp(ngram[here, targets])
        return -float(np.log(of_both).mean())

    shares = np.linspace(0, 1, 21)
    curves = [[mean(s) for s in shares], [product(1 - s, s) for s in shares]]
    losses = np.concatenate([*curves, [min(curves[1]) - 0.02]])
    low, high = np.floor(losses.min() * 50) / 50, np.ceil(losses.max() * 50) / 50
    box = left, top, right, bottom = 48, 40, 406, 240
    picture = Drawing(280)

    def place(share: float, nats: float) -> tuple[float, float]:
        x = left + (right - left) * share
        return x, bottom - (bottom - top) * (nats - low) / (high - low)

    xs = [(place(s, low)[0], f"{s:g}") for s in (0, 0.25, 0.5, 0.75, 1)]
    ys = [(place(0, n)[1], f"{n:.2f}") for n in np.arange(low, high + 0.01, 0.02)]
    axes(picture, box, xs, ys, ("weight of the n-gram (1 − weight of the network)",
                                "held-out loss, nats a character"))  # fmt: skip
    looks = ((ORANGE, "probabilities", "6 3"), (BLUE, "logarithms", None))
    for number, ((colour, name, dashes), curve) in enumerate(zip(looks, curves, strict=True)):
        picture.line([place(s, n) for s, n in zip(shares, curve, strict=True)], stroke=colour,
                     stroke_width=2.5, stroke_dasharray=dashes)  # fmt: skip
        y = top + 20 + 20 * number
        picture.line([(left + 110, y - 4), (left + 135, y - 4)], stroke=colour, stroke_width=2.5,
                     stroke_dasharray=dashes)  # fmt: skip
        picture.text(left + 142, y, f"weighted mean of {name}", 12)
    a, b = gates.mean(run.saved.weights[EXPONENTS])
    by_context, _ = target_log_probabilities(mixed, stream, 10**6)
    x, y = place(b / (a + b), -float(by_context[here, targets].mean()))
    picture.circle(x, y, 5, fill=BLUE, stroke="none")
    picture.text(x, y + 19, f"chosen: {a:.2f} and {b:.2f} on average", 12, anchor="middle")
    return picture


def losses_of(out: Path | None = None, until: int = 0, resume: bool = False) -> dict[int, float]:
    """Train a small network, up to a step, and return the held-out loss after each epoch."""
    found: dict[int, float] = {}
    names = NameCorpus.builtin().names[::5]
    settings = {"kind": "network", "units": 32, "epochs": 12, "base": "none", "seed": 1}
    events = charloom.fit(names, out=out, resume=resume, save_steps=10, **settings)  # type: ignore
    for event in events:
        if isinstance(event, Evaluated) and event.held_out_nats_per_char:
            found[event.epoch] = event.held_out_nats_per_char
        if isinstance(event, Step) and event.step == until:
            break
    return found


def resume_losses() -> Drawing:
    """The loss of a training that is interrupted and resumed, over that of one that is not."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        whole = losses_of()
        before = losses_of(out, until=100)
        after = losses_of(out, resume=True)
    assert {**before, **after} == whole  # to the last bit
    box = left, top, right, bottom = 44, 40, 406, 230
    picture = Drawing(272)
    low, high = 1.8, 3.4

    def place(epoch: float, nats: float) -> tuple[float, float]:
        x = left + (right - left) * epoch / max(whole)
        return x, bottom - (bottom - top) * (nats - low) / (high - low)

    xs = [(place(epoch, low)[0], str(epoch)) for epoch in range(0, max(whole) + 1, 2)]
    ys = [(place(0, nats)[1], f"{nats:.1f}") for nats in np.arange(low, high + 0.1, 0.4)]
    axes(picture, box, xs, ys, ("epoch", "held-out loss, nats a character"))
    looks = (
        (whole, GREY, 8, "never interrupted"),
        (before, ORANGE, 3, "killed during the sixth epoch"),
        (after, BLUE, 3, "resumed"),
    )
    for number, (losses, colour, width, label) in enumerate(looks):
        style = {"stroke": colour, "stroke_width": width, "stroke_opacity": 0.5 if width > 3 else 1}
        picture.line([place(*one) for one in losses.items()], **style)
        for one in losses.items():
            if width == 3:
                picture.circle(*place(*one), 4, fill=colour, stroke="none")
        y = top + (20, 38, 66)[number]
        picture.line([(196, y - 4), (222, y - 4)], **style)
        picture.text(228, y, label, 12)
    return picture


def resume_save() -> Drawing:
    """Which files a folder holds at each moment of a save, and what a reader makes of them."""
    moments = ("before", "1. write", "2. commit", "3. rename")
    rows = {
        "model.safetensors": ("old", "old", "old", "new"),
        "the same, aside": ("", "new", "new", ""),
        "model.json (index)": ("old", "old", "new", "new"),
        "what is read": ("old", "old", "new", "new"),
    }
    picture = Drawing(212)
    left, cell = 128, 73
    for column, moment in enumerate(moments):
        picture.text(left + cell * (column + 0.5), 18, moment, 12, anchor="middle")
    for row, (name, held) in enumerate(rows.items()):
        y = 32 + 38 * row + 14 * (row == 3)
        weight = "bold" if row == 3 else None
        picture.text(0, y + 20, name, 12, font_weight=weight)
        for column, state in enumerate(held):
            x = left + cell * column + 3
            looks = {"new": {"fill": BLUE}, "old": {"fill": GREY, "fill_opacity": 0.6}}
            none = {"fill": "none", "stroke": GREY, "stroke_dasharray": "3 3"}
            picture.box(x, y, cell - 6, 30, rx=4, **looks.get(state, none))
            picture.text(x + (cell - 6) / 2, y + 20, state, 13, anchor="middle",
                         font_weight=weight)  # fmt: skip
    picture.line([(0, 151), (WIDTH, 151)], **FAINT)
    return picture
