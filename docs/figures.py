"""Draws the figures of the explanations, docs/figures/, from real runs of the built-in list.

    python docs/figures.py [FOLDER]

It trains a default model, which takes half a minute.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "docs")]

from drawn import generation, training  # noqa: E402

FIGURES = {
    "unique-draws": generation.unique_draws,
    "unique-tree": generation.unique_tree,
    "unique-cost": generation.unique_cost,
    "constraints-automaton": generation.constraints_automaton,
    "constraints-lengths": generation.constraints_lengths,
    "mixture-contexts": training.mixture_contexts,
    "mixture-next": training.mixture_next,
    "mixture-weights": training.mixture_weights,
    "resume-losses": training.resume_losses,
    "resume-save": training.resume_save,
}


def main(folder: Path) -> None:
    """Write every figure to ``folder``."""
    folder.mkdir(exist_ok=True)
    for name, draw in FIGURES.items():
        (folder / f"{name}.svg").write_text(str(draw()), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "figures")
