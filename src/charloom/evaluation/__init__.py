"""How good a model is, and what goes on inside it."""

from .estimates import Estimate as Estimate
from .estimates import Measure as Measure
from .estimates import paired_estimate as paired_estimate
from .estimates import ratio_estimate as ratio_estimate
from .estimates import share_estimate as share_estimate
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
from .measured import Measurement as Measurement
from .measures import measure as measure
from .nearest import nearest as nearest
from .sweep import Draws as Draws
from .sweep import temperature_sweep as temperature_sweep
from .text_likelihood import TextLikelihood as TextLikelihood
from .text_likelihood import text_likelihood as text_likelihood
from .text_measures import measure_text as measure_text
