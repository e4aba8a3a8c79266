"""OpenAI's completions dialect, for names and for text."""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from ..data.unicode import split_units
from ..errors import ConfigError
from ..generation import NameModel, TextModel
from ..generation.endings import Ending, Pieces
from ..generation.explain import END, Reader, Step, explain
from .admission import Admission, first_of
from .completion_schema import (
    MOST_PROMPTS,
    Choice,
    Completion,
    CompletionRequest,
    Logprobs,
    Model,
    Models,
    Usage,
)
from .engine import Interrupted, Job
from .library import Library, Served
from .measures import Measures
from .native import ERRORS, EVENTS, searched
from .schema import NamesRequest
from .settings import MOST_LENGTH
from .wording import COMPLETIONS, in_fields

CHARACTERS = 200
"""Characters of text where a request does not say how many."""

Finish = Literal["stop", "length"]


@dataclass(frozen=True)
class Part:
    """A piece of a choice; the last one of a choice says why it ended."""

    index: int
    text: str
    finish: Finish | None = None
    logprobs: Logprobs | None = None


def routes(library: Library, admission: Admission, measures: Measures) -> APIRouter:
    """Return the endpoints."""
    router = APIRouter(tags=["OpenAI's dialect"], responses=ERRORS)

    @router.get("/v1/models", response_model=Models, summary="List the runs")
    async def models() -> Models:
        """The runs that are served, as models."""
        return Models(data=[Model(id=one.id, created=one.created) for one in library])

    @router.get("/v1/models/{id}", response_model=Model, summary="Find a run")
    async def model(id: str) -> Model:  # noqa: A002 (the path's word)
        """A run, as a model."""
        one = library.get(id)
        return Model(id=one.id, created=one.created)

    @router.post(
        "/v1/completions",
        response_model=Completion,
        response_model_exclude_none=True,
        responses={200: {"content": {EVENTS: {}}}},
        summary="Complete a prompt",
    )
    async def completions(asked: CompletionRequest, request: Request) -> Any:
        """Names that begin with the prompt, or text that follows it. A token is a character.

        From a run of names, the choices are whole names: different, and new, unless the extension
        object `charloom` says otherwise. With `stream`, server-sent events up to `[DONE]`.
        """
        served = library.get(asked.model)
        work = Work(asked, served, library, measures)
        request.state.log = {"run": served.id, "n": asked.n}
        if asked.stream:
            return await _streamed(request, admission, work)
        parts: list[Part] = []
        await admission.run(request, lambda job: work(job, parts.append))
        return work.whole(parts)

    return router


