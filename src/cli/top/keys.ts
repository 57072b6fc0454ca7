/** A key: what it types, or its name if it types nothing. */
export type Key = string;

const ESCAPE = "\x1b";

/** What terminals send for keys that type nothing, after the escape character. */
const SEQUENCES: ReadonlyMap<string, Key> = new Map([
  ["[A", "up"],
  ["OA", "up"],
  ["[B", "down"],
  ["OB", "down"],
  ["[5~", "page up"],
  ["[6~", "page down"],
  ["[H", "home"],
  ["OH", "home"],
  ["[1~", "home"],
  ["[F", "end"],
  ["OF", "end"],
  ["[4~", "end"],
  ["[Z", "back tab"],
]);

const CONTROLS: ReadonlyMap<string, Key> = new Map([
  ["\r", "enter"],
  ["\n", "enter"],
  ["\t", "tab"],
  ["\b", "backspace"],
  ["\x7f", "backspace"],
  ["\x03", "interrupt"],
  ["\x04", "interrupt"],
  ["\x15", "clear line"],
]);

/** A control sequence (ECMA-48), or one of a keypad. */
const SEQUENCE = /^(?:\[[0-?]*[ -/]*[@-~]|O[@-~])/;

/**
 * The keys in what a terminal has sent at a time. A lone escape character is the key of that name. Unknown
 * sequences and control characters are left out.
 */
export function keysIn(text: string): Key[] {
  const keys: Key[] = [];
  for (let at = 0; at < text.length;) {
    const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
    at += character.length;
    if (character === ESCAPE) {
      const sequence = SEQUENCE.exec(text.slice(at))?.[0];
      const key = sequence === undefined ? "escape" : SEQUENCES.get(sequence);
      at += sequence?.length ?? 0;
      if (key !== undefined) keys.push(key);
      continue;
    }
    const key = CONTROLS.get(character) ?? (/\p{Cc}/u.test(character) ? undefined : character);
    if (key !== undefined) keys.push(key);
  }
  return keys;
}
