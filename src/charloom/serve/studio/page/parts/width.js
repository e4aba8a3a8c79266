// The width that an element has, so that what is drawn in it need not be scaled.
import { useEffect, useState } from "../lib.js";

/** Returns a ref for the element, and its width in pixels. */
export function useWidth(first = 320) {
  const [element, setElement] = useState(null);
  const [width, setWidth] = useState(first);
  useEffect(() => {
    if (!element) return undefined;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth || first));
    observer.observe(element);
    return () => observer.disconnect();
  }, [element]);
  return [setElement, width];
}