class Work:
    """The work for one request: called in a thread, it puts the parts of the choices."""

    def __init__(
        self, asked: CompletionRequest, served: Served, library: Library, measures: Measures
    ) -> None:
        self.asked, self._served, self._library, self._measures = asked, served, library, measures
        self._prompts = [asked.prompt] if isinstance(asked.prompt, str) else asked.prompt
        if not 1 <= len(self._prompts) <= MOST_PROMPTS:
            raise ConfigError(
                f"prompt must be a string, or 1 to {MOST_PROMPTS}. Received: {len(self._prompts)}"
            )
        if asked.best_of not in (None, asked.n):
            raise ConfigError(f"best_of must be n. Received: {asked.best_of}; leave it out.")
        if asked.max_tokens == 0 and not asked.echo:
            raise ConfigError("max_tokens 0 is for echo. Received: no echo; set it.")
        stop = [asked.stop] if isinstance(asked.stop, str) else asked.stop or []
        self._stop = [text for text in stop if text]
        self.seed = secrets.randbits(48) if asked.seed is None else asked.seed
        self._head: dict[str, Any] = {
            "id": f"cmpl-{secrets.token_hex(12)}",
            "created": int(time.time()),
            "model": served.id,
            "system_fingerprint": served.run.digest[:16],
        }
        self.notes: list[str] = []
        self.complete = True
        self._read, self._sampled = 0, 0

    def __call__(self, job: Job, put: Callable[[Part], None]) -> None:
        """Generate, or only score where no characters are asked for."""
        asked, extra = self.asked, self.asked.charloom
        blend = (extra.blend.run, extra.blend.weight) if extra.blend else None
        model = self._library.combined(self._served, extra.labels, extra.guidance, blend)
        try:
            for number, prompt in enumerate(self._prompts):
                first = number * asked.n
                self._read += len(prompt)
                if asked.max_tokens == 0:
                    for index in range(first, first + asked.n):
                        put(Part(index, prompt, "length", self._logprobs(model, prompt, 0)))
                elif isinstance(model, NameModel):
                    self._names(model, prompt, first, job, put)
                else:
                    for index in range(first, first + asked.n):
                        self._text(model, prompt, index, job, put)
        except Interrupted:
            self.complete = False

    def _names(
        self, model: NameModel, prompt: str, first: int, job: Job, put: Callable[[Part], None]
    ) -> None:
        asked, extra = self.asked, self.asked.charloom
        if len(prompt) > MOST_LENGTH:
            raise ConfigError(
                f"a prompt for names may have {MOST_LENGTH:,} characters. Received: {len(prompt):,}"
            )
        prompt, longest = model.vocabulary.normalised(prompt), None
        if asked.max_tokens is not None:
            units = len(split_units(prompt, model.vocabulary.token_unit))
            longest = min(units + asked.max_tokens, MOST_LENGTH)
        if extra.no_repeat is not None:
            raise ConfigError(f"no_repeat is for text. {self._served.id} is of names.")
        plain = extra.model_dump(exclude={"unique", "new", "blend", "no_repeat"})
        search = searched(
            model,
            NamesRequest(
                n=asked.n,
                start=prompt,
                max_length=longest,
                temperature=asked.temperature,
                top_p=asked.top_p,
                allow_known=not extra.new,
                allow_repeats=not extra.unique,
                **plain,
            ),
            self.seed,
        )
        for index, sample in enumerate(search, first):
            job.check()
            text = self._cut(sample.text[len(prompt) :])
            self._sampled += len(text)
            self._measures.names.inc()
            shown = prompt + text if asked.echo else text
            whole = prompt + text
            begin = 0 if asked.echo else len(prompt)
            put(Part(index, shown, "stop", self._logprobs(model, whole, begin)))
        self.notes += [
            in_fields(text, COMPLETIONS) for text in (search.reason, search.note) if text
        ]

    def _text(
        self, model: TextModel, prompt: str, index: int, job: Job, put: Callable[[Part], None]
    ) -> None:
        asked, extra = self.asked, self.asked.charloom
        refused = set(extra.model_fields_set) - {"top_k", "min_p", "blend", "no_repeat"}
        if refused:
            raise ConfigError(f"{sorted(refused)[0]} is for names. {self._served.id} is of text.")
        characters = CHARACTERS if asked.max_tokens is None else asked.max_tokens
        endings: list[Ending] = []
        found = model.stream_text(
            characters,
            start=prompt,
            temperature=asked.temperature,
            top_p=asked.top_p,
            top_k=extra.top_k,
            min_p=extra.min_p,
            no_repeat_ngram_size=extra.no_repeat,
            seed=(self.seed + index) % 2**63,
        )
        stream = _noting(found, endings)
        start = next(stream) if prompt else ""
        sent = start if asked.echo else ""
        streamed = asked.stream and asked.logprobs is not None
        reader, place = Reader(model, max(asked.logprobs or 0, 1)), len(start)
        if streamed:
            steps = reader.read(start)
            if sent:
                given = start[: len(start) - sum(len(step.character) for step in steps)]
                put(Part(index, sent, logprobs=self._listed(given, steps)))
        elif sent and asked.logprobs is None:
            put(Part(index, sent))
        text, finish = "", "length"
        for piece, ended in stopping(_checked(stream, job), self._stop):
            text += piece
            self._sampled += len(piece)
            self._measures.characters.inc(len(piece))
            if piece and streamed:
                steps = reader.read(piece)
                given = "" if steps else piece  # the first character of all, without a begin symbol
                put(Part(index, piece, logprobs=self._listed(given, steps, place)))
                place += len(piece)
            elif piece and asked.logprobs is None:
                put(Part(index, piece))
            if ended:
                finish = "stop"
                stream.close()
        if endings == ["end"]:  # of a document
            finish = "stop"
        ending: Finish = "stop" if finish == "stop" else "length"
        if streamed:
            put(Part(index, "", ending))
            return
        logprobs = self._logprobs(model, start + text, 0 if asked.echo else len(start))
        last = "" if asked.logprobs is None else (start if asked.echo else "") + text
        put(Part(index, last, ending, logprobs))

    def _cut(self, text: str) -> str:
        """Return ``text`` up to the first stop."""
        places = [place for stop in self._stop if (place := text.find(stop)) >= 0]
        return text[: min(places, default=len(text))]

    def _logprobs(self, model: NameModel | TextModel, text: str, begin: int) -> Logprobs | None:
        """Return the logarithms for the characters of ``text`` from offset ``begin`` on."""
        count = self.asked.logprobs
        if count is None:
            return None
        found = explain(model, [text], max(count, 1), compare=False)[0]
        steps = [step for step in found.steps if step.character != END]
        return self._listed(found.given, steps, 0, begin)

    def _listed(
        self, given: str, steps: Sequence[Step], place: int = 0, begin: int = 0
    ) -> Logprobs:
        """Return the logarithms of steps at offset ``place``, from offset ``begin`` on."""
        count = self.asked.logprobs or 0
        tokens = [*([given] if given else ()), *(step.character for step in steps)]
        logs: list[float | None] = [_log(step.probability) for step in steps]
        tops: list[dict[str, float] | None] = [
            {
                choice: _log(p)
                for choice, p in sorted(
                    [(step.character, step.probability), *step.alternatives], key=lambda c: -c[1]
                )[: max(count, 1)]
            }
            for step in steps
        ]
        if given:
            logs, tops = [None, *logs], [None, *tops]
        offsets = []
        for token in tokens:
            offsets.append(place)
            place += len(token)
        kept = [i for i, offset in enumerate(offsets) if offset >= begin]
        return Logprobs(
            tokens=[tokens[i] for i in kept],
            token_logprobs=[logs[i] for i in kept],
            top_logprobs=[tops[i] for i in kept] if count else None,
            text_offset=[offsets[i] for i in kept],
        )

    def part(self, part: Part) -> Completion:
        """Return a part as a stream sends it."""
        choice = Choice(
            text=part.text, index=part.index, finish_reason=part.finish, logprobs=part.logprobs
        )
        return Completion(**self._head, choices=[choice])

    def end(self) -> Completion | None:
        """Return what a stream sends last."""
        wanted = self.asked.stream_options and self.asked.stream_options.include_usage
        if not wanted:
            return None
        return Completion(**self._head, choices=[], usage=self._usage(), charloom=self._told())

    def whole(self, parts: list[Part]) -> Completion:
        """Return the answer as one."""
        texts: dict[int, Choice] = {}
        for part in parts:
            before = texts.get(part.index)
            texts[part.index] = Choice(
                index=part.index,
                text=(before.text if before else "") + part.text,
                finish_reason=part.finish,
                logprobs=part.logprobs,
            )
        return Completion(
            **self._head,
            choices=[texts[index] for index in sorted(texts)],
            usage=self._usage(),
            charloom=self._told(),
        )

    def _usage(self) -> Usage:
        total = self._read + self._sampled
        return Usage(prompt_tokens=self._read, completion_tokens=self._sampled, total_tokens=total)

    def _told(self) -> dict[str, Any]:
        return {"seed": self.seed, "complete": self.complete, "notes": self.notes}


