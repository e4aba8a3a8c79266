"""Runs in other forms: a page, a file for another runtime, a folder for a model hub.

A module or package here writes each kind; it is imported when it is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .place import bytes_in, check_file, check_folder

if TYPE_CHECKING:
    from ..run import Run

Progress = Callable[[str, float], None]

KINDS = {
    "html": "A page with the model inside, which generates offline (.html).",
    "onnx": "A step of the model for ONNX runtimes (.onnx).",
    "keras": "The network for Keras (.keras), or a SavedModel for TensorFlow (a folder).",
    "huggingface": "A folder for the Hugging Face Hub, with a model card.",
}
"""The kinds of export, and what each writes."""


class Exported(NamedTuple):
    """What was written.

    Attributes:
        size: in bytes, of all files.
        notes: lines that whoever passes the export on should read.
    """

    size: int
    notes: tuple[str, ...] = ()


def export(
    run: Run,
    kind: str,
    out: Path,
    *,
    names: bool = True,
    force: bool = False,
    progress: Progress = lambda _what, _share: None,
) -> Exported:
    """Write ``run`` to ``out`` as one of ``KINDS``.

    Args:
        run: the trained model.
        kind: one of ``KINDS``.
        out: the file, or the folder, to write.
        names: whether it may hold the names, or the text, that the model was trained on and
            measured with.
        force: whether an existing file, or a folder that is not empty, is written to.
        progress: called with the current task and the progress, from 0 to 1.

    Raises:
        ConfigError: the path has the wrong ending, the model cannot be exported to this kind, or
            a package that this needs is not installed.
        RunError: the path exists or cannot be written.

    Example:
        >>> from charloom import Run
        >>> export(Run.open("runs/towns"), "onnx", Path("towns.onnx")).size  # doctest: +SKIP
        2190482
    """
    notes: tuple[str, ...]
    match kind:
        case "html":
            check_file(out, (".html", ".htm"), force=force)
            from .html import write_html

            notes = write_html(run, out, names=names)
        case "onnx":
            check_file(out, (".onnx",), force=force)
            from .onnx import write_onnx

            notes = write_onnx(run, out)
        case "keras" if out.suffix:
            check_file(out, (".keras",), force=force)
            from .keras import write_keras

            notes = write_keras(run, out)
        case "keras":
            from .saved_model import write_saved_model

            notes = write_saved_model(run, out, force=force)
        case _:
            check_folder(out, force=force)
            from .huggingface import write_huggingface

            notes = write_huggingface(run, out, names=names, progress=progress)
    return Exported(bytes_in(out), notes)
