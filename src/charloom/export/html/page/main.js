// The page: it unpacks the model, then generates.
import { element, themeButton } from "./dom.js";
import { Generator } from "./generator.js";
import { namesPage } from "./naming.js";
import { fromBase64, inflated } from "./unpack.js";
import { textPage } from "./writing.js";

const app = document.getElementById("app");
const opening = document.getElementById("opening");
const data = (id) => document.getElementById(id).textContent;

async function open() {
  const header = JSON.parse(data("header"));
  const [arrays, names] = await Promise.all(["arrays", "names"].map((id) => inflated(fromBase64(data(id)))));
  const generator = new Generator(header, arrays, names);
  const count = header.count === null ? "" : `${header.count.toLocaleString("en")} `;
  const about = header.text
    ? `Text by a model that was trained on ${count}characters. It runs in this page, without a connection.`
    : `Names by a model that was trained on ${count}names. It runs in this page, without a connection.`;
  opening.replaceWith(element("p", {}, about), ...(header.text ? textPage(generator) : namesPage(generator)));
  app.append(element("footer", {}, element("p", { class: "note" }, `Made with charloom ${header.version}.`)));
}

document.getElementById("theme").append(themeButton());
if (typeof DecompressionStream === "undefined" || !Array.prototype.at) {
  opening.textContent = "This browser is too old for this page. Any browser of 2023 or later opens it.";
} else {
  open().catch((error) => {
    opening.textContent = "The model in this page is damaged. Ask for the file again.";
    throw error;
  });
}
