// Names: the controls, and the names that satisfy them.
import { anySeed, check, copy, element, field, status, temperatureField, textField, walk } from "./dom.js";
import { Impossible } from "./generator.js";
import { Favourites, favouritesSection, nameLine } from "./list.js";

const AT_ONCE = 20;
const SETTLED = 250; // milliseconds without a change
const SLOW = 500; // milliseconds without a name after which the page says that it searches

export function namesPage(generator) {
  const { header } = generator;
  const fields = {
    temperature: temperatureField(header.temperature),
    start: textField("Starts with"),
    end: textField("Ends with"),
    contains: textField("Contains"),
    least: field("Shortest", "input", { type: "number", min: "1", max: "1000", inputmode: "numeric" }),
    most: field("Longest", "input", { type: "number", min: "1", max: "1000", inputmode: "numeric" }),
    seed: field("Seed", "input", { type: "number", min: "0", step: "1", inputmode: "numeric", value: anySeed() }),
  };
  if (header.labels.length) {
    const options = ["any", ...header.labels].map((text, i) => element("option", { value: i ? i - 1 : "" }, text));
    fields.label = field("Label", "select", {});
    fields.label.control.append(...options);
  }
  const fresh = check("New names only", true);
  const favourites = new Favourites(header.title);
  const said = status();
  const say = (text) => (said.textContent = text);
  const list = element("ol", { class: "names" });
  const more = element("button", { type: "button", onclick: () => show(AT_ONCE) }, "More names");
  const stop = element("button", { type: "button", hidden: true, onclick: () => halt() }, "Stop");
  let shown = [];
  let names = null;
  let turn = 0; // which request is the present one

  const number = (name) => (fields[name].control.value === "" ? null : Math.max(0, Math.floor(Number(fields[name].control.value))));
  const settings = () => ({
    temperature: Number(fields.temperature.control.value),
    start: fields.start.control.value,
    end: fields.end.control.value,
    contains: fields.contains.control.value,
    least: number("least"),
    most: number("most"),
    seed: number("seed") ?? 0,
    label: fields.label ? number("label") : null,
    fresh: header.names ? fresh.control.checked : false,
  });

  const begin = () => {
    shown = [];
    list.replaceChildren();
    names = generator.names(settings());
    return show(AT_ONCE);
  };

  const halt = () => {
    turn++;
    stop.hidden = true;
    say("Stopped.");
  };

  const show = async (count) => {
    const own = ++turn;
    const end = shown.length + count;
    let last = performance.now();
    for (const one of Object.values(fields)) one.problem("");
    more.hidden = true;
    stop.hidden = true;
    try {
      const result = await walk(
        names,
        (name) => {
          if (name === null) {
            if (performance.now() - last > SLOW && stop.hidden) {
              stop.hidden = false;
              say("Searching: few of the model’s names are like that…");
            }
            return false;
          }
          last = performance.now();
          shown.push(name.text);
          list.append(nameLine(generator, favourites, name, say));
          return shown.length === end;
        },
        () => own !== turn,
      );
      if (result === "over") return;
      more.hidden = result === "end";
      say(result === "end" ? `${shown.length} names: there are no others like that.` : `${shown.length} names.`);
    } catch (error) {
      if (!(error instanceof Impossible)) throw error;
      fields[error.field].problem(error.message);
      say(error.message);
    }
    stop.hidden = true;
  };

  let timer = 0;
  const settle = () => {
    clearTimeout(timer);
    timer = setTimeout(begin, SETTLED);
  };
  for (const one of [...Object.values(fields), fresh]) one.control.addEventListener("input", settle);
  favourites.listeners.push(() => [...list.children].forEach((line) => line.show()));

  const form = element(
    "form",
    { class: "panel", "aria-label": "What the names are like", onsubmit: (event) => event.preventDefault() },
    fields.label?.whole ?? null,
    fields.temperature.whole,
    fields.start.whole,
    element(
      "details",
      { open: matchMedia("(min-width: 52rem)").matches },
      element("summary", {}, "More settings"),
      element(
        "div",
        { class: "folded" },
        fields.end.whole,
        fields.contains.whole,
        element("div", { class: "pair" }, fields.least.whole, fields.most.whole),
        header.names ? fresh.whole : null,
        fields.seed.whole,
        element("p", { class: "note" }, "The same seed and settings give the same names."),
      ),
    ),
    element(
      "button",
      {
        class: "primary",
        type: "button",
        onclick: () => {
          fields.seed.control.value = anySeed();
          clearTimeout(timer);
          begin();
        },
      },
      "Other names",
    ),
  );
  const results = element(
    "section",
    { id: "results", tabindex: "-1", "aria-label": "Names" },
    said,
    list,
    element("div", { class: "row" }, more, stop, element("button", { type: "button", onclick: () => copy(shown.join("\n"), say) }, "Copy all")),
  );
  const notes = header.names
    ? "The training list is inside this page, so a name that it calls new is new."
    : "This page has no training list, so it cannot tell which names are new.";
  begin();
  return [
    element("div", { class: "beside" }, form, element("div", {}, results, favouritesSection(generator, favourites, say))),
    element("p", { class: "note" }, notes),
  ];
}
