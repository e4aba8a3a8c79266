"""A field to write in, with what a model would write next: ``charloom play`` in a notebook."""

from __future__ import annotations

from traitlets import Bool, Unicode

from ..config import SampleConfig
from ..config.arguments import text as text_of
from ..generation import NameModel, TextModel
from .answers import for_play
from .bundle import module
from .widget import Widget


class Play(Widget):
    """A name letter by letter, or a text that the model continues; needs ``[notebook]``.

    It shows the most likely next characters and whole names with their probabilities, given what is
    typed; of text, continuations, and what the model writes, coloured by probability.

    Args:
        model: a model of names or of text.
        text: what is typed at first.
        temperature: by default 1 for names and 0.7 for text, as in the studio.

    Attributes:
        text: what is typed; it can be set, too.

    Raises:
        ArgumentError, ConfigError: an argument has the wrong type, or is out of range.

    Example:
        ::

            play = Play(load("runs/towns"), "Ka")
            play  # shown where it is a cell's last line
            play.text
    """

    _esm = module("play.js")
    text = Unicode().tag(sync=True)
    of_text = Bool().tag(sync=True)

    def __init__(
        self, model: NameModel | TextModel, text: str = "", *, temperature: float | None = None
    ) -> None:
        settings = {}
        if temperature is not None:
            settings["temperature"] = SampleConfig(temperature=temperature).temperature
        super().__init__(
            model,
            for_play,
            text=text_of("text", text),
            of_text=isinstance(model, TextModel),
            settings=settings,
        )
