// A part of the report with its heading, and a figure with a line that says how to read it.
import { html } from "../../lib.js";

export const Section = ({ id, title, children }) => html`<section class="part" id=${id} aria-labelledby=${`${id}-title`}>
  <h2 id=${`${id}-title`} tabindex="-1">${title}</h2>
  ${children}
</section>`;

export const Part = ({ title, lead, children }) => html`<div class="measured">
  <h3>${title}</h3>
  <p class="lead">${lead}</p>
  ${children}
</div>`;
