"""The figures of unique sampling and of constraints, from an n-gram of the built-in list."""

from __future__ import annotations

from functools import cache

import numpy as np

import charloom
from charloom import NameCorpus, NameModel, SampleConfig, constraints
from charloom.data.random import root_key, uniforms
from charloom.generation.constraints.values import Rules, compile_rules
from charloom.generation.search.arrivals import Arrivals, arrivals
from charloom.generation.search.guides import ConstraintGuide
from charloom.generation.search.walk import Plan
from charloom.models.sampling import Sampler

from .drawing import BLUE, FAINT, GREY, ORANGE, Drawing, axes


@cache
def ngram() -> NameModel:
    """An n-gram of the built-in list."""
    model = charloom.train(NameCorpus.builtin(), kind="ngram", seed=1)
    assert isinstance(model, NameModel)
    return model


def walk(temperature: float, draws: float) -> Arrivals:
    """The names of the n-gram that arrive before so many draws."""
    sampler = Sampler(SampleConfig(temperature=temperature, seed=1))
    prompt = np.zeros(0, np.int32)
    return arrivals(
        Plan(rnn=ngram().rnn, sampler=sampler, prompt=prompt, max_length=50), np.log(draws)
    )


def names_of(found: Arrivals) -> list[str]:
    """Their texts."""
    pieces = np.split(found.ids, np.cumsum(found.lengths)[:-1])
    return [ngram().vocabulary.decode(ids) for ids in pieces]


def unique_draws() -> Drawing:
    """Draws of a small language over time: which is each string's first."""
    shares = {"ana": 0.5, "ann": 0.2, "anna": 0.15, "nan": 0.1, "na": 0.05}
    most, horizon, left, right, top = 16, 10, 84, 408, 34
    picture = Drawing(210)

    def x(time: float) -> float:
        return left + (right - left) * time / most

    waits = -np.log1p(-uniforms(root_key(1003), 24 * len(shares))).reshape(len(shares), 24)
    times = np.cumsum(waits / np.array([*shares.values()])[:, None], axis=1)
    order = np.argsort(np.argsort(times[:, 0]))
    for row, (name, share) in enumerate(shares.items()):
        y = top + 28 * row
        picture.text(0, y + 4, name, font_weight="bold")
        picture.text(left - 14, y + 4, f"{share:.2f}", 12, anchor="end", opacity=0.8)
        picture.line([(left, y), (right, y)], **FAINT)
        for number, time in enumerate(times[row][times[row] < most]):
            first = number == 0 and time < horizon
            picture.circle(x(time), y, 9 if first else 4, **({"fill": BLUE, "stroke": BLUE} if first
                           else {"stroke": GREY}))  # fmt: skip
            if first:
                picture.text(x(time), y + 4, str(order[row] + 1), 12, anchor="middle", fill="#fff",
                             font_weight="bold")  # fmt: skip
    bottom = top + 28 * len(shares)
    picture.line([(x(horizon), 14), (x(horizon), bottom)], stroke=ORANGE, stroke_dasharray="5 4")
    picture.text(x(horizon) + 5, 16, "horizon", 12, fill=ORANGE)
    for time in range(0, most + 1, 5):
        picture.text(x(time), bottom + 14, str(time), 12, anchor="middle")
    picture.text((left + right) / 2, bottom + 32, "time, in draws", 12, anchor="middle")
    return picture


def unique_tree() -> Drawing:
    """The tree of prefixes that arrive before a horizon of eight draws."""
    found = walk(temperature=0.6, draws=8)
    rows = sorted(zip(names_of(found), np.exp(found.log_arrival), strict=True))
    step, row_height, left, top = 20, 30, 14, 20
    picture = Drawing(top + row_height * len(rows) + 8)
    place: dict[str, tuple[float, float]] = {"": (left, top)}
    nodes = []
    for row, (name, arrival) in enumerate(rows):
        y = top + row_height * row
        for length in range(1, len(name) + 1):
            prefix, before = name[:length], place[name[: length - 1]]
            if prefix not in place:
                place[prefix] = here = (left + step * length, y)
                if before[1] != y or not prefix[1:]:
                    down = before[1] + (10 if before[0] > left else 0)
                    corner = [(before[0], down), (before[0], y), (here[0] - 9, y)]
                    picture.line(corner, stroke=GREY, stroke_width=1)
                nodes.append((here, name[length - 1]))
        end = left + step * (len(name) + 1)
        picture.text(end - 6, y + 5, f"{arrival:.2f}", 13, fill=BLUE, font_weight="bold")
    for (x, y), letter in nodes:
        picture.text(x, y + 5, letter, 15, anchor="middle")
    picture.circle(left, top, 4, fill="currentColor")
    assert len(place) == found.steps  # one step of the model for each prefix
    return picture


