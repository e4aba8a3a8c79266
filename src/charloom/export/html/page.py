"""The page: its code, its style and the model, in one file that asks nobody for anything."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable
from html import escape
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..._version import __version__
from ...config import NAMES_TEMPERATURE, SampleConfig
from ...data.tokens import Tokens
from ...errors import ConfigError
from ...generation.names import GUIDANCE
from ...generation.novelty import normalised
from ...models.sampling import Sampler
from ..place import write
from .measure import MOST_CHANGE, change
from .packing import Precision, deflated, pack_arrays, pack_names

if TYPE_CHECKING:
    from ...run import Run

ENGINE = (
    "random", "numbers", "heap", "network", "ngram", "recent", "model", "unpack", "vocabulary",
    "guide", "lookahead", "search", "generator",
)  # fmt: skip
"""The modules that generate, each after those that it imports."""

PAGE = ("dom", "letters", "list", "naming", "writing", "main")
"""The modules of the page itself, likewise."""

LARGEST_KEY = 2**53

MOST_BIGRAMS = 512
"""The largest vocabulary whose bigrams are in the page."""


def write_html(
    run: Run, out: Path, *, names: bool = True, weights: Precision = "int8"
) -> tuple[str, ...]:
    """Write a page that generates what ``run`` does, offline.

    Args:
        run: the trained model.
        out: the file.
        names: whether it holds the training list, in which it looks up which names are new.
        weights: how the network's weights are stored; the n-gram's are stored exactly. ``int8``
            becomes ``float16`` unless the loss on held-out strings is measured, and changes by
            less than ``MOST_CHANGE`` nats a character.

    Returns:
        lines that whoever passes the page on should read.

    Raises:
        ConfigError: the vocabulary is too large.
        RunError: the file cannot be written.
    """
    if weights == "int8":
        moved = change(run, weights)
        if moved is None or abs(moved) >= MOST_CHANGE:
            weights = "float16"
    write(out, page(run, names=names, weights=weights).encode())
    notes = []
    if not names and not run.is_text:
        notes.append("the page cannot tell which names are new: it has no training list")
    return tuple(notes)


def page(run: Run, *, names: bool, weights: Precision) -> str:
    """Return the page; arguments are those of ``write_html``."""
    script = bundle((*ENGINE, *PAGE))
    style = "\n".join(line.strip() for line in _asset("page.css").splitlines())
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {_hash(script)}",
            f"style-src {_hash(style)}",
            "img-src data:",
            "form-action 'none'",
            "base-uri 'none'",
        )
    )
    header, arrays, known = packed(run, names=names, weights=weights)
    fields = {
        "policy": policy,
        "title": escape(header["title"]),
        "style": style,
        # In a data block, only the end tag and comments mean anything to HTML.
        "header": json.dumps(header, ensure_ascii=False).replace("<", "\\u003c"),
        "arrays": base64.b64encode(arrays).decode(),
        "names": base64.b64encode(known).decode(),
        "script": script,
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda found: fields[found[1]], _asset("page.html"))


def packed(run: Run, *, names: bool, weights: Precision) -> tuple[dict[str, Any], bytes, bytes]:
    """Return what the page knows of the model: its header, its arrays, and its training names.

    Raises:
        ConfigError: the vocabulary is too large for the page's numbers.
    """
    config, vocabulary, facts = run.config, run.vocabulary, run.facts
    if config.smoothing == "fitted":
        from ...models.ngram.contexts import Keyring

        if int(Keyring(vocabulary.size).layout()[1][-1]) >= LARGEST_KEY:
            raise ConfigError(
                f"a page takes vocabularies of up to about 160,000 characters. Received: "
                f"{vocabulary.size:,}"
            )
    arrays = dict(run.weights)
    if not run.is_text and config.begin and vocabulary.size <= MOST_BIGRAMS:
        arrays |= look_ahead(run, known=names)
    described, data = pack_arrays(config, arrays, weights)
    unit = vocabulary.token_unit
    known: Iterable[str] = ()
    trained = [*run.training_set, *run.held_out_names] if run.training_set else []
    if names and not run.is_text:
        known = normalised(frozenset(trained))
    header = {
        "version": __version__,
        "title": run.path.resolve().name,
        "text": run.is_text,
        "names": bool(names and trained and not run.is_text),
        "count": facts.train_size,
        "labels": run.labels,
        "guidance": GUIDANCE,
        "temperature": 1.0 if run.is_text else NAMES_TEMPERATURE,
        "longest": facts.longest or 50,
        "config": config.to_dict(),
        "vocabulary": {
            "unit": "token" if isinstance(unit, Tokens) else unit,
            "characters": vocabulary.characters,
            "unknown": vocabulary.has_unknown,
        },
        "arrays": described,
    }
    return header, deflated(data), deflated(pack_names(known))


def look_ahead(run: Run, *, known: bool) -> dict[str, NDArray[Any]]:
    """Return by what the page looks ahead.

    The model as bigrams, (V, V), and odds of the end, (T,); and strings that it samples, one after
    the other, each with an end, and how many draws each stands for. ``known``: with those that
    it was trained on.
    """
    from ...api import model_of
    from ...generation.search.lookahead import Trials
    from ...generation.search.walk import Plan

    model = model_of(run.saved)
    listed = {*(run.training_set or ()), *run.held_out_names}
    longest = 2 * (run.facts.longest or 50) + 10
    sampler = Sampler(SampleConfig(temperature=NAMES_TEMPERATURE))
    plan = Plan(rnn=model.rnn, sampler=sampler, prompt=np.zeros(0, np.int32), max_length=longest)
    trials = Trials.of(plan, longest)
    ngram = trials.contexts(order=1, most=run.vocabulary.size + 1)
    strings = [row[:length] for row, length in zip(trials.ids, trials.lengths, strict=True)]
    kept = [known or run.vocabulary.decode(one) not in listed for one in strings]
    return {
        "page.trials": np.concatenate(
            [np.append(s, 0) for s, k in zip(strings, kept, strict=True) if k]
        ),
        "page.draws": trials.weights[kept].astype(np.float32),
        "page.bigrams": ngram.probabilities[ngram.after[0]].astype(np.float32),
        "page.odds": ngram.end_odds(longest).astype(np.float32),
    }


def bundle(modules: Iterable[str]) -> str:
    """Return JavaScript modules as one script: without what they import from each other."""
    parts = []
    for name in modules:
        source = _asset(f"{name}.js")
        source = re.sub(r"^import [^;]*;\n", "", source, flags=re.M)
        parts.append(re.sub(r"^export ", "", source, flags=re.M))
    return "\n".join(parts)


def _asset(name: str) -> str:
    return resources.files(__package__).joinpath("page", name).read_text("utf-8")


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
