"""A widget in a page without Jupyter: a model object of anywidget's protocol, and Python."""

from __future__ import annotations

import json
from concurrent.futures import wait
from typing import Any

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Notebook</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body style="margin: 8px; background: {background}"><main id="cell"></main></body></html>"""

SHOW = """async ([source, state]) => {
  const listeners = {};
  const emit = (name, ...all) => (listeners[name] ?? []).slice().forEach((one) => one(...all));
  const model = {
    get: (name) => state[name],
    set: (name, value) => { state[name] = value; emit(`change:${name}`); },
    save_changes: () => window.python(JSON.stringify({ state })),
    on: (name, one) => (listeners[name] ??= []).push(one),
    off: (name, one) => (listeners[name] = listeners[name].filter((other) => other !== one)),
    send: async (message) => {
      for (const answer of JSON.parse(await window.python(JSON.stringify({ message }))))
        emit("msg:custom", answer, []);
    },
  };
  window.model = model;
  window.echo = () => Object.keys(state).forEach((name) => emit(`change:${name}`));
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const widget = await import(url);
  window.leave = widget.default.render({ model, el: document.getElementById("cell") });
}"""


class Shown:
    """A widget in a page of a browser.

    Attributes:
        page: Playwright's page.
        problems: what the browser complained of, and what was requested from elsewhere.
    """

    def __init__(self, page: Any, widget: Any, background: str = "#ffffff") -> None:
        self.page, self._widget = page, widget
        self.problems: list[str] = []
        self._said: list[dict[str, Any]] = []
        widget.send = lambda message, buffers=None: self._said.append(message)
        page.on("console", lambda m: m.type == "error" and self.problems.append(m.text))
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("request", lambda r: r.url[:5] in ("http:", "https") and self._elsewhere(r.url))
        page.expose_function("python", self._python)
        page.route("http://notebook/", lambda route: route.fulfill(
            body=PAGE.replace("{background}", background), content_type="text/html"))  # fmt: skip
        page.goto("http://notebook/")
        state = {name: getattr(widget, name) for name in widget.keys if not name.startswith("_")
                 and name not in ("layout", "tabbable", "tooltip")}  # fmt: skip
        page.evaluate(SHOW, [str(widget._esm), state])

    def _elsewhere(self, url: str) -> None:
        if url != "http://notebook/":
            self.problems.append(f"requested {url}")

    def _python(self, text: str) -> str:
        """Take what the page sends, and return all answers that there are once it was worked on."""
        said = json.loads(text)
        for name, value in said.get("state", {}).items():
            setattr(self._widget, name, value)
        if "message" in said:
            self._widget._receive(self._widget, said["message"], [])
            settle(self._widget)
        answers, self._said = self._said, []
        return json.dumps(answers)


def settle(widget: Any) -> None:
    """Wait until a widget's threads have answered everything."""
    threads = widget._threads
    wait([threads.submit(int) for _ in range(threads._max_workers)])
    while widget._waiting:
        wait([threads.submit(int)])
