"""A session of ``charloom play`` with a model of names."""

from __future__ import annotations

from ..generation import NameModel, Sample
from ..generation.continuations import DRAWN, beginning, continued_name, judged, longest_name
from ..reporting.format import probability
from .options import say
from .play_session import NO_FIRST, Session


class NameSession(Session[NameModel]):
    """The beginning of a name, a temperature, and the names on offer."""

    offer = "name"

    def _row(self, sample: Sample, share: float) -> tuple[str, ...]:
        known = "  known" if sample.origin == "known" else ""
        return sample.text, f"{probability(share)}{known}"

    def _sample(self) -> None:
        if not self._next:
            say(NO_FIRST)
            return
        samples = self._model.generate(
            DRAWN,
            **beginning(self._model, self.text),
            temperature=self.temperature,
            max_length=longest_name(self._model, self.text),
            seed=self._new_seed(),
            allow_known=True,
        )
        if not samples:
            say("no name was found. Raise the temperature, or type a shorter beginning.")
            return
        _, self._offers = judged(self._model, self.text, self.temperature, samples)
        self._show_offers()

    def _look(self, text: str, temperature: float) -> None:
        found = continued_name(self._model, text, temperature)
        self._next, self._offers = found.characters, found.offers
        self.text, self.temperature = found.text, temperature
