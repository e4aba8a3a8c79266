// A name letter by letter, or a text that the model continues: the studio's screen, for one model.
import { show, useShared } from "./frame.js";
import { html } from "./lib.js";
import { WriteName } from "./screens/write/name.js";
import { WriteText } from "./screens/write/text.js";

function App({ model }) {
  const [text, type] = useShared(model, "text");
  const [settings, share, latest] = useShared(model, "settings", 200);
  const change = ({ text: typed, ...others }) => {
    if (typed !== undefined) type(typed);
    if (Object.keys(others).length) share({ ...latest.current, ...others });
  };
  const Editor = model.get("of_text") ? WriteText : WriteName;
  return html`<${Editor} run=${{ id: model.get("run") }} settings=${{ ...settings, text }} change=${change} focused=${false} />`;
}

export const render = (widget) => show(App, widget);
