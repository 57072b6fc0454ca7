import { useEffect, useReducer } from "preact/hooks";

/** A value that parts of the page show, and are told of when it changes. */
export class Store<Value> {
  #value: Value;
  readonly #listeners = new Set<() => void>();

  constructor(value: Value) {
    this.#value = value;
  }

  get value(): Value {
    return this.#value;
  }

  set(value: Value): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of this.#listeners) listener();
  }

  change(part: Partial<Value>): void {
    this.set({ ...this.#value, ...part });
  }

  /** Answers how to stop listening. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

/** The store's value; the component is drawn again with each change. */
export function useStore<Value>(store: Store<Value>): Value {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const { value } = store;
  useEffect(() => {
    // It may have changed between the drawing and this.
    if (!Object.is(store.value, value)) redraw(undefined);
    return store.listen(() => redraw(undefined));
  }, [store]);
  return value;
}
