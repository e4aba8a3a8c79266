// Whether the studio answers: said once for all screens, which ask again by themselves when it does.
import { connection, whenBack } from "../api.js";
import { html, useEffect, useState } from "../lib.js";

/** Whether the studio is away; undefined if it never was. */
export function useAway() {
  const [away, set] = useState(connection.away);
  useEffect(() => {
    set(connection.away);
    connection.watchers.add(set);
    return () => connection.watchers.delete(set);
  }, []);
  return away;
}

export function Connection() {
  const away = useAway();
  return html`<p role="status" class=${away ? "banner wrong" : "unseen"}>
    ${away && "The studio does not answer. Is it still running in the terminal? Trainings continue without it, and this page connects again by itself."}
    ${away === false && "The studio answers again."}
  </p>`;
}

/** What went wrong, in place. That the studio did not answer is said until it does. */
export function Problem({ error, retry }) {
  const away = useAway();
  const [gone, leave] = useState(null);
  const silent = error.status === 0;
  useEffect(() => (silent ? whenBack(() => leave(error)) : undefined), [error]);
  if (silent && (away || gone === error)) return null;
  return html`<div class="banner wrong" role=${silent ? "status" : "alert"}>
    <p>${error.message.replace(/^(a|an|no|several|that|the|there|this) /, (word) => word[0].toUpperCase() + word.slice(1))}</p>
    ${retry && !silent && html`<button type="button" onClick=${retry}>Try again</button>`}
  </div>`;
}
