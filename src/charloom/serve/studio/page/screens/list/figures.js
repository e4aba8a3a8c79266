// A list in a few figures: lengths, characters, repeats, lines that look wrong, the first names.
import { BarChart } from "../../parts/chart.js";
import { Fold } from "../../parts/controls.js";
import { counted, html, number, percent } from "../../lib.js";

const BARS = 24;
const CHARACTERS = 32;

export function Figures({ look }) {
  const names = look.form === "names";
  return html`
    ${look.warnings.map((warning) => html`<p key=${warning} class="banner warn" dir="auto">${warning}</p>`)}
    ${names ? html`<${NameFacts} look=${look} />` : html`<${TextFacts} look=${look} />`}
    <${OddLines} look=${look} />
    <${Samples} look=${look} />
    ${names && html`<${Lengths} description=${look.description} />`}
    <${Characters} description=${look.description} />
    ${names && html`<${Repeated} look=${look} />`}
    <${Counts} title="Labels" counts=${look.labels} shown=${(count) => counted(count, "name")} />
    ${names && html`<${Counts} title="Heaviest names" counts=${look.description.weights} shown=${(weight) => number(weight)} />`}
  `;
}

const Facts = ({ facts }) => html`<dl class="facts">
  ${facts.filter(Boolean).map(([title, value, more]) => html`<div key=${title}>
    <dt>${title}</dt>
    <dd>${value}</dd>
    ${more && html`<dd class="note">${more}</dd>`}
  </div>`)}
</dl>`;

const unitOf = (description) => (description.unit === "grapheme" ? "grapheme" : "character");

function NameFacts({ look: { description: d, odd_count } }) {
  const unit = unitOf(d);
  return html`<${Facts} facts=${[
    ["Names", number(d.distinct_names), d.blank ? `${counted(d.blank, "blank line")} left out` : null],
    ["Repeats", d.duplicates ? number(d.duplicates) : "None", d.duplicates ? "each name is learned once" : null],
    ["Length", d.shortest === d.longest ? number(d.longest) : `${number(d.shortest)} to ${number(d.longest)}`, `${unit}s, ${number(d.mean, 1)} on average`],
    ["Characters", number(d.distinct - 1), "different ones"],
    ["Look wrong", odd_count ? number(odd_count) : "None", odd_count ? (odd_count === 1 ? "line" : "lines") : null],
  ]} />`;
}

function TextFacts({ look: { description: d } }) {
  return html`<${Facts} facts=${[
    ["Text", number(d.text_length), "characters"],
    ["Lines", number(d.lines), d.empty_lines ? `${number(d.empty_lines)} of them empty` : null],
    ["Length of a line", `up to ${number(d.longest)}`, `characters, ${number(d.mean, 1)} on average`],
    ["Characters", number(d.distinct), "different ones"],
  ]} />`;
}

function Samples({ look }) {
  if (look.form === "text")
    return html`<section><h3>How it begins</h3><pre class="passage" dir="auto" tabindex="0" role="region" aria-label="How the text begins">${look.samples[0]}</pre></section>`;
  return html`<section>
    <h3>First names</h3>
    <ul class="names">${look.samples.map((name, i) => html`<li key=${i} dir="auto">${name}</li>`)}</ul>
  </section>`;
}

function OddLines({ look: { odd, odd_count, format } }) {
  if (!odd.length) return null;
  const place = format === "lines" || format === "list" ? "line" : "row at line";
  return html`<section>
    <h3>${odd_count === 1 ? "A line that looks wrong" : "Lines that look wrong"}</h3>
    <p class="note">They may be right: a model learns from them as from all others. If they are not, correct the file and bring it again.</p>
    <ul class="odd" tabindex="0" aria-label="Lines that look wrong">
      ${odd.map(
        ({ line, text, why }, i) => html`<li key=${i}>
          <b dir="auto">${text}</b> <span>${why}</span> ${line != null && html`<span class="note">${place} ${number(line)}</span>`}
        </li>`,
      )}
    </ul>
    ${odd_count > odd.length && html`<p class="note">${number(odd_count - odd.length)} more like these.</p>`}
  </section>`;
}

