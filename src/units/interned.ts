/** Interns values by key. Values shared by ten thousand routes stay in the processor's caches. */
export class Interned<Value> {
  readonly #values = new Map<string, Value>();

  of(key: string, make: () => Value): Value {
    let value = this.#values.get(key);
    if (value === undefined) {
      value = make();
      this.#values.set(key, value);
    }
    return value;
  }
}
