// Text as the model writes it: characters of equal class are one element, so that long texts stay fast.
import { stream } from "../../api.js";
import { useEffect, useRef, useState } from "../../lib.js";

/** Classes of probability: a name, words, and the least probability. */
export const CLASSES = [
  ["sure", "over 80 %", 0.8],
  ["likely", "over 30 %", 0.3],
  ["fair", "over 5 %", 0.05],
  ["rare", "less", 0],
];

const BLOCK = 300;
const LINES = 60;

/** Milliseconds between two drawings of a long text. */
const PAUSE = 150;

const classOf = (log) => (log == null ? "fair" : CLASSES.find(([, , least]) => Math.exp(log) >= least)[0]);

/**
 * Add characters to blocks of runs of the same class. A block that begins and ends with a line is an element
 * of its own for the layout, so that only the last lines are laid out again.
 */
export function added(blocks, tokens, logs) {
  for (let i = 0; i < tokens.length; i++) {
    const of = classOf(logs[i]);
    let block = blocks.at(-1);
    if (!block || block.ended || (block.runs.length >= BLOCK && block.runs.at(-1).of !== of))
      blocks.push((block = { runs: [], size: 0, ended: false, alone: !block || block.ended }));
    if (block.runs.at(-1)?.of === of) block.runs.at(-1).text += tokens[i];
    else block.runs.push({ of, text: tokens[i] });
    block.size += tokens[i].length;
    block.ended = tokens[i] === "\n" && block.runs.length >= LINES;
  }
}

const ENDS = { length: "It has the length that you asked for.", stop: "It ended by itself, or at a stop text." };

export function useWriting(run) {
  const [state, setState] = useState({ runs: [], written: "", busy: false });
  const control = useRef(null);
  useEffect(() => () => control.current?.abort(), []);
  const clear = () => {
    control.current?.abort();
    control.current = null;
    setState({ runs: [], written: "", busy: false });
  };
  const stop = () => control.current?.abort();
  const generate = async ({ stop: stops, seed, no_repeat: repeat, ...asked }) => {
    control.current?.abort();
    const mine = (control.current = new AbortController());
    const blocks = [];
    let written = "";
    let finish = null;
    let waiting = false;
    const show = (more) => control.current === mine && setState({ runs: [...blocks], written, busy: true, ...more });
    let done = false;
    const draw = () => {
      waiting = false;
      if (!done) show();
    };
    show();
    const body = {
      model: run, ...asked, stream: true, logprobs: 0,
      ...(stops.length ? { stop: stops } : {}), ...(seed == null ? {} : { seed }), ...(repeat ? { charloom: { no_repeat: repeat } } : {}),
    };
    const take = (_, part) => {
      const choice = part?.choices?.[0];
      if (!choice) return;
      finish = choice.finish_reason ?? finish;
      if (!choice.text) return;
      added(blocks, choice.logprobs?.tokens ?? [choice.text], choice.logprobs?.token_logprobs ?? []);
      written += choice.text;
      if (!waiting) written.length < 3000 ? requestAnimationFrame(draw) : setTimeout(draw, PAUSE);
      waiting = true;
    };
    try {
      await stream("/v1/completions", body, take, { signal: mine.signal });
      done = true;
      show({ busy: false, ended: ENDS[finish] ?? "Time was up. Add it to the text and generate more." });
    } catch (problem) {
      done = true;
      show(problem.name === "AbortError" ? { busy: false, ended: "Stopped." } : { busy: false, problem });
    }
  };
  return { ...state, generate, stop, clear };
}
