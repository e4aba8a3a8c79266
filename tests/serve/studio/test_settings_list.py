"""The settings that the page offers are those of the configurations."""

from __future__ import annotations

from typing import Any

from charloom.config import ModelConfig, TrainConfig
from charloom.serve.studio.settings_list import offered


def test_help_and_bounds_are_those_of_the_configurations(studio: Any) -> None:
    found = {one["name"]: one for one in studio.client.get("/studio/settings").json()}
    assert found["epochs"]["help"] == TrainConfig.__dataclass_fields__["epochs"].metadata["help"]
    assert (found["units"]["least"], found["units"]["most"]) == (1, 16384)
    assert (found["seconds"]["least"], found["seconds"]["most"]) == (0, None)
    assert found["kind"]["choices"] == ["network", "mixture", "ngram", "unigram", "uniform"]
    assert found["refit"]["kind"] == "flag"
    assert (found["window"]["form"], found["base"]["form"]) == ("text", "names")
    assert found["dropout"]["network"] and not found["seed"]["network"]


def test_each_can_be_set() -> None:
    for one in offered():
        config = ModelConfig if hasattr(ModelConfig, one.name) else TrainConfig
        inside = {
            "choice": (one.choices or [None])[0],
            "flag": True,
            "integer": one.most,
            "number": ((one.least or 0) + (one.most or 2)) / 2,
        }[one.kind]
        assert config.allows(one.name, int(inside) if one.kind == "integer" else inside), one.name
        if one.kind in ("integer", "number") and one.least is not None:
            assert not config.allows(one.name, one.least - 1), one.name
