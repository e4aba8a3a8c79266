// A list of names: each with its letters, a star, and a button that copies it; and the favourites.
import { copy, element, keep, kept } from "./dom.js";
import { lettersTable } from "./letters.js";

/** Names with a star, kept in this browser. */
export class Favourites {
  constructor(title) {
    this.place = `favourites.${title}`;
    this.names = kept(this.place) ?? [];
    this.listeners = [];
  }

  has(name) {
    return this.names.includes(name);
  }

  change(name) {
    this.names = this.has(name) ? this.names.filter((one) => one !== name) : [...this.names, name];
    keep(this.place, this.names);
    for (const listener of this.listeners) listener();
  }
}

/** The line of a name; `say` tells what happened. */
export function nameLine(generator, favourites, { text, known, label = null }, say) {
  let table = null;
  const name = element("button", { class: "name", type: "button", dir: "auto", "aria-expanded": "false", onclick: () => open() }, text);
  const star = element("button", { class: "quiet star", type: "button", "aria-label": `Favourite: ${text}`, onclick: () => favourites.change(text) });
  const line = element(
    "li",
    {},
    element(
      "div",
      { class: "line" },
      star,
      name,
      known ? element("span", { class: "badge" }, "in the list") : null,
      element("button", { class: "quiet", type: "button", "aria-label": `Copy ${text}`, onclick: () => copy(text, say) }, "Copy"),
    ),
  );
  const open = () => {
    if (table) {
      table.remove();
      table = null;
    } else {
      table = lettersTable(text, generator.letters(generator.vocabulary.encode(text).ids, label));
      line.append(table);
    }
    name.setAttribute("aria-expanded", table ? "true" : "false");
  };
  const show = () => {
    star.textContent = favourites.has(text) ? "★" : "☆";
    star.setAttribute("aria-pressed", favourites.has(text) ? "true" : "false");
  };
  line.show = show;
  show();
  return line;
}

/** The section of the favourites, hidden while there are none. */
export function favouritesSection(generator, favourites, say) {
  const list = element("ul", { class: "names" });
  const section = element(
    "section",
    { "aria-labelledby": "favourites" },
    element("h2", { id: "favourites" }, "Favourites"),
    list,
    element("button", { type: "button", onclick: () => copy(favourites.names.join("\n"), say) }, "Copy the favourites"),
  );
  const show = () => {
    section.hidden = !favourites.names.length;
    const focused = list.contains(document.activeElement);
    list.replaceChildren(
      ...favourites.names.map((text) => nameLine(generator, favourites, { text, known: generator.header.names && generator.known.has(text) }, say)),
    );
    if (focused) list.querySelector(".star")?.focus();
  };
  favourites.listeners.push(show);
  show();
  return section;
}
