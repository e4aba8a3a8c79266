"""The Model Context Protocol, with its official SDK as the client."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest

import charloom
from helpers.asynchronous import run

mcp = pytest.importorskip("mcp")


@pytest.fixture(scope="module")
def answers(served_runs: dict[str, Path]) -> dict[str, Any]:
    """What a client of ``charloom mcp`` is told."""
    command = ["-m", "charloom", "mcp", str(served_runs["names"])]
    calls: dict[str, tuple[str, dict[str, Any]]] = {
        "names": ("generate_names", {"n": 4, "start": "Ma", "seed": 3}),
        "scores": ("score_names", {"names": ["Marala", "Zzz"]}),
        "explanation": ("explain_name", {"name": "Marala"}),
        "impossible": ("generate_names", {"length": "2", "start": "Mar"}),
        "too many": ("generate_names", {"n": 10**6}),
        "unseen": ("explain_name", {"name": "Zzz"}),
    }

    async def asked() -> dict[str, Any]:
        parameters = mcp.StdioServerParameters(
            command=sys.executable, args=command, env=dict(os.environ)
        )
        async with mcp.Client(parameters) as client:
            found: dict[str, Any] = {"tools": await client.list_tools()}
            for name, (tool, arguments) in calls.items():
                found[name] = await client.call_tool(tool, arguments)
            return found

    return run(asyncio.wait_for(asked(), 60))


def test_three_tools_are_offered_with_descriptions(answers: dict[str, Any]) -> None:
    tools = {tool.name: tool for tool in answers["tools"].tools}
    assert set(tools) == {"generate_names", "score_names", "explain_name"}
    assert all(tool.description for tool in tools.values())
    assert "start" in tools["generate_names"].input_schema["properties"]


def test_names_are_those_of_the_model(
    answers: dict[str, Any], served_runs: dict[str, Path]
) -> None:
    model = charloom.load(served_runs["names"])
    found = answers["names"].structured_content
    assert found["names"] == model.names(4, start="Ma", seed=3, temperature=0.7)


def test_scores_and_explanations(answers: dict[str, Any], served_runs: dict[str, Path]) -> None:
    model = charloom.load(served_runs["names"])
    first, second = answers["scores"].structured_content["scores"]
    nats = float(model.nll(["Marala"])[0])
    assert first["nats"] == pytest.approx(nats, abs=1e-5)
    assert second == {"text": "Zzz", "nats": None, "unknown": "Zzz"}
    assert answers["explanation"].structured_content["nats"] == pytest.approx(nats, abs=1e-5)


@pytest.mark.parametrize("call", ["impossible", "too many", "unseen"])
def test_mistakes_are_told_in_words(answers: dict[str, Any], call: str) -> None:
    assert answers[call].is_error
    assert "Traceback" not in answers[call].content[0].text
