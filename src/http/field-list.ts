import { type Field, fieldOf } from "./field.ts";

/**
 * The fields of an answer on its way through the gateway, in order, each by itself. A plain list: most
 * answers have so few fields that searching it is cheaper than keeping an index.
 */
export class FieldList {
  /** The list is this answer's own, its fields are shared. */
  readonly list: Field[];

  constructor(list: Field[] = []) {
    this.list = list;
  }

  /**
   * The value, those of repeated fields joined by ", " (RFC 9110 section 5.3); null without any. Takes a
   * name in lower case.
   */
  get(name: string): string | null {
    let value: string | null = null;
    for (const field of this.list) {
      if (field.name === name) value = value === null ? field.value : `${value}, ${field.value}`;
    }
    return value;
  }

  /** Takes a name in lower case. */
  has(name: string): boolean {
    return this.#find(name, 0) !== -1;
  }

  /**
   * Replaces all fields of this name with one, in the place of the first. The name is sent as it is
   * written here. Throws a TypeError for an invalid name or value.
   */
  set(name: string, value: string): void {
    this.put(fieldOf(name, value));
  }

  /** Replaces all fields of this field's name with it, in the place of the first. */
  put(field: Field): void {
    const first = this.#find(field.name, 0);
    if (first === -1) {
      this.list.push(field);
      return;
    }
    this.list[first] = field;
    let again = this.#find(field.name, first + 1);
    while (again !== -1) {
      this.list.splice(again, 1);
      again = this.#find(field.name, again);
    }
  }

  /** Adds a field at the end, whether or not others have its name. Throws like `set`. */
  append(name: string, value: string): void {
    this.list.push(fieldOf(name, value));
  }

  /** Takes names in lower case. */
  delete(names: ReadonlySet<string>): void {
    const { list } = this;
    for (let at = list.length - 1; at >= 0; at -= 1) {
      if (names.has(list[at]?.name ?? "")) list.splice(at, 1);
    }
  }

  #find(name: string, from: number): number {
    const { list } = this;
    for (let at = from; at < list.length; at += 1) if (list[at]?.name === name) return at;
    return -1;
  }
}
