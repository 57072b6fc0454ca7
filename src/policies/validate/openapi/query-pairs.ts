const ESCAPE = /%([0-9A-Fa-f]{2})/g;

/** Percent-encoded UTF-8 as text. A "%" that begins no escape stands for itself. */
export function decoded(written: string): string {
  if (!written.includes("%") && !NOT_ASCII.test(written)) return written;
  const bytes = written.replaceAll(ESCAPE, (_escape, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  return Buffer.from(bytes, "latin1").toString("utf8");
}

const NOT_ASCII = /[\x80-\xFF]/;

/** Parameters as forms and queries have them: names decoded, values as they are written, "+" a blank. */
export class Pairs {
  readonly #values = new Map<string, string[]>();

  /** Each character of `text` is one byte. */
  constructor(text: string) {
    if (text === "") return;
    for (const part of text.split("&")) {
      if (part === "") continue;
      const spaced = part.replaceAll("+", "%20");
      const equals = spaced.indexOf("=");
      const name = decoded(equals === -1 ? spaced : spaced.slice(0, equals));
      const value = equals === -1 ? "" : spaced.slice(equals + 1);
      const known = this.#values.get(name);
      if (known === undefined) this.#values.set(name, [value]);
      else known.push(value);
    }
  }

  get names(): Iterable<string> {
    return this.#values.keys();
  }

  /** The values of a name, still percent-encoded; empty without any. */
  all(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }
}
