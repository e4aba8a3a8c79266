"""In a real kernel: widgets answer, and the progress of a training is one output."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

pytest.importorskip("anywidget")
pytest.importorskip("ipykernel")
pytest.importorskip("nbclient")

pytestmark = pytest.mark.heavy

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


class Kernel:
    """A kernel and what it says."""

    def __init__(self, client):
        self._client = client

    def run(self, code):
        """Run a cell; return its messages."""
        request = self._client.execute(code)
        said = []
        while True:
            message = self._client.get_iopub_msg(timeout=60)
            if message["parent_header"].get("msg_id") != request:
                said.append(message)
                continue
            said.append(message)
            if message["msg_type"] == "error":
                raise AssertionError("\n".join(message["content"]["traceback"]))
            idle = message["msg_type"] == "status"
            if idle and message["content"]["execution_state"] == "idle":
                return said

    def send(self, comm, message):
        """Send a widget a message as its page does."""
        content = {"comm_id": comm, "data": {"method": "custom", "content": message}}
        self._client.shell_channel.send(self._client.session.msg("comm_msg", content))

    def answers(self, comm, until):
        """Return what a widget's page is told, until a message has the key ``until``."""
        said, end = [], time.monotonic() + 60
        while time.monotonic() < end:
            message = self._client.get_iopub_msg(timeout=60)
            content = message["content"]
            if message["msg_type"] != "comm_msg" or content["comm_id"] != comm:
                continue
            if content["data"].get("method") == "custom":
                said.append(content["data"]["content"])
                if until in said[-1]:
                    return said
        raise AssertionError("it took a minute")


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    from jupyter_client import KernelManager

    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(NOTEBOOKS))
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        from execute import ThisPython

        manager = KernelManager(kernel_spec_manager=ThisPython())
        manager.start_kernel()
        client = manager.client()
        client.start_channels()
        client.wait_for_ready(timeout=60)
        yield Kernel(client)
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_a_wall_answers_while_the_kernel_is_free(kernel):
    said = kernel.run(
        "import charloom\nfrom charloom.notebook import Wall\n"
        "names = charloom.NameCorpus.builtin().names[:200]\n"
        "model = charloom.train(names, kind='ngram', seed=1, progress=False)\n"
        "wall = Wall(model)\nwall"
    )
    opened = [one["content"] for one in said if one["msg_type"] == "comm_open"]
    (comm,) = [one["comm_id"] for one in opened if "_esm" in one["data"]["state"]]
    (shown,) = [one["content"] for one in said if one["msg_type"] == "display_data"] or [
        one["content"] for one in said if one["msg_type"] == "execute_result"
    ]
    assert shown["data"]["application/vnd.jupyter.widget-view+json"]["model_id"] == comm
    kernel.send(comm, {"id": "1", "path": "/v1/names", "body": {"n": 9, "seed": 4}})
    said = kernel.answers(comm, "end")
    assert len([name for message in said for name in message["items"]]) == 9
    said = kernel.run("assert wall.names == model.names(9, seed=4); print('same')")
    assert [one["content"]["text"] for one in said if one["msg_type"] == "stream"] == ["same\n"]


def test_progress_is_one_output_beside_what_is_printed(kernel):
    said = kernel.run(
        "from charloom import NameCorpus, fit, train\nfrom charloom.notebook import watch\n"
        "corpus = NameCorpus.of(NameCorpus.builtin().names[:300])\n"
        "size = dict(kind='network', units=8, epochs=2, batch_size=32, base='none', seed=1)\n"
        "for event in watch(fit(corpus, **size), corpus):\n"
        "    if type(event).__name__ == 'Evaluated':\n        print(event.epoch)\n"
    )
    kinds = [one["msg_type"] for one in said]
    assert kinds.count("display_data") == 1 and kinds.count("update_display_data") >= 3
    printed = "".join(one["content"]["text"] for one in said if one["msg_type"] == "stream")
    assert printed == "1\n2\n"
    last = [one["content"]["data"] for one in said if one["msg_type"] == "update_display_data"][-1]
    assert "Finished 2 epochs" in last["text/plain"]
    assert last["text/html"].count("<tr>") == 3 and "new strings" in last["text/html"]
    said = kernel.run("model = train(corpus, **size)")
    kinds = [one["msg_type"] for one in said]
    assert kinds.count("display_data") == 1 and "stream" not in kinds
    said = kernel.run("model = train(corpus, **size, progress=False)")
    assert {one["msg_type"] for one in said} == {"status", "execute_input"}
