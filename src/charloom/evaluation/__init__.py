"""How good a model is."""

from .likelihood import Likelihood as Likelihood
from .likelihood import likelihood as likelihood