def unique_cost() -> Drawing:
    """How many draws it takes to see n different names, by temperature."""
    box = left, top, right, bottom = 54, 34, 340, 250
    picture = Drawing(290)

    def place(n: float, draws: float) -> tuple[float, float]:
        x = left + (right - left) * np.log10(n) / 4
        return x, bottom - (bottom - top) * np.log10(draws) / 5

    powers = ["1", "10", "100", "1,000", "10,000", "100,000"]
    xs = [(place(10**k, 1)[0], powers[k]) for k in range(5)]
    ys = [(place(1, 10**k)[1], powers[k]) for k in range(6)]
    axes(picture, box, xs, ys, ("different names", "draws with replacement"))
    for temperature, colour, dashes in ((0.3, ORANGE, None), (0.5, BLUE, None), (1.0, GREY, "6 3")):
        times = np.sort(np.exp(walk(temperature, 60_000).log_arrival))
        counts = np.unique(np.geomspace(5, len(times), 24).astype(int))
        counts = counts[counts <= 10_000]
        points = [place(n, max(1, times[n - 1])) for n in counts]
        picture.line(points, stroke=colour, stroke_width=2.5, stroke_dasharray=dashes)
        x, y = points[-1]
        picture.text(x + 6, y + 4 + 8 * (temperature == 1), f"at {temperature}", 12, fill=colour)
    return picture


def guide_of(rules: Rules, most: int) -> ConstraintGuide:
    """The guide of constraints for the n-gram's names of at most ``most`` characters."""
    compiled = compile_rules(rules, ngram().vocabulary, most)
    assert compiled.automaton is not None
    return ConstraintGuide(compiled.automaton, compiled.least, compiled.most)


def constraints_automaton() -> Drawing:
    """The automaton of ``End("us")``, and which of its states can still succeed."""
    most = 6
    guide = guide_of(constraints.End("us") & constraints.Length(0, most), most)
    size, letters = guide.automaton.size, ngram().vocabulary.characters
    labels: dict[tuple[int, int], list[str]] = {}
    for ids in range(1, len(guide.classes)):
        for state in range(size):
            edge = (state, int(guide.automaton.table[state, guide.classes[ids]]))
            labels.setdefault(edge, []).append(letters[ids - 1])
    picture = Drawing(318)
    xs, y, r = [60, 210, 360], 84, 22
    for (a, b), read in labels.items():
        label = ", ".join(read) if len(read) < 3 else "others"
        if a == b:
            picture.curve(f"M{xs[a] - 9},{y - 20} C{xs[a] - 26},{y - 62} {xs[a] + 26},{y - 62} "
                          f"{xs[a] + 9},{y - 20}")  # fmt: skip
            picture.arrow(xs[a] + 9, y - 20, -0.35, 0.94)
            picture.text(xs[a], y - 57, label, 12, anchor="middle")
        elif b > a:
            picture.line([(xs[a] + r, y), (xs[b] - r, y)])
            picture.arrow(xs[b] - r, y, 1, 0)
            picture.text((xs[a] + xs[b]) / 2, y - 7, label, 12, anchor="middle")
        else:
            deep = 40 * (a - b)
            picture.curve(f"M{xs[a] - 8},{y + 21} C{xs[a] - 30},{y + 21 + deep} "
                          f"{xs[b] + 30},{y + 21 + deep} {xs[b] + 8},{y + 21}")  # fmt: skip
            picture.arrow(xs[b] + 8, y + 21, -0.5, -0.87)
            picture.text((xs[a] + xs[b]) / 2, y + 17 + 0.75 * deep, label, 12, anchor="middle")
    for state, name in enumerate(("…", "…u", "…us")[:size]):
        ends = bool(guide.automaton.accepting[state])
        picture.circle(xs[state], y, r, stroke=BLUE if ends else "currentColor", stroke_width=2)
        if ends:
            picture.circle(xs[state], y, r - 4, stroke=BLUE)
        picture.text(xs[state], y + 5, name, 14, anchor="middle")
    top, left, cell = 228, 110, 40
    for length in range(most + 1):
        picture.text(left + cell * (length + 0.5), top - 6, str(length), 12, anchor="middle")
    picture.text(0, top - 6, "letters read", 12)
    for state, name in enumerate(("…", "…u", "…us")[:size]):
        picture.text(0, top + 20 + 28 * state, f"in state {name}", 12)
        for length in range(most + 1):
            x, y = left + cell * length + 2, top + 28 * state + 2
            may = bool(guide.possible[length, state])
            look = {"fill": BLUE} if may else {"fill": "none", "stroke": GREY, "stroke_width": 1}
            picture.box(x, y, cell - 4, 24, rx=4, **look)
            if not may:
                picture.line([(x + 13, y + 7), (x + 23, y + 17)], stroke=GREY)
                picture.line([(x + 13, y + 17), (x + 23, y + 7)], stroke=GREY)
    return picture


