"""A folder as the Hugging Face Hub expects it: a run folder with a model card and a config.json."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..api import load
from ..reporting import describe
from ..reporting.card import card_data, to_markdown
from ..reporting.gathered import gather
from ..reporting.subject import subject_of
from ..run import MEASURED, Run, save_model, without_names
from ..storage import own_folder
from .place import write

HUB = """
## From the Hugging Face Hub

Where this folder is the repository `OWNER/{name}`, and `pip install "charloom[hub]"` has been run:

```python
import charloom

model = charloom.load("OWNER/{name}")
```

## License

Not chosen yet: choose one that the training data allow, and name it in the first lines of this
file, as in `license: cc-by-4.0`.
"""

NOTE = "Choose a license in {readme} before you publish the folder."


def write_huggingface(
    run: Run, out: Path, *, names: bool, progress: Callable[[str, float], None]
) -> tuple[str, ...]:
    """Write the folder ``out``; see ``charloom.export.export``.

    Where the network was trained again once it had been measured, the model that was measured is
    in there, too, so that the card's figures can be computed again.
    """
    found = gather(subject_of(run, load(run.measured)), progress=progress)
    parts = {out: run.saved}
    if "network" in run.facts.refit:
        parts[own_folder(out, MEASURED)] = run.measured.saved
    if not names:
        parts = {folder: without_names(saved) for folder, saved in parts.items()}
    data = card_data(found)
    data["name"] = out.resolve().name
    if not names:
        data |= {"stores_list": False, "corpus": parts[out].facts.get("corpus", {})}
        for source in describe.sources(run.facts.corpus):  # a message may name a missing file
            file = Path(source).name
            data["left_out"] = {k: text.replace(file, "…") for k, text in data["left_out"].items()}
    for folder, saved in parts.items():
        save_model(folder, saved)
    write(out / "config.json", _config(run))
    name = data["name"] if re.fullmatch(r"[\w.-]+", data["name"], re.ASCII) else "MODEL"
    write(out / "README.md", (to_markdown(data) + HUB.format(name=name)).encode())
    return (NOTE.format(readme=out / "README.md"),)


def _config(run: Run) -> bytes:
    """Return what the Hub and other programs look for; charloom reads model.json."""
    data: dict[str, Any] = {
        "model_type": "charloom",
        **run.config.to_dict(),
        "vocabulary_size": run.vocabulary.size,
        "characters": list(run.vocabulary.characters),
        "unit": str(run.vocabulary.token_unit),
        "label_names": list(run.labels),
    }
    return (json.dumps(data, ensure_ascii=False, indent=1) + "\n").encode()
