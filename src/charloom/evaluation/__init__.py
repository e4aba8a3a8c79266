"""How good a model is, and what goes on inside it."""

from .inside import EmbeddingMap as EmbeddingMap
from .inside import NextCharacters as NextCharacters
from .inside import NotableUnit as NotableUnit
from .inside import activity as activity
from .inside import embedding_map as embedding_map
from .inside import kind as kind
from .inside import next_characters as next_characters
from .inside import notable_units as notable_units
from .inside import simple_features as simple_features
from .inside import symbols as symbols
from .likelihood import Likelihood as Likelihood
from .likelihood import likelihood as likelihood
from .sweep import Draws as Draws
from .sweep import temperature_sweep as temperature_sweep
from .text_likelihood import TextLikelihood as TextLikelihood
from .text_likelihood import text_likelihood as text_likelihood
