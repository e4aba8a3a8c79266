"""A report on a run, as an HTML page."""

from .content import Content as Content
from .content import illustrate as illustrate
from .page import check_out as check_out
from .page import page as page
from .page import write_page as write_page
from .plain import plain as plain