def masked_lengths(guide: ConstraintGuide, n: int) -> list[int]:
    """Lengths of names that are sampled letter by letter, with what is forbidden left out."""
    rng, rnn, found = np.random.default_rng(0), ngram().rnn, []
    carry, ids = rnn.initial_carry(n), np.zeros(n, np.int32)
    states = np.full(n, guide.root[0], np.int32)
    for length in range(guide.most + 1):
        logits, after = rnn.step(ids, carry)
        p = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
        p *= guide.estimates(np.full(len(ids), length), states, states)
        p /= p.sum(axis=1, keepdims=True)
        ids = (p.cumsum(axis=1) > rng.random((len(ids), 1))).argmax(axis=1).astype(np.int32)
        longer = ids > 0
        found += [length] * int((~longer).sum())
        ids, carry = ids[longer], after[:, longer]
        states = guide.table[states[longer], guide.classes[ids]]
    return found


def constraints_lengths() -> Drawing:
    """How long names with a z are: real ones, ours, and those of masking."""
    most, n = 40, 1000
    wanted = constraints.Contains("z") & constraints.Length(1, most)
    ours = [len(sample.text) for sample in ngram().stream(n, seed=1, rules=wanted)]
    masked = masked_lengths(guide_of(wanted, most), n)
    real = [len(name) for name in NameCorpus.builtin().names if "z" in name]
    box = left, top, right, bottom = 44, 62, 412, 230
    picture = Drawing(272)
    edges = np.arange(0.5, most + 1, 5)
    width = (right - left) / (len(edges) - 1)
    shares = [np.histogram(lengths, edges)[0] / len(lengths) for lengths in (real, ours, masked)]
    xs = [(left + width * (k + 0.5), f"{5 * k + 1}–{5 * k + 5}") for k in range(len(edges) - 1)]
    ys = [
        (bottom - (bottom - top) * share, f"{100 * share:.0f} %")
        for share in (0, 0.25, 0.5, 0.75, 1)
    ]
    axes(picture, box, xs, ys, ("letters in the name", ""))
    for number, (label, share, colour) in enumerate(
        zip(
            ("real names", "charloom", "a mask, letter by letter"),
            shares,
            (GREY, BLUE, ORANGE),
            strict=True,
        )
    ):
        picture.box((44, 150, 245)[number], 8, 12, 12, fill=colour)
        picture.text((44, 150, 245)[number] + 17, 19, label, 12)
        for k, value in enumerate(share):
            height = (bottom - top) * value
            x = left + width * k + 4 + 12.5 * number
            picture.box(x, bottom - height, 12, height, fill=colour)
    return picture
