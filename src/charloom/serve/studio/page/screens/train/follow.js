// A training as its events tell it.
import { follow } from "../../api.js";
import { useEffect, useRef, useState } from "../../lib.js";

const KINDS = ["started", "step", "phase", "epoch", "notice", "warning", "resumed", "finished", "failed", "state", "gone"];
const RENDER = 100; // milliseconds between two updates of the page

const nothing = () => ({
  training: null, started: null, step: null, phase: null, finished: null, gone: false,
  epochs: new Map(), curve: [], said: [],
});

/** Take an event into what is known. */
function take(known, kind, data) {
  switch (kind) {
    case "state":
      known.training = data;
      break;
    case "started":
      known.started = data;
      for (const epoch of known.epochs.keys()) if (epoch >= data.first_epoch) known.epochs.delete(epoch);
      break;
    case "step": {
      const { curve } = known;
      while (curve.length && curve.at(-1).step >= data.step) curve.pop(); // it was resumed before that
      curve.push(data);
      known.step = data;
      known.phase = null;
      break;
    }
    case "phase":
      known.phase = data;
      break;
    case "epoch":
      known.epochs.set(data.epoch, data);
      break;
    case "notice":
    case "warning":
      if (!known.said.some((one) => one.message === data.message)) known.said.push({ kind, message: data.message });
      break;
    case "resumed":
      known.finished = known.step = null;
      break;
    case "finished":
      known.finished = data;
      known.phase = null;
      break;
    case "gone":
      known.gone = true;
  }
}

/** What is known of the training of a run, as it goes. */
export function useTraining(run) {
  const known = useRef(nothing());
  const [, render] = useState(0);
  useEffect(() => {
    let timer = null;
    const update = () => {
      timer ??= setTimeout(() => {
        timer = null;
        render((count) => count + 1);
      }, RENDER);
    };
    const end = follow(
      `/studio/trainings/${encodeURIComponent(run)}/events`,
      KINDS,
      (kind, data) => {
        take(known.current, kind, data);
        if (kind === "gone") end();
        update();
      },
    );
    return () => {
      end();
      clearTimeout(timer);
    };
  }, [run]);
  const change = (training) => {
    known.current.training = training;
    render((count) => count + 1);
  };
  return { ...known.current, change };
}
