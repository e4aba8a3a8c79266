"""What the processes of a training compare before it begins, and take over from the first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from .._version import __version__
from ..errors import RunError, TrainingError
from .data import BatchPlan
from .progress import Progress
from .resume import check_state, vocabulary_digest
from .together import wait_for_all

if TYPE_CHECKING:
    from .checkpointer import Checkpointer
    from .engines.jax_rows import RowsEngine
    from .trainer import Trainer


def facts_of(checkpoints: Checkpointer) -> dict[str, Any]:
    """Return what must be the same in all processes of a training, by what it is called."""
    settings = {**checkpoints.model.to_dict(), **checkpoints.training.to_dict()}
    return {
        "version of charloom": __version__,
        "version of JAX": version("jax"),
        "corpus": checkpoints.data.digest,
        "characters": vocabulary_digest(checkpoints.data),
        "precision of products": checkpoints.precision,
        **{name.replace("_", " "): value for name, value in settings.items()},
    }


def resumed(trainer: Trainer) -> list[str]:
    """Restore the training in the run folder; return warnings.

    Where several devices share the batches, the engine takes its state in ``share_state``.
    """
    checkpoints = trainer.checkpoints
    found = checkpoints.load()
    trainer.arrays = found.arrays
    if not trainer.together.distributed:
        trainer.engine.restore(_checked(trainer, trainer.engine.state()))
    trainer.at, trainer.seconds_before = found.progress, found.progress.seconds
    _take_plan(trainer, found.plan)  # another number of epochs must not change the batches
    at, steps = trainer.at, trainer.batches.steps_per_epoch
    if not at.networks and at.step_in_epoch >= steps:
        raise RunError(
            f"{checkpoints.folder} holds a state in the middle of an epoch that is over. "
            "Start over with --force, or choose another --out."
        )
    over, best = trainer.over(), at.best
    if trainer.training.refit and best and checkpoints.refitted(best) is None:
        over = None  # what is left to do is to refit
    return list(found.warnings(checkpoints.backend, trainer.training.epochs, over))


def share_state(trainer: Trainer) -> None:
    """Make all processes begin with the weights, optimiser and progress of the first.

    Raises:
        RunError: the folder's state cannot be resumed by this version.
        TrainingError: it is that of several networks to distil.
    """
    together = trainer.together
    if trainer.at.networks:
        raise TrainingError(
            "this training distils several networks into one, which a single process does. "
            "Resume it without --distributed."
        )
    wait_for_all(together)  # each has a part of the state
    ours = _checked(trainer, trainer.engine.state())
    at, plan = together.agreed([asdict(trainer.at), asdict(trainer.data.plan)])
    if together.rank:
        trainer.at = Progress(**at)
        _take_plan(trainer, BatchPlan(**plan))
    engine: RowsEngine = trainer.engine  # type: ignore[assignment]
    engine.restore(engine.shared(ours))


def _checked(trainer: Trainer, ours: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the arrays of the state in the folder, if there is one, in place of ``ours``."""
    theirs, trainer.arrays = trainer.arrays or ours, None
    try:
        check_state(ours, theirs)
    except (KeyError, ValueError) as error:
        raise RunError(
            f"{trainer.checkpoints.folder} holds a state that this version cannot resume "
            f"({error}). Start over with --force, or choose another --out."
        ) from error
    return {name: theirs[name] for name in ours if name in theirs}


def _take_plan(trainer: Trainer, plan: BatchPlan) -> None:
    if plan != trainer.data.plan:
        trainer.data.plan = plan
        trainer.plan_batches()
