"""How good a model is, and how it works inside: metrics, memorisation, interpretability."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..generation.nearest import nearest as nearest
    from .compare import Comparison as Comparison
    from .compare import compare_names as compare_names
    from .compare import compare_text as compare_text
    from .interpretability import EmbeddingMap as EmbeddingMap
    from .interpretability import NextCharacters as NextCharacters
    from .interpretability import NotableUnit as NotableUnit
    from .interpretability import activity as activity
    from .interpretability import embedding_map as embedding_map
    from .interpretability import kind as kind
    from .interpretability import next_characters as next_characters
    from .interpretability import notable_units as notable_units
    from .interpretability import simple_features as simple_features
    from .interpretability import symbols as symbols
    from .memorisation.names import names_memorisation as names_memorisation
    from .memorisation.text import text_memorisation as text_memorisation
    from .memorisation.text import training_text as training_text
    from .memorisation.verdict import Memorisation as Memorisation
    from .metrics.likelihood import Likelihood as Likelihood
    from .metrics.likelihood import likelihood as likelihood
    from .metrics.text_likelihood import TextLikelihood as TextLikelihood
    from .metrics.text_likelihood import text_likelihood as text_likelihood
    from .names import measure as measure
    from .results import Measurement as Measurement
    from .samples import Draws as Draws
    from .samples import NameSamples as NameSamples
    from .samples import TextSamples as TextSamples
    from .samples import temperature_sweep as temperature_sweep
    from .statistics import Estimate as Estimate
    from .statistics import Measure as Measure
    from .statistics import paired_estimate as paired_estimate
    from .statistics import ratio_estimate as ratio_estimate
    from .statistics import share_estimate as share_estimate
    from .text import measure_text as measure_text

_MODULES = {
    "..generation.nearest": ("nearest",),
    ".compare": ("Comparison", "compare_names", "compare_text"),
    ".interpretability": (
        *("EmbeddingMap", "NextCharacters", "NotableUnit", "activity", "embedding_map", "kind"),
        *("next_characters", "notable_units", "simple_features", "symbols"),
    ),
    ".memorisation.names": ("names_memorisation",),
    ".memorisation.text": ("text_memorisation", "training_text"),
    ".memorisation.verdict": ("Memorisation",),
    ".metrics.likelihood": ("Likelihood", "likelihood"),
    ".metrics.text_likelihood": ("TextLikelihood", "text_likelihood"),
    ".names": ("measure",),
    ".results": ("Measurement",),
    ".samples": ("Draws", "NameSamples", "TextSamples", "temperature_sweep"),
    ".statistics": ("Estimate", "Measure", "paired_estimate", "ratio_estimate", "share_estimate"),
    ".text": ("measure_text",),
}
"""Modules by public name; each is imported when it is first used (PEP 562), since a command needs
only some of them."""

_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULE_OF[name], __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
