"""charloom: train a character-level language model on names, and weave new ones from it."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__ as __version__

if TYPE_CHECKING:
    from .api import fit as fit
    from .api import load as load
    from .api import train as train
    from .config import ModelConfig as ModelConfig
    from .config import SampleConfig as SampleConfig
    from .config import TrainConfig as TrainConfig
    from .data.names import NameCorpus as NameCorpus
    from .data.text import TextCorpus as TextCorpus
    from .data.tokens import Tokens as Tokens
    from .data.vocabulary import Vocabulary as Vocabulary
    from .errors import CharloomError as CharloomError
    from .generation import Generated as Generated
    from .generation import LanguageModel as LanguageModel
    from .generation import NameModel as NameModel
    from .generation import Sample as Sample
    from .generation import TextModel as TextModel
    from .generation import constraints as constraints
    from .models import sampling as samplers  # noqa: F401
    from .models.rnn.keras import build_model as build_model
    from .run import Run as Run

_HOMES = {
    "api": ("fit", "load", "train"),
    "config": ("ModelConfig", "SampleConfig", "TrainConfig"),
    "data.names": ("NameCorpus",),
    "data.text": ("TextCorpus",),
    "data.tokens": ("Tokens",),
    "data.vocabulary": ("Vocabulary",),
    "errors": ("CharloomError",),
    "generation": ("Generated", "LanguageModel", "NameModel", "Sample", "TextModel"),
    "models.rnn.keras": ("build_model",),
    "run": ("Run",),
}
"""Where the public names live; each is imported when it is first used (PEP 562), so that the
command line's help and its mistakes do not wait for NumPy."""

_MODULES = {"constraints": "generation.constraints", "samplers": "models.sampling"}
"""Public modules and where they live."""

_OLD_NAMES = {"Corpus": "NameCorpus", "Text": "TextCorpus", "rules": "constraints"}
"""Names of 0.1.0, which still work, with a warning, for one version."""

__all__ = sorted([*_MODULES, *(name for names in _HOMES.values() for name in names)])


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f".{_MODULES[name]}", __name__)
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f".{home}", __name__), name)
    if name in _OLD_NAMES:
        from .generation.deprecated import deprecated

        deprecated(f"charloom.{name}", f"charloom.{_OLD_NAMES[name]}")
        return __getattr__(_OLD_NAMES[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
