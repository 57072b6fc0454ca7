import { findField } from "./fields.ts";

/**
 * The fields of an answer on its way through the gateway, as a plain list that becomes Headers once, at
 * the end. One Headers.get() costs as much as searching the whole list.
 */
export class FieldList {
  /** Names in lower case, each followed by its value; names may repeat. */
  readonly list: string[];

  constructor(list: string[] = []) {
    this.list = list;
  }

  /** The value, those of repeated fields joined by ", " (RFC 9110 section 5.3); null without any. */
  get(name: string): string | null {
    const { list } = this;
    let value: string | null = null;
    for (let at = 0; at < list.length; at += 2) {
      if (list[at] !== name) continue;
      const one = list[at + 1] ?? "";
      value = value === null ? one : `${value}, ${one}`;
    }
    return value;
  }

  has(name: string): boolean {
    return findField(this.list, name) !== -1;
  }

  /** Replaces all fields of this name with one. */
  set(name: string, value: string): void {
    const first = findField(this.list, name);
    if (first === -1) {
      this.list.push(name, value);
      return;
    }
    this.list[first + 1] = value;
    let again = findField(this.list, name, first + 2);
    while (again !== -1) {
      this.list.splice(again, 2);
      again = findField(this.list, name, again);
    }
  }

  delete(names: ReadonlySet<string>): void {
    const { list } = this;
    for (let at = list.length - 2; at >= 0; at -= 2) {
      if (names.has(list[at] ?? "")) list.splice(at, 2);
    }
  }
}