function Lengths({ description }) {
  const lengths = description.lengths;
  const [low, high] = [lengths[0][0], lengths[lengths.length - 1][0]];
  const width = Math.ceil((high - low + 1) / BARS);
  const bars = Array.from({ length: Math.floor((high - low) / width) + 1 }, (_, i) => {
    const first = low + i * width;
    return { label: String(first), values: [0] };
  });
  for (const [length, count] of lengths) bars[Math.floor((length - low) / width)].values[0] += count;
  return html`<${BarChart}
    title="Names by length" names=${["Names"]} bars=${bars}
    xLabel=${`Length in ${unitOf(description)}s${width > 1 ? `, ${width} lengths to a bar` : ""}`} yLabel="Names"
    format=${(value) => (Number.isInteger(value) ? number(value) : "")}
  />`;
}

const SPOKEN = { " ": "space", "\n": "line break", "\t": "tab", "-": "hyphen", "'": "apostrophe", "’": "apostrophe", ".": "full stop", ",": "comma" };
const DRAWN = { " ": "␣", "\n": "↵", "\t": "⇥" };

/** What stands for a character: itself, or a sign where it would not be seen. */
function drawn(one) {
  if (DRAWN[one]) return DRAWN[one];
  if (/^\p{M}/u.test(one)) return `◌${one}`;
  return /^[\p{C}\p{Z}]$/u.test(one) ? `U+${one.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}` : one;
}

/** Pairs by count, the largest first: objects have keys that look like numbers in another order. */
const ranked = (counts) => Object.entries(counts ?? {}).sort(([, a], [, b]) => b - a);

const Tiles = ({ characters, total }) => html`<ul class="characters">
  ${characters.map(
    ([one, count]) => html`<li key=${one} title=${`${number(count)} times`}>
      <span class=${`character ${/^U\+/.test(drawn(one)) ? "code" : ""}`} aria-hidden=${SPOKEN[one] ? "true" : null} dir="auto">${drawn(one)}</span>
      ${SPOKEN[one] && html`<span class="unseen">${SPOKEN[one]}</span>`}
      <span class="note">${share(count / total)}</span>
    </li>`,
  )}
</ul>`;

function Characters({ description }) {
  const isText = description.lengths == null;
  const all = ranked(description.frequencies).filter(([one]) => isText || one !== "\n");
  const total = all.reduce((sum, [, count]) => sum + count, 0);
  const distinct = isText ? description.distinct : description.distinct - 1;
  const rest = distinct - Math.min(all.length, CHARACTERS);
  return html`<section>
    <h3>Characters, the most frequent first</h3>
    <${Tiles} characters=${all.slice(0, CHARACTERS)} total=${total} />
    ${rest > 0 && html`<${Fold} title=${`${number(rest)} rarer ${rest === 1 ? "one" : "ones"}`}>
      <${Tiles} characters=${all.slice(CHARACTERS)} total=${total} />
      ${distinct > all.length && html`<p class="note">and ${number(distinct - all.length)} more</p>`}
    <//>`}
  </section>`;
}

const share = (value) => (value < 0.001 ? "< 0.1 %" : percent(value));

function Repeated({ look: { description, repeated } }) {
  if (!repeated) return null;
  const shown = ranked(description.repeated).slice(0, 100);
  return html`<${Fold} title=${`${counted(repeated, "name")} that ${repeated === 1 ? "occurs" : "occur"} more than once`}>
    <p class="names-in-line">${shown.map(([name, count], i) => html`<span key=${name}>${i > 0 && ", "}<bdi>${name}</bdi> (${number(count)})</span>`)}${repeated > shown.length && ` and ${number(repeated - shown.length)} more`}</p>
  <//>`;
}

function Counts({ title, counts, shown }) {
  const all = ranked(counts);
  if (!all.length) return null;
  const few = all.slice(0, 20);
  return html`<section>
    <h3>${title}</h3>
    <p class="names-in-line">${few.map(([name, count], i) => html`<span key=${name}>${i > 0 && ", "}<bdi>${name}</bdi> (${shown(count)})</span>`)}${all.length > few.length && " and more"}</p>
  </section>`;
}
