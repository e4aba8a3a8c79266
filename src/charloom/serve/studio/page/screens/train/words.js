// What is said about trainings.
import { counted, duration, number } from "../../lib.js";

/** The state of a training in a word. */
export const STATES = {
  waiting: "Waiting",
  running: "Training",
  stopping: "Stopping",
  stopped: "Stopped",
  finished: "Finished",
  failed: "Failed",
  lost: "Interrupted",
};

export const TONES = { finished: "good", failed: "warn", lost: "warn" };

/** The state of a training in a sentence. */
export function sentence(training, { started, finished }) {
  const { state, where, message, before } = training;
  if (state === "waiting") return before ? `Waiting: ${counted(before, "training")} come${before === 1 ? "s" : ""} first.` : "Waiting for another training to end.";
  if (state === "running") return where === "terminal" ? "charloom train trains it in a terminal." : "Training.";
  if (state === "stopping") return "Stopping after this step.";
  if (state === "stopped") return "Stopped. The best model so far is kept, if there is one, and training can be resumed.";
  if (state === "lost") return "Its process ended without a word: the machine restarted, or something stopped it. It can be resumed where it was saved last.";
  if (state === "failed") return message ?? "Training failed.";
  const how = message ? `${message} ` : "";
  if (!finished) return `${how}Finished.`;
  if (started?.steps_per_epoch === 0) return `${how}Fitted in ${duration(finished.seconds)}.`;
  return `${how}Finished after ${counted(finished.epoch, "epoch")}. The model of epoch ${number(finished.best_epoch)} is kept.`;
}

/** How far a training is. */
export function extent({ epoch, epochs, progress, seconds_left }, phase) {
  if (phase) return `${phase.what}: ${Math.floor(100 * phase.progress)} %`;
  if (progress == null) return "Preparing";
  const left = seconds_left == null ? "" : `, up to ${duration(Math.max(1, seconds_left))} left`;
  return `Epoch ${number(Math.max(1, epoch))}${epochs ? ` of ${number(epochs)}` : ""}${left}`;
}