def _noting(pieces: Pieces, endings: list[Ending]) -> Generator[str]:
    """Yield text as it is sampled, and add why it ended to ``endings``."""
    endings.append((yield from pieces))


def stopping(pieces: Iterator[str], stops: list[str]) -> Iterator[tuple[str, bool]]:
    """Yield text as it comes, and whether a stop has been reached; the stop is left out.

    Characters that may be the beginning of a stop are held back until that is clear.

    Example:
        >>> list(stopping(iter("ab--c"), ["--"]))
        [('a', False), ('b', False), ('', True)]
    """
    held = ""
    for piece in pieces:
        held += piece
        places = [place for stop in stops if (place := held.find(stop)) >= 0]
        if places:
            yield held[: min(places)], True
            return
        keep = max((_overlap(held, stop) for stop in stops), default=0)
        ready, held = held[: len(held) - keep], held[len(held) - keep :]
        if ready:
            yield ready, False
    if held:
        yield held, False


def _overlap(text: str, stop: str) -> int:
    """Return how many characters at the end of ``text`` begin ``stop``."""
    longest = min(len(text), len(stop) - 1)
    return next((n for n in range(longest, 0, -1) if text.endswith(stop[:n])), 0)


def _checked(pieces: Iterator[str], job: Job) -> Iterator[str]:
    for piece in pieces:
        job.check()
        yield piece


def _log(probability: float) -> float:
    return round(math.log(probability), 6) if probability > 0 else -9999.0


async def _streamed(request: Request, admission: Admission, work: Work) -> StreamingResponse:
    parts = admission.stream(work)
    first = await first_of(parts, request)

    async def lines() -> AsyncIterator[str]:
        part = first
        while part is not None:
            yield f"data: {work.part(part).model_dump_json(exclude_none=True)}\n\n"
            part = await anext(parts, None)
        if (end := work.end()) is not None:
            yield f"data: {end.model_dump_json(exclude_none=True)}\n\n"
        yield "data: [DONE]\n\n"

    return StreamingResponse(lines(), media_type=EVENTS)
