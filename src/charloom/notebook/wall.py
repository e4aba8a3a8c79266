"""A wall of names, to look at what a model of names generates."""

from __future__ import annotations

from functools import partial
from random import Random
from typing import Any

from traitlets import Bool, Dict, List, Unicode

from ..config import MOST_NAMES, NAMES_TEMPERATURE, SampleConfig
from ..config.arguments import require, whole
from ..config.arguments import text as text_of
from ..generation import NameModel
from ..generation.constraints import Length
from .answers import for_names, options_of
from .bundle import module
from .widget import Widget


class Wall(Widget):
    """A wall of names in a notebook, with the settings of the studio; needs ``[notebook]``.

    A click on a name shows how likely each of its letters was, what else might have stood there,
    and the nearest training name. ``f`` keeps a name as a favourite.

    Args:
        model: a model of names.
        n: how many names are shown.
        temperature, start, end, contains, length, seed: what is set at first: those of
            ``generate``, and constraints, ``length`` as ``"6:9"``. Without a seed, another one
            each time.
        favourites: names to begin with.

    Attributes:
        favourites: a list of strings; it can be set, too.
        names: the names that were found last.

    Raises:
        ArgumentError: ``model`` is no model of names, or an argument has the wrong type.
        ConfigError, RuleError: an argument is out of range.

    Example:
        ::

            wall = Wall(load("runs/towns"), start="Ka")
            wall  # shown where it is a cell's last line
            wall.favourites
    """

    _esm = module("wall.js")
    favourites = List(Unicode()).tag(sync=True)
    labels = List(Unicode()).tag(sync=True)
    listed = Bool().tag(sync=True)
    names = List(Unicode())
    asked = Dict().tag(sync=True)
    """What the page asked for last."""

    def __init__(
        self,
        model: NameModel,
        *,
        n: int = 60,
        temperature: float = NAMES_TEMPERATURE,
        start: str = "",
        end: str = "",
        contains: str = "",
        length: str = "",
        seed: int | None = None,
        favourites: list[str] | tuple[str, ...] = (),
    ) -> None:
        require("a wall", model, NameModel, "made of a model of names")
        seed = Random().randrange(1, 10**6) if seed is None else seed
        config = SampleConfig(temperature=temperature, seed=seed)
        settings = {
            "n": str(whole("n", n, 1, MOST_NAMES)),
            "temperature": f"{config.temperature:g}",
            "seed": str(config.seed),
            "start": text_of("start", start),
            "end": text_of("end", end),
            "contains": text_of("contains", contains),
        }
        if length:
            limits = Length.parse(length)
            settings |= {"min": str(limits.least or ""), "max": str(limits.most or "")}
        super().__init__(
            model,
            partial(for_names, shown=partial(self.set_trait, "names")),
            settings=settings,
            favourites=list(favourites),
            labels=list(model.labels),
            listed=model.training_set is not None,
        )

    @property
    def options(self) -> dict[str, Any]:
        """What is set, as options of ``NameModel.names``: the same names for the same number.

        Labels are not among them; see ``NameModel.condition``.
        """
        return options_of(self.asked)
