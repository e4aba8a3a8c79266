// A link to a screen that does not load the page again.
import { go } from "../address.js";
import { html } from "../lib.js";

export function Link({ screen, query = {}, children, ...others }) {
  const follow = (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    go(screen, query);
  };
  const search = new URLSearchParams(query).toString();
  return html`<a href=${`/${screen}${search && `?${search}`}`} onClick=${follow} ...${others}>${children}</a>`;
}
