"""Models of the Hugging Face Hub, by their names."""

from __future__ import annotations

import re
from pathlib import Path

from ..config.arguments import AnyPath
from ..config.arguments import path as path_of
from ..errors import RunError
from ..storage.disk import MODEL_INDEX, reason
from .model_file import MODEL_FILES

NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)


def folder_of(run: AnyPath) -> Path:
    """Return the run folder that is meant: a local one, or the copy of a model of the Hub.

    A string such as ``name/model`` names a model of the Hub if there is neither such a folder nor
    a folder ``name``. Its files are downloaded unless they are in the Hub's cache; ``HF_HOME``,
    ``HF_TOKEN`` and ``HF_HUB_OFFLINE`` apply.

    Raises:
        ArgumentError: ``run`` is no path.
        RunError: the model cannot be found or fetched, or huggingface_hub is not installed.
    """
    path = path_of("a run", run)
    if not isinstance(run, str) or not NAME.fullmatch(run) or path.parent.exists():
        return path
    try:
        from huggingface_hub import hf_hub_download, snapshot_download
        from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, HFValidationError
    except ImportError as error:
        raise RunError(
            f"{run} is no folder. Pass a folder that `charloom train` wrote; to load a model of "
            "the Hugging Face Hub, run: pip install 'charloom[hub]'"
        ) from error
    try:
        index = Path(hf_hub_download(run, MODEL_INDEX))  # first: others' models may be huge
        commit = index.parent.name
        return Path(snapshot_download(run, revision=commit, allow_patterns=list(MODEL_FILES)))
    except (OSError, EntryNotFoundError, HFValidationError, HfHubHTTPError) as error:
        why = " ".join(reason(error).split())
        raise RunError(
            f"{run} is no folder, and no model of charloom could be fetched from the Hugging Face "
            f"Hub by this name: {why}"
        ) from error
