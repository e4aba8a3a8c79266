"""``charloom export``: a run in another form, to pass on."""

from __future__ import annotations

from pathlib import Path

import click

from .options import path_option, run_path_argument, say
from .progress_bar import progress_bar

KINDS = ("html", "onnx", "keras", "huggingface")
"""Those of ``charloom.export``; named here so that the help need not import NumPy."""


@click.command("export")
@run_path_argument
@click.option("--to", "kind", required=True, type=click.Choice(KINDS), help="What to write.")
@path_option("--out", required=True, metavar="PATH", help="Output file, or folder.")
@click.option(
    "--without-names",
    is_flag=True,
    help="Leave out what RUN was trained on and measured with: the training list may be private.",
)
@click.option("--force", is_flag=True, help="Overwrite PATH.")
def command(run_path: Path, kind: str, out: Path, without_names: bool, force: bool) -> None:
    """Write RUN in another form, to pass on.

    \b
    html         a page with the model inside, which generates offline: page.html
    onnx         a step of the model for ONNX runtimes: model.onnx
    keras        the network for Keras: model.keras; or, without an ending, a
                 folder with a SavedModel for TensorFlow
    huggingface  a folder for the Hugging Face Hub, with a model card

    onnx needs the extra onnx: pip install "charloom[onnx]".
    """
    from ..export import export
    from ..reporting.format import kilobytes
    from ..run import Run

    run = Run.open(run_path)
    with progress_bar("exporting") as bar:
        done = export(run, kind, out, names=not without_names, force=force, progress=bar)
    for note in done.notes:
        say(note)
    say(f"Written to {out} ({kilobytes(done.size)})")
