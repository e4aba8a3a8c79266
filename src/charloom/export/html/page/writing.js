// Text: a beginning, and what the model writes after it.
import { anySeed, copy, element, field, status, temperatureField, walk } from "./dom.js";
import { Impossible } from "./generator.js";

export function textPage(generator) {
  const temperature = temperatureField(generator.header.temperature);
  const start = field("Beginning", "textarea", { dir: "auto", spellcheck: "false", rows: "3" });
  const length = field("Length", "input", { type: "range", min: "100", max: "5000", step: "100", value: "600" });
  const showLength = () => length.shown(`${Number(length.control.value).toLocaleString("en")} characters`);
  length.control.addEventListener("input", showLength);
  showLength();
  const said = status();
  const say = (text) => (said.textContent = text);
  const written = element("div", { class: "written", dir: "auto", tabindex: "0", role: "region", "aria-label": "Text" });
  const stop = element("button", { type: "button", hidden: true, onclick: () => turn++ }, "Stop");
  let turn = 0;

  const write = async () => {
    const own = ++turn;
    start.problem("");
    written.textContent = start.control.value;
    stop.hidden = false;
    say("Writing…");
    const pieces = document.createTextNode("");
    written.append(pieces);
    try {
      const text = generator.text({
        seed: anySeed(),
        temperature: Number(temperature.control.value),
        start: start.control.value,
        length: Number(length.control.value),
      });
      const result = await walk(text, (one) => void pieces.appendData(one), () => own !== turn);
      if (result === "over" && own + 1 !== turn) return;
      say(result === "over" ? "Stopped." : "Done.");
    } catch (error) {
      if (!(error instanceof Impossible)) throw error;
      start.problem(error.message);
      say(error.message);
    }
    stop.hidden = true;
  };

  const form = element(
    "form",
    {
      class: "panel",
      "aria-label": "What to write",
      onsubmit: (event) => {
        event.preventDefault();
        write();
      },
    },
    start.whole,
    temperature.whole,
    length.whole,
    element("button", { class: "primary", type: "submit" }, "Write"),
  );
  const results = element(
    "section",
    { id: "results", tabindex: "-1", "aria-label": "Result" },
    said,
    written,
    element("div", { class: "row" }, stop, element("button", { type: "button", onclick: () => copy(written.textContent, say) }, "Copy")),
  );
  write();
  return [element("div", { class: "beside" }, form, results)];
}
