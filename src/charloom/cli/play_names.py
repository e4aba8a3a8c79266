"""A session of ``charloom play`` with a model of names."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..config import SampleConfig
from ..data.tokens import Tokens
from ..errors import GenerationError
from ..generation import NameModel, Sample
from ..generation.explain import explain
from ..reporting.format import probability
from .options import say
from .play_session import DRAWN, NEXT, NO_FIRST, Session

WHOLE, BEAM = 3, 64
"""Most likely names that are shown, and prefixes of each length among which they are searched."""

AHEAD = 256
"""Characters that a name may have after its beginning: every answer should come soon."""


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
            **self._beginning(self.text),
            temperature=self.temperature,
            max_length=self._limit(self.text),
            seed=self._new_seed(),
            allow_known=True,
        )
        if not samples:
            say("no name was found. Raise the temperature, or type a shorter beginning.")
            return
        _, self._offers = self._judge(self.text, self.temperature, samples)
        self._show_offers()

    def _look(self, text: str, temperature: float) -> None:
        text = self._model.vocabulary.normalised(text)
        length, limit = len(self._model.vocabulary.encode(text)), self._limit(text)
        config = SampleConfig(temperature=temperature, max_length=limit)
        if length > limit:
            raise GenerationError(
                f"a beginning may have up to {limit} characters with this model. "
                f"Received: {length}; type less."
            )
        likeliest: Sequence[Sample] = ()
        if length or self._model.rnn.config.begin:
            likeliest = self._model.best(
                WHOLE, **self._beginning(text), config=config, beam=BEAM, allow_known=True
            )
        self._next, self._offers = self._judge(text, temperature, likeliest)
        self.text, self.temperature = text, temperature

    def _judge(
        self, text: str, temperature: float, samples: Sequence[Sample]
    ) -> tuple[list[tuple[str, float]], list[tuple[Sample, float]]]:
        """Return the next characters after ``text``, and samples that begin with it, with their
        probabilities given ``text``."""
        texts = [text, *(sample.text for sample in samples)]
        here, *there = explain(self._model, texts, NEXT, temperature=temperature, compare=False)
        if not here.steps:
            return [], []
        last = here.steps[-1]  # of what may follow the beginning, the end included
        following = [(last.character, last.probability), *last.alternatives]
        following = sorted((pair for pair in following if pair[1]), key=lambda pair: -pair[1])
        shares = [
            math.prod(step.probability for step in one.steps[len(here.steps) - 1 :])
            for one in there
        ]
        return following[:NEXT], list(zip(samples, shares, strict=True))

    def _beginning(self, text: str) -> dict[str, Any]:
        """Return the option for names that begin with ``text``, and with its own tokens."""
        if not isinstance(self._model.vocabulary.token_unit, Tokens):
            return {"start": text}
        from ..generation.constraints import Rules, Start

        return {"rules": Rules((Start(text, whole=True),))}

    def _limit(self, text: str) -> int:
        """Return the length of the longest names that begin with ``text``, in units."""
        length = len(self._model.vocabulary.encode(text))
        return min(2 * self._model.longest + 10, length + AHEAD)
