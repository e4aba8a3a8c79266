// Bring a list, look at it, and begin a training.
import { html, useEffect, useRef } from "../lib.js";
import { Bring } from "./list/bring.js";
import { Look } from "./list/look.js";

export function ListScreen({ query }) {
  const looked = useRef(false);
  useEffect(() => {
    looked.current = !!query.list;
  }, [query.list]);
  return query.list
    ? html`<${Look} key=${query.list} query=${query} />`
    : html`<${Bring} returning=${looked.current} />`;
}
