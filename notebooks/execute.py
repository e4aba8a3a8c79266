"""Executes the notebooks and keeps their outputs: python notebooks/execute.py."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from nbclient import NotebookClient
from traitlets import default

FOLDER = Path(__file__).parent
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}
"""TensorFlow, which Keras imports where it is, greets on stderr but for these."""
WIDGET = "application/vnd.jupyter.widget-view+json"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


class ThisPython(KernelSpecManager):
    """Knows one kernel: the interpreter that runs this file."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return it, whatever its name."""
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=command, display_name="Python 3", language="python")


class Manager(AsyncKernelManager):
    """Starts that kernel, and no other that may be installed under its name."""

    @default("kernel_spec_manager")
    def _this_python(self) -> KernelSpecManager:
        return ThisPython(parent=self)


def execute(path: Path, environment: dict[str, str], timeout: int = 1800) -> Any:
    """Execute a notebook in its folder and return it with its outputs.

    Args:
        path: it is read, not written.
        environment: of the kernel, beside that of this process.
        timeout: seconds for each cell.

    Raises:
        CellExecutionError: a cell raised.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        kernel_manager_class=Manager,
        timeout=timeout,
        coalesce_streams=True,
        record_timing=False,
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute(env=QUIET | os.environ | environment)
    for cell in notebook.cells:  # without a kernel, a widget cannot be shown
        if "outputs" in cell:
            cell.outputs = [one for one in cell.outputs if WIDGET not in one.get("data", {})]
    # What tells of the machine, or changes with each version, is left out.
    notebook.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    return notebook


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:]) if sys.argv[1:] else sorted(FOLDER.glob("*.ipynb")):
        nbformat.write(execute(path, {}), path)
