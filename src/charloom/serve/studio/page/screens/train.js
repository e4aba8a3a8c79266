// Trainings: all of them, or one as it goes.
import { html } from "../lib.js";
import { All } from "./train/all.js";
import { Live } from "./train/live.js";

export const TrainScreen = ({ query }) =>
  query.run ? html`<${Live} key=${query.run} run=${query.run} />` : html`<${All} />`;
