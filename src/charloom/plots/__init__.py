"""Figures of plain data, drawn by matplotlib, which is imported when one is drawn."""

from .canvas import ENDINGS as ENDINGS
from .canvas import PlotError as PlotError
from .canvas import check as check
from .canvas import save as save
from .corpus import MOST_BARS as MOST_BARS
from .corpus import explore_figure as explore_figure
from .corpus import frequencies_figure as frequencies_figure
from .corpus import lengths_figure as lengths_figure
from .model import embedding_figure as embedding_figure
from .model import next_figure as next_figure
from .model import sweep_figure as sweep_figure
from .model import units_figure as units_figure
from .training import losses_figure as losses_figure
