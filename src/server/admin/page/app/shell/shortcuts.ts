import { useEffect, useRef } from "preact/hooks";

type Keys = Readonly<Record<string, (event: KeyboardEvent) => void>>;

/** Has single keys do something, but not while text is being entered. The last part that asks wins. */
export function useKeys(keys: Keys): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (isEntering(event.target) && event.key !== "Escape") return;
      // A dialog has its own keys.
      if (document.querySelector("dialog[open]") !== null) return;
      const act = latest.current[event.key];
      if (act === undefined) return;
      act(event);
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}

function isEntering(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input, textarea, select") !== null;
}
