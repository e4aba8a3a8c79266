"""New strings from a trained model, on NumPy alone: samplers, rules, arrivals, scoring."""

from .generate import Generated as Generated
from .generate import Sample as Sample
from .language_model import LanguageModel as LanguageModel
from .samplers import Sampler as Sampler
