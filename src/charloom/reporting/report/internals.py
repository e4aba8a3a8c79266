"""Sections on what a model was trained on, how, and what can be seen inside it."""

from __future__ import annotations

from ...data.unicode import visible
from .cells import next_ladder, picker, unit_rows
from .content import Content
from .html import Html, joined, name_of, percent, tag
from .layout import Section, facts_list, figure
from .summary import count, sources

SHOWN_CHARACTERS = 200

CORRELATED = 0.3
"""Correlation from which on a hidden unit may be said to follow something."""


def corpus(content: Content) -> Section | None:
    """Return what the model has read."""
    facts, vocabulary = content.saved.facts, content.saved.vocabulary
    corpus = facts.get("corpus")
    corpus = corpus if isinstance(corpus, dict) else {}
    what = "characters" if content.is_text else "names"
    rows: list[tuple[str, Html | str]] = []
    if found := sources(content):
        rows.append(("From", tag("span", [[name_of(s), " "] for s in found[:20]])))
    if what in corpus:
        rows.append((what.capitalize(), count(corpus[what])))
    split = facts.get(f"train_{what}"), facts.get(f"held_out_{what}")
    if isinstance(split[0], int):
        rows.append(("To train on", count(split[0])))
        rows.append(("Held out", count(split[1])))
    if not content.is_text:
        if isinstance(corpus.get("duplicates"), int):
            rows.append(("Repeats left out", count(corpus["duplicates"])))
        if isinstance(corpus.get("mean"), int | float):
            shortest, longest = count(corpus.get("shortest")), count(corpus.get("longest"))
            rows.append(("Length", f"{shortest} to {longest}, {corpus['mean']:.1f} on average"))
    characters = vocabulary.characters
    shown = " ".join(map(visible, characters[:SHOWN_CHARACTERS]))
    more = len(characters) - SHOWN_CHARACTERS
    shown += f" and {more:,} more" if more > 0 else ""
    kinds = f"{len(characters):,} {vocabulary.unit}s"
    rows.append(("Alphabet", tag("span", f"{kinds}: ", tag("bdi", shown, class_="alphabet"))))
    if content.saved.labels:
        rows.append(("Labels", tag("span", ", ".join(content.saved.labels))))
    if isinstance(canaries := facts.get("canaries"), list):
        strings = (
            f"{len(canaries):,} random strings, added to the training names to measure memorisation"
        )
        rows.append(("Canaries", strings))
    lead = "What the model has read. What was held out it has never seen: it is measured on that."
    body: list[Html | None] = [facts_list(rows)]
    if "lengths" in content.figures and "drawn-lengths" not in content.figures:
        body.append(figure(content, "lengths", "Training names by their length."))
    if content.examples:
        some = [tag("span", name_of(name)) for name in content.examples]
        body.append(tag("p", tag("b", "Some of them: "), [[s, " "] for s in some], class_="some"))
    return "What it was trained on", lead, body


def loss(content: Content) -> Section | None:
    """Return how its losses went."""
    data = content.figures.get("loss")
    if not data or not content.saved.config.has_network:
        return None
    held = [e for e in data["history"] if e.get("held_out_nats_per_char") is not None]
    lead = "Next-character loss by epoch: lower is better."
    kept = content.saved.facts.get("best")
    kept = kept.get("epoch") if isinstance(kept, dict) else None
    marked = False
    label = f"Loss by epoch over {len(data['history'])} epochs."
    if held:
        best = min(held, key=lambda entry: entry["held_out_nats_per_char"])
        label += (
            f" Held out, it was lowest after epoch {best['epoch']}: "
            f"{best['held_out_nats_per_char']:.3f} nats per character."
        )
        marked = kept == best["epoch"]
        if content.saved.config.kind == "mixture":
            lead += " The training curve is of the network alone, a part of it switched off."
        lead += (
            " Once the held-out curve rises while the other falls, the model only learns its "
            f"{'text' if content.is_text else 'list'} by heart."
        )
    if isinstance(kept, int):
        lead += f" Kept is the model {'at the mark' if marked else f'after epoch {kept}'}."
    return "Training", lead, [figure(content, "loss", label)]


def next_letter(content: Content) -> Section | None:
    """Return what the model expects along several strings."""
    if not content.next:
        return None
    panels = [
        (name_of(data["text"][:24]), next_ladder(data, text=content.is_text))
        for data in content.next
    ]
    lead = joined(
        (
            "What the model expects, character by character: on top what came, and how likely it "
            "was; below, what it held to be likely.",
            tag("span", " Touch a character for more.", class_="touch"),
        )
    )
    return "The next letter", lead, [picker("next", panels, "A string to read")]


def embedding(content: Content) -> Section | None:
    """Return the map of the characters."""
    data = content.figures.get("embedding")
    if not data:
        return None
    lead = (
        "Each character is a point in the network's embedding, shown here in the plane where "
        f"they differ most: it holds {percent(sum(data['explained']))} of their differences. What "
        "is far apart here is far apart indeed; what is close may not be. Marks that would hide "
        "each other are moved apart."
    )
    label = "A map of the characters."
    if "vowel" in data["kinds"]:
        lead += " Nobody labelled the vowels."
        label = "A map of the characters; vowels, consonants and capitals have their own shapes."
    if content.saved.vocabulary.size > len(data["characters"]):
        lead += f" The {len(data['characters'])} most frequent are shown."
    return "A map of the letters", lead, [figure(content, "embedding", label, stacked=True)]


def units(content: Content) -> Section | None:
    """Return hidden units along names."""
    data = content.figures.get("units") or {"units": ()}
    told = [unit for unit in data["units"] if abs(unit["correlation"]) >= CORRELATED]
    if not told:
        return None
    words = {
        "vowel": "vowels",
        "position": "how far along it is",
        "left": "how much is left",
    }
    panels = []
    for unit in told:
        title = f"Unit {unit['unit']}: {words.get(unit['feature'], unit['feature'])}"
        note = f"correlation {unit['correlation']:+.2f}"
        rows = unit_rows(data["names"], unit["activities"], text=content.is_text)
        panels.append((title, tag("div", rows, tag("p", note, class_="note"))))
    saved = content.saved
    read = "text" if content.is_text else "names"
    if saved.held_out_names or saved.held_out_text:
        read += " it has not learned"
    lead = (
        f"Of {saved.config.units:,} hidden units those that follow something plain most closely, "
        f"while the network reads {read}. Orange is active, blue (dotted) the opposite."
    )
    return "Inside the network", lead, [picker("unit", panels, "A hidden unit")]
