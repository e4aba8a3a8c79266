"""New names and text from a trained model, on NumPy alone."""

from ..models.sampling import Sampler as Sampler
from .model import LanguageModel as LanguageModel
from .names import NameModel as NameModel
from .search.request import Generated as Generated
from .search.request import Sample as Sample
from .text import TextModel as TextModel
