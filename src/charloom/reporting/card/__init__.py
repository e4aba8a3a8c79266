"""A model card: what a run is, how good it is and what it is not for, as a README."""

from __future__ import annotations

from .content import card_data as card_data
from .page import to_markdown as to_markdown
from .place import MARK as MARK
from .place import check_place as check_place
from .place import write_card as write_card
