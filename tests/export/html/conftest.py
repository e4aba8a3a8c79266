"""What the tests of exported pages share: the page's engine in Node.js, and runs of every kind."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from charloom import NameCorpus, TextCorpus, train
from charloom.export.html.page import ENGINE, bundle, packed
from charloom.models.rnn.shapes import weight_shapes
from charloom.run import Run, save_model

EXPONENTS = {
    "names": [[0.6, 0.02, -0.1, 0.05], [0.5, -0.3, 0.2, 0.1], [0, 2, 0.4, 0.3]],  # by context
    "text": [0.6, 0.5],
}
FROZEN = Path(__file__).parents[2] / "frozen"
NAMES = ["Aldham", "Wicksted", "Thornby", "Hartlow", "Esterby", "Aldby", "Wickham", "Hartham"]
TEXT = "Anna met Otto at noon. Otto met Anna at the mill, and Anna saw the moon at noon. " * 40

DRIVER = """
import { readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
const { header, calls } = JSON.parse(readFileSync("request.json", "utf8"));
const [arrays, known] = ["arrays", "names"].map((name) => inflateSync(readFileSync(name)));
const made = new Generator(header, arrays, known);
const kinds = {
  logits({ strings }) {
    return strings.map((ids) => {
      let carry = made.model.begin();
      const read = (id) => (carry = made.model.read(carry, id));
      return [0, ...ids].map((id) => Array.from(made.model.logits(read(id))));
    });
  },
  names({ n, ...options }) {
    const found = [];
    for (const one of made.names(options)) if (one && found.push(one) === n) break;
    return found;
  },
  text: (options) => [...made.text(options)].join(""),
  letters: ({ ids }) => made.letters(ids),
  known: () => [...made.known],
  problem({ options }) {
    try {
      made.names(options).next();
    } catch (error) {
      return [error.field, error.message];
    }
  },
};
console.log(JSON.stringify(calls.map(({ kind, ...rest }) => kinds[kind](rest))));
"""


@pytest.fixture(scope="session")
def node():
    found = shutil.which("node")
    if found is None:
        pytest.skip("needs Node.js, which is not installed")
    return found


@pytest.fixture
def engine(node, tmp_path):
    """A function that runs calls with a run's model in the page's engine."""

    def run_calls(run, *calls, weights="float32", names=True):
        header, arrays, known = packed(run, names=names, weights=weights)
        (tmp_path / "arrays").write_bytes(arrays)
        (tmp_path / "names").write_bytes(known)
        request = json.dumps({"header": header, "calls": calls})
        (tmp_path / "request.json").write_text(request, "utf-8")
        (tmp_path / "engine.mjs").write_text(bundle(ENGINE) + DRIVER, "utf-8")
        done = subprocess.run(
            [node, "engine.mjs"], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run_calls


@pytest.fixture(scope="session")
def models():
    """A function that returns a model of each kind: its configuration, vocabulary and weights.

    Networks have random weights, n-grams those of ``NAMES`` or ``TEXT``.
    """
    trained = {
        "names": train(NameCorpus.of(NAMES), kind="ngram", smoothing="fitted"),
        "text": train(TextCorpus.of(TEXT), kind="ngram", smoothing="fitted", recent=100),
        "kneser-ney": train(NameCorpus.of(NAMES), kind="ngram", smoothing="kneser-ney"),
    }

    def made(source, **changes):
        found = trained[source].saved
        config, size = found.config.replace(**changes), found.vocabulary.size
        rng = np.random.default_rng(3)
        weights = dict(found.weights)
        if config.has_network:
            shapes = weight_shapes(config, size)
            weights |= {n: rng.normal(0, 0.6, s).astype(np.float32) for n, s in shapes.items()}
        if config.kind == "network":
            weights = {name: weights[name] for name in shapes}
        if config.kind == "mixture" and config.smoothing == "fitted":
            weights["mixture.exponents"] = np.array(EXPONENTS[source], np.float32)
        elif config.kind == "mixture":
            weights["mixture.share"] = np.array([0.4], np.float32)
        return replace(found, config=config, weights=weights)

    return made


@pytest.fixture
def run_of(models, tmp_path):
    """A function that saves such a model and opens its run."""

    def opened(source, **changes):
        save_model(tmp_path / "run", models(source, **changes))
        return Run.open(tmp_path / "run")

    return opened
