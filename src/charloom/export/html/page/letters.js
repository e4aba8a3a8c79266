// How probable each letter of a name is after those before it.
import { element } from "./dom.js";

const percent = (p) => (p >= 0.0995 ? `${Math.round(100 * p)} %` : p >= 0.001 ? `${(100 * p).toFixed(1)} %` : "< 0.1 %");

/** A letter as it can be seen: the end and the space have no shape of their own. */
const visible = (text) => (text === "" ? "end" : text === " " ? "space" : text);

/** A table of the letters of a name, from what `Generator.letters` returns. */
export function lettersTable(name, letters) {
  const rows = letters.map(({ text, probability, likely }) => {
    const bar = element("span", { class: "bar" });
    bar.style.setProperty("--share", probability);
    const others = likely.filter((one) => one.text !== text).slice(0, 3);
    return element(
      "tr",
      {},
      element("th", { scope: "row" }, element("bdi", {}, visible(text))),
      element("td", {}, percent(probability), bar),
      element("td", { class: "others" }, ...others.flatMap((one, i) => [i ? ", " : "", element("bdi", {}, visible(one.text)), ` ${percent(one.probability)}`])),
    );
  });
  return element(
    "table",
    { class: "letters" },
    element("caption", {}, "How probable each letter of ", element("bdi", {}, name), " is after those before it, at temperature 1"),
    element("thead", {}, element("tr", {}, ...["Letter", "Probability", "Others"].map((text) => element("th", { scope: "col" }, text)))),
    element("tbody", {}, ...rows),
  );
}
