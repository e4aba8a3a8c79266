"""Figures drawn from plain data by matplotlib, which is imported when one is drawn."""

from .canvas import ENDINGS as ENDINGS
from .canvas import PlotError as PlotError
from .canvas import check as check
from .canvas import check_library as check_library
from .canvas import save as save
from .canvas import write_whole as write_whole
from .corpus import MOST_BARS as MOST_BARS
from .corpus import explore_figure as explore_figure
from .corpus import frequencies_figure as frequencies_figure
from .corpus import lengths_figure as lengths_figure
from .drawn import distances_figure as distances_figure
from .drawn import drawn_lengths_figure as drawn_lengths_figure
from .drawn import letters_figure as letters_figure
from .drawn import pairs_figure as pairs_figure
from .measured import calibration_figure as calibration_figure
from .measured import losses_figure as losses_figure
from .measured import memorisation_figure as memorisation_figure
from .model import embedding_figure as embedding_figure
from .model import next_figure as next_figure
from .model import sweep_figure as sweep_figure
from .model import units_figure as units_figure
