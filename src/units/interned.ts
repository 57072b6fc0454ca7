/**
 * Interns values by key. What ten thousand routes have in common stays in the processor's caches when
 * they share it.
 */
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
