"""A model card as Markdown."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...evaluation.memorisation.text import PIECE
from ...training.recipe_file import RecipeFile
from .markdown import fenced, figure, plain, table
from .place import MARK

KINDS = {
    "network": "A recurrent network",
    "mixture": "A recurrent network and an n-gram in one",
    "ngram": "An n-gram",
    "unigram": "A baseline that knows how frequent characters are, and no more,",
    "uniform": "A baseline that knows which characters there are, and no more,",
}


def to_markdown(data: Mapping[str, Any]) -> str:
    """Return the card of ``data``, which ``gather`` gave."""
    sections = (
        _what(data),
        _use(data),
        _for(data),
        _corpus(data),
        _training(data),
        _measures(data),
        _memorisation(data),
        "## Limits\n\n" + "\n".join(f"- {plain(limit)}" for limit in data["limits"]),
    )
    return "\n\n".join((_front(data), MARK, *filter(None, sections))) + "\n"


def _front(data: Mapping[str, Any]) -> str:
    """Return the front matter, in YAML, whose values are written as JSON."""
    names = data["of"] == "names"
    metrics = [
        {"type": one["name"], "name": one["title"], "value": round(one["value"], 5)}
        for one in data["measures"]
    ]
    kind = "name-generation" if names else "running-text"
    lines = [
        "---",
        "library_name: charloom",
        "pipeline_tag: text-generation",
        f"tags: {json.dumps(['charloom', 'character-level', kind])}",
        "# license: whatever allows the use of what it was trained on; charloom cannot know",
    ]
    if metrics:
        result = {
            "task": {"type": "text-generation"},
            "dataset": {"type": "held-out", "name": f"held out of {_sources(data)}"},
            "metrics": metrics,
        }
        lines += [
            "model-index:",
            f"  - name: {json.dumps(data['name'], ensure_ascii=False)}",
            "    results:",
            f"      - task: {json.dumps(result['task'])}",
            f"        dataset: {json.dumps(result['dataset'], ensure_ascii=False)}",
            "        metrics:",
            *(f"          - {json.dumps(one, ensure_ascii=False)}" for one in metrics),
        ]
    return "\n".join((*lines, "---"))


def _what(data: Mapping[str, Any]) -> str:
    names = data["of"] == "names"
    size = data["trained_on"]
    count = f"{size:,} " if isinstance(size, int) else ""
    what = "names" if names else "characters of running text"
    does = "draws new names in their style" if names else "continues in its style"
    does += ", character by character"
    if data["model"]["kind"] in ("unigram", "uniform"):
        does = "is there to be compared with"
    text = (
        f"# {plain(data['name'])}\n\n{KINDS[data['model']['kind']]} that was trained on "
        f"{count}{what} ({plain(_sources(data))}) and {does}. Made with charloom."
    )
    if data["examples"]:
        start = f", beginning with {plain(data['start'])!r}" if data["start"] else ""
        count = "Ten" if len(data["examples"]) == 10 else "Some"
        new = ", none from its list" if data["examples_are_new"] else ""
        lead = f"{count} of its names{new}" if names else "What it writes"
        text += f"\n\n{lead}{start}:\n\n{fenced(chr(10).join(data['examples']))}"
    said = [_headline(data), (data["memorisation"] or {}).get("verdict", "")]
    return "\n\n".join((text, *(plain(sentence) for sentence in said if sentence)))


def _headline(data: Mapping[str, Any]) -> str:
    """Return the two figures that matter most, in a sentence."""
    found = {one["name"]: one for one in data["measures"]}
    nats, told = found.get("nats_per_char"), found.get("two_sample_accuracy")
    if nats is None:
        return ""
    what = "names" if data["of"] == "names" else "text"
    sentence = (
        f"On {what} that it has not seen it needs {nats['value']:.3f} nats a character "
        f"({nats['low']:.3f} to {nats['high']:.3f})"
    )
    if told is None:
        return f"{sentence}."
    return (
        f"{sentence}; a classifier tells what it draws from real {what} "
        f"{figure(told['value'], '%')} of the time ({figure(told['low'], '%')} to "
        f"{figure(told['high'], '%')}), where 50 % is chance."
    )


def _use(data: Mapping[str, Any]) -> str:
    names, start = data["of"] == "names", data["start"]
    name = data["name"]
    safe = name if re.fullmatch(r"[\w./-]+", name) and not name.startswith("-") else "RUN"
    option = f" --start {start}" if start and start.isalnum() else ""
    shell = f"charloom generate {safe}" + (f" -n 20{option}" if names else " --characters 500")
    call = f"model.names(20{f', start={start!r}' if start else ''})" if names else "model.text(500)"
    python = f'import charloom\n\nmodel = charloom.load("{safe}")\nprint({call})'
    return (
        "## How to use it\n\nWith this folder, and charloom installed:\n\n"
        f"{fenced(shell, 'sh')}\n\n{fenced(python, 'python')}"
    )


def _for(data: Mapping[str, Any]) -> str:
    if data["of"] == "names":
        good = "Ideas for names: in games and stories, for products, for test data, for teaching."
        bad = (
            "deciding whether a name is real, or where somebody comes from; standing in for real "
            "people's names where they must not be known; anything but names of this kind."
        )
    else:
        good = "Text in a known style, for play, for test data, and for teaching."
        bad = "anything that must be true, or safe to read; answers, advice, or news."
    return f"## What it is for\n\n{good}\n\nNot for: {bad}"


def _corpus(data: Mapping[str, Any]) -> str:
    corpus, names = data["corpus"], data["of"] == "names"
    what = "names" if names else "characters"
    rows: list[tuple[str, str]] = [("From", _sources(data))]
    for key, title in (
        ("records", "Records read"),
        ("duplicates", "Duplicates dropped"),
        ("blank", "Blank dropped"),
        ("names", "Distinct names"),
        ("documents", "Documents"),
        ("characters", "Characters"),
        ("distinct", "Distinct characters"),
    ):
        if isinstance(corpus.get(key), int):
            rows.append((title, f"{corpus[key]:,}"))
    if names and isinstance(corpus.get("mean"), int | float):
        rows.append(
            ("Lengths", f"{corpus.get('shortest')} to {corpus.get('longest')}, "
             f"mean {corpus['mean']:.1f}")
        )  # fmt: skip
    for key, title in (("trained_on", "To train on"), ("held_out", "Held out")):
        if isinstance(data[key], int):
            rows.append((title, f"{data[key]:,} {what}"))
    if data["labels"]:
        rows.append(("Labels", ", ".join(data["labels"])))
    return f"## What it was trained on\n\n{table(('', ''), rows)}"


def _training(data: Mapping[str, Any]) -> str:
    model, best = data["model"], data["best"]
    rows = [("Kind", model["kind"])]
    if model["kind"] in ("network", "mixture"):
        rows.append(
            ("Network", f"embedding {model['embedding']}, {model['layers']} x "
             f"{model['cell'].upper()} {model['units']}, dropout {model['dropout']:g}")
        )  # fmt: skip
    if data["ngram"].get("order", 0) > 1:
        share = data["ngram"].get("share")
        weighs = f", its share {share:.2f}" if isinstance(share, float) else ""
        rows.append(("N-gram", f"order {data['ngram']['order']}{weighs}"))
    rows.append(("Parameters", f"{data['parameters']:,}"))
    if model["kind"] in ("network", "mixture") and best.get("epoch"):
        rows.append(("Best epoch", str(best["epoch"])))
    if isinstance(data["seconds"], int | float):
        on = f" on {data['backend']}" if isinstance(data["backend"], str) else ""
        rows.append(("Trained in", f"{data['seconds']:.0f} s{on}"))
    if data["versions"]:
        rows.append(("With", ", ".join(f"{k} {v}" for k, v in data["versions"].items())))
    text = f"## How it was trained\n\n{table(('', ''), rows)}"
    if data["recipe"]:
        recipe = RecipeFile(data["recipe"]).to_bytes().decode().rstrip()
        same = "On one kind of machine, with the same versions, the same model comes out."
        if data["recipe"].get("seconds"):
            same = "It was trained for so many seconds: a faster machine gets further in them."
        file, what = ("FILE", "list") if data["of"] == "names" else ("FILE --as text", "text")
        if data["vocabulary"]["unit"] != "character":
            file += f" --unit {data['vocabulary']['unit']}"
        file += " --min-count N" if data["vocabulary"]["unknown"] else ""
        text += (
            "\n\nTo train it again, save this as `recipe.json` and run `charloom train "
            f"{file} --recipe recipe.json --out RUN` with the same {what}. {same}\n\n"
            f"<details><summary>recipe.json</summary>\n\n{fenced(recipe, 'json')}\n\n</details>"
        )
    return text


def _measures(data: Mapping[str, Any]) -> str:
    text = "## How good it is"
    held_out = data["held_out"]
    if not data["measures"]:
        why = data["left_out"].get("measures", "there is nothing to measure it on.")
        return f"{text}\n\nNot measured: {plain(why)}"
    what = "names" if data["of"] == "names" else "characters"
    on = f"{held_out:,} held-out {what}" if held_out else ""
    drawn = f"{data['samples']:,} {what} drawn at temperature 1" if data["samples"] else ""
    lead = " and ".join(filter(None, (on, drawn)))
    rows = [
        (
            one["title"],
            f"**{figure(one['value'], one['unit'])}**",
            f"{figure(one['low'], one['unit'])} to {figure(one['high'], one['unit'])}",
            figure(one["real"]["value"], one["unit"]) if one["real"] else "",
            one["explanation"],
        )
        for one in data["measures"]
    ]
    heads = ("Measure", "Model", "95 % interval", "Real", "What it says")
    notes = "".join(f"\n\n{plain(note)}" for note in data["notes"])
    return f"{text}\n\nOn {lead}, seed {data['seed']}.\n\n{table(heads, rows)}{notes}"


def _memorisation(data: Mapping[str, Any]) -> str:
    text, found = "## Memorisation", data["memorisation"]
    if found is None:
        why = data["left_out"].get("memorisation", "there is nothing to compare with.")
        return f"{text}\n\nNot measured: {plain(why)}"
    text += f"\n\n{plain(found['verdict'])}"
    rows = [
        (
            f"{one['temperature']:g}",
            *(f"{figure(one[key]['value'], '%')} ({figure(one[key]['low'], '%')} to "
              f"{figure(one[key]['high'], '%')})" for key in ("copied", "ideal")),
        )
        for one in found["by_temperature"]
    ]  # fmt: skip
    heads = ("Temperature", "In the list", "Style alone")
    if data["of"] == "text":
        heads = ("Temperature", f"In pieces of {PIECE} or more", "Real text")
    if rows:
        text += f"\n\n{table(heads, rows)}"
    gap = found["gap"]
    return (
        f"{text}\n\nTraining names cost it {found['train_nats_per_char']['value']:.3f} nats "
        f"a character, unseen ones {found['held_out_nats_per_char']['value']:.3f}: a gap of "
        f"{gap['value']:.3f} ({gap['low']:.3f} to {gap['high']:.3f})."
    )


def _sources(data: Mapping[str, Any]) -> str:
    """Return the corpus's files, without the folders, which are nobody's business."""
    sources = data["corpus"].get("sources")
    named = [Path(str(source)).name for source in sources] if isinstance(sources, list) else []
    more = f" and {len(named) - 3} more" if named[3:] else ""
    return ", ".join(named[:3]) + more or "a list that is not named"
