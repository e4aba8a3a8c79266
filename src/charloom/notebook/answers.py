"""What a widget's page asks of a model, answered as the studio's server does."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from ..generation import NameModel, TextModel
from ..generation import constraints as c
from ..generation.continuations import Continued, continued_name, continued_text
from ..generation.explain import END, Reader, explain

Asked = Mapping[str, Any]
Put = Callable[[Any], None]
Answers = dict[str, Callable[[Asked, Put], Any]]


def rules_of(asked: Asked) -> c.Rules | None:
    """Return the constraints beside the start; ``None`` if there are none.

    Raises:
        RuleError: one is invalid.
    """
    rules: list[c.Rule] = [c.End(asked["end"])] if asked.get("end") else []
    rules += map(c.Contains, asked.get("contains", ()))
    for name, parse in (("length", c.Length.parse), ("chars", c.Chars), ("regex", c.Regex)):
        if asked.get(name):
            rules.append(parse(asked[name]))
    if asked.get("block"):
        rules.append(c.Block(tuple(asked["block"])))
    return c.Rules(tuple(rules)) if rules else None


def options_of(asked: Asked) -> dict[str, Any]:
    """Return the options of ``NameModel.generate`` that a wall asks for.

    Raises:
        RuleError: a constraint is invalid.
    """
    same = ("start", "temperature", "seed", "min_edits", "fold_case", "allow_known")
    options = {name: asked[name] for name in same if name in asked}
    if (rules := rules_of(asked)) is not None:
        options["rules"] = rules
    if asked.get("forbid"):
        options["forbid"] = frozenset(asked["forbid"])
    return options


def for_names(model: NameModel, shown: Callable[[list[str]], None]) -> Answers:
    """Return what a wall of names asks for; ``shown`` is called with the names of each answer."""

    def names(asked: Asked, put: Put) -> dict[str, Any]:
        chosen = model
        if asked.get("labels"):
            chosen = model.condition(asked["labels"], asked.get("guidance", 2.0))
        options = options_of(asked) | {"threads": 1}
        stream = chosen.stream_best if asked.get("best") else chosen.stream
        search = stream(asked["n"], **options)
        texts = []
        for sample in search:
            put(sample.to_dict())
            texts.append(sample.text)
        shown(texts)
        return {"seed": asked.get("seed"), "reason": search.reason, "note": search.note}

    def explained(asked: Asked, put: Put) -> dict[str, Any]:
        found = explain(model, asked["texts"], asked["alternatives"])
        return {"explanations": [one.to_dict() for one in found]}

    return {"/v1/names": names, "/v1/explain": explained}


def for_play(model: NameModel | TextModel) -> Answers:
    """Return what a field to write in asks for."""

    def following(asked: Asked, put: Put) -> dict[str, Any]:
        text, temperature = asked["text"], asked["temperature"]
        if isinstance(model, NameModel):
            return _continued(continued_name(model, text, temperature), 0)
        drawing = Random(zlib.crc32(text.encode()))  # the same text, the same continuations
        found = continued_text(model, text, temperature, lambda: drawing.getrandbits(48))
        return _continued(found, len(found.text))

    def written(asked: Asked, put: Put) -> None:
        assert isinstance(model, TextModel)  # the page asks for it with these only
        prompt = model.vocabulary.normalised(asked["prompt"])
        pieces = model.stream_text(
            asked["max_tokens"],
            start=prompt,
            temperature=asked["temperature"],
            top_p=asked["top_p"],
            stop=asked.get("stop", ()),
            seed=Random().getrandbits(48) if asked.get("seed") is None else asked["seed"],
            no_repeat_ngram_size=asked.get("charloom", {}).get("no_repeat"),
        )
        reader = Reader(model)
        if prompt:
            reader.read(next(pieces))
        finish = "stop"
        while True:
            try:
                piece = next(pieces)
            except StopIteration as end:
                finish = "length" if end.value == "length" else "stop"
                break
            put(_part(piece, reader))
        put({"choices": [{"text": "", "finish_reason": finish}]})

    return {"/studio/next": following, "/v1/completions": written}


def _part(piece: str, reader: Reader) -> dict[str, Any]:
    """Return a piece of a text in OpenAI's format, with its characters' probabilities."""
    steps = reader.read(piece)
    tokens = [step.character for step in steps] or [piece]
    logs = [math.log(step.probability) if step.probability else None for step in steps] or [None]
    return {
        "choices": [{"text": piece, "logprobs": {"tokens": tokens, "token_logprobs": logs}}],
    }


def _continued(found: Continued, given: int) -> dict[str, Any]:
    """Return how a beginning may continue; ``given`` characters of each text are the beginning."""
    return {
        "text": found.text,
        "characters": [
            {"text": "" if text == END else text, "probability": share}
            for text, share in found.characters
        ],
        "continuations": [
            {
                "text": sample.text[given:],
                "probability": None if math.isnan(share) else share,
                "known": sample.origin == "known",
            }
            for sample, share in found.offers
        ],
    }
