"""A run as a page for people, and what its figures show."""

from .content import Content as Content
from .content import gather as gather
from .figures import FIGURES as FIGURES
from .figures import Source as Source
from .figures import draw as draw
from .figures import figure_data as figure_data
from .page import check_out as check_out
from .page import page as page
from .page import write_page as write_page
