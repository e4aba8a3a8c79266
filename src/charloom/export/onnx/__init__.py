"""A step of a model as an ONNX file: (ids, carry) to (logits, carry), for batches of any size."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from ..._version import __version__
from ...data.tokens import Tokens
from ...data.vocabulary import BOUNDARY
from ...errors import ConfigError
from ..place import write

if TYPE_CHECKING:
    from onnx import ModelProto

    from ...run import Run

MOST_BYTES = 2**31 - 2**20
"""The largest file: the format's limit is 2 GiB."""


def write_onnx(run: Run, out: Path) -> tuple[str, ...]:
    """Write a run as an ONNX file; see ``charloom.export.export``."""
    model = onnx_model(run)
    if (size := model.ByteSize()) > MOST_BYTES:
        raise ConfigError(
            f"an ONNX file may have {MOST_BYTES:,} bytes. Received: a model of {size:,}; "
            "export it to huggingface."
        )
    write(out, model.SerializeToString(deterministic=True))
    return ()


def onnx_model(run: Run) -> ModelProto:
    """Return a step of the run's model as an ONNX model.

    Its inputs, of B rows, are ``ids`` (B,) int64; ``labels`` (B,) int64, if the model has labels,
    each k + 1 or 0 for none; and the carry, all zeros at first: ``hidden`` (B, L*S*H) float32 of a
    network, ``state`` (B, columns) int32 of an n-gram, and ``memory`` (B, 1 + 2 N) int32 of a model
    that adapts to the last N characters. Its outputs are ``logits`` (B, V) float32 of the next id,
    and ``hidden_after``, ``state_after`` and ``memory_after``.

    Raises:
        ConfigError: the package onnx is missing.
    """
    try:
        from onnx import helper
    except ImportError as error:
        raise ConfigError(
            f"onnx needs {error.name}, which is not installed. Run: pip install 'charloom[onnx]'"
        ) from error
    from .step import add_step

    model = helper.make_model(
        add_step(run.config, run.vocabulary.size, run.weights),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=9,
        producer_name="charloom",
        producer_version=__version__,
    )
    helper.set_model_props(model, _metadata(run))
    return model


def _metadata(run: Run) -> dict[str, str]:
    """Return what a program needs to know beside the graph, as ONNX keeps it: text by name."""
    vocabulary, unit = run.vocabulary, run.vocabulary.token_unit
    facts = {
        "vocabulary": ["", *vocabulary.characters, *[""] * vocabulary.has_unknown],
        "boundary": BOUNDARY,
        "unknown": vocabulary.size - 1 if vocabulary.has_unknown else None,
        "unit": str(unit),
        "tokens": list(unit.tokens) if isinstance(unit, Tokens) else None,
        "labels": list(run.labels),
        "begin": run.config.begin,
        "text": run.config.text,
        "documents": run.config.documents,
        "longest": run.facts.longest,
    }
    written = {name: json.dumps(fact, ensure_ascii=False) for name, fact in facts.items()}
    return {"charloom": __version__, "digest": run.digest, "kind": run.config.kind, **written}
