"""Tools for programs that speak the Model Context Protocol."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field, ValidationError

from .._version import __version__
from ..errors import CharloomError
from ..generation.explain import explain
from .library import Library
from .native import scored, searched
from .schema import NamesRequest
from .wording import in_fields, told

MOST_NAMES = 100
"""Names in one call: what reads them is a model, which pays for each."""


def create_server(run: str | Path) -> MCPServer:
    """Return a server of three tools for the run of names in the folder ``run``.

    Raises:
        RunError: the folder is no run.
        ConfigError: it is a run of text.
    """
    library = Library([run], None)
    served = library.get(None)
    model = served.names
    known = served.run.facts.train_size
    server = MCPServer(
        "charloom",
        version=__version__,
        instructions=f"Generates and scores names with a model of {known or 'some'} names, "
        f"{served.id}.",
    )

    @server.tool()
    @_errors_in_words
    def generate_names(
        n: Annotated[int, Field(ge=1, le=MOST_NAMES, description="How many names.")] = 10,
        start: Annotated[str, Field(description="Every name starts with this.")] = "",
        end: Annotated[str, Field(description="Every name ends with this.")] = "",
        contains: Annotated[str, Field(description="Every name contains this.")] = "",
        length: Annotated[str, Field(description="Length: 6:9, 6:, :9 or 7.")] = "",
        regex: Annotated[str, Field(description="Whole names match this expression.")] = "",
        temperature: Annotated[
            float, Field(ge=0, le=100, description="Below 1 more typical, above 1 bolder.")
        ] = 0.7,
        seed: Annotated[
            int | None, Field(description="The same seed gives the same names.")
        ] = None,
    ) -> dict[str, Any]:
        """Generate new names: different, and none of the list that the model was trained on."""
        asked = NamesRequest(
            n=n,
            start=start,
            end=end,
            contains=[contains] if contains else [],
            length=length or None,
            regex=regex or None,
            temperature=temperature,
        )
        chosen = secrets.randbits(48) if seed is None else seed
        search = searched(model, asked, chosen)
        names = [sample.text for sample in search]
        return {"names": names, "seed": chosen, "reason": told(search.reason)}

    @server.tool()
    @_errors_in_words
    def score_names(
        names: Annotated[list[str], Field(min_length=1, max_length=1000)],
    ) -> dict[str, Any]:
        """Return each name's negative log-likelihood in nats: the lower, the more like the list."""
        return {"scores": [score.model_dump() for score in scored(model, names)]}

    @server.tool()
    @_errors_in_words
    def explain_name(name: Annotated[str, Field(max_length=1000)]) -> dict[str, Any]:
        """Return how likely each letter of a name is, what else was, and the nearest known name."""
        return explain(model, [name])[0].to_dict()

    return server


def _errors_in_words(tool: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Turn what the caller did wrong into an error that the protocol passes on."""

    @wraps(tool)
    def called(*arguments: Any, **named_arguments: Any) -> dict[str, Any]:
        try:
            return tool(*arguments, **named_arguments)
        except ValidationError as error:
            first = error.errors()[0]
            raise ToolError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
        except CharloomError as error:
            raise ToolError(in_fields(str(error))) from error

    return called
