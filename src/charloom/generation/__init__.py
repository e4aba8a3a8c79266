"""New strings from a trained model, on NumPy alone: samplers, rules, arrivals, scoring."""

from ..models.sampling import Sampler as Sampler
from .names import LanguageModel as LanguageModel
from .search.request import Generated as Generated
from .search.request import Sample as Sample
