import type { YAMLError } from "yaml";

interface Rewording {
  readonly library: RegExp;
  readonly words: string;
  /** Takes the rewording only for such a line. */
  readonly line?: RegExp;
}

// The library speaks of YAML's grammar; these speak of what was probably done. First match counts.
const REWORDINGS: readonly Rewording[] = [
  {
    library: /Nested mappings are not allowed/,
    line: /:\s.*:(?:\s|$)/,
    words: "a second `: ` in one line; if it belongs to the text, put the text in quotes",
  },
  {
    library: /Nested mappings are not allowed/,
    words: "a value, and then more keys below it; is the next line indented too far?",
  },
  {
    library: /Block collections are not allowed within flow collections/,
    words: "inside of { } and [ ] a comma is missing, or a `: ` is too many",
  },
  {
    library: /All mapping items must start at the same column/,
    words: "the indentation fits nothing above it; keys of one mapping begin in the same column",
  },
  {
    library: /All sequence items must start|block sequence may not be used as an implicit/,
    words: "the indentation fits nothing above it; items of one list begin in the same column",
  },
  {
    library: /Tabs are not allowed as indentation/,
    words: "a tab in the indentation; use spaces",
  },
  {
    library: /Implicit map keys need to be followed by map values/,
    words: "a `:` is missing after this key",
  },
  {
    library: /Implicit keys need to be on a single line/,
    words: "a key and its `:` go on one line",
  },
  {
    library: /Unexpected block-seq-ind on same line with key/,
    words: "a list begins on the line after its key",
  },
  { library: /Missing closing "quote/, words: 'the closing " is missing' },
  { library: /Missing closing 'quote/, words: "the closing ' is missing" },
  { library: /Flow map .*end with a }/, words: "the closing } is missing, or indented too little" },
  {
    library: /Flow sequence .*end with a \]/,
    words: "the closing ] is missing, or indented too little",
  },
  { library: /Unexpected flow-map-end/, words: "this } closes nothing" },
  { library: /Unexpected flow-seq-end/, words: "this ] closes nothing" },
  { library: /Unexpected , in/, words: "nothing stands before this comma" },
  {
    library: /Unexpected scalar at node end/,
    words: "more text after the value; does all of it belong in quotes?",
  },
  { library: /call stack/, words: "nested too deep" },
  { library: /Missing , /, words: "a comma is missing before this" },
];

/** Whether the library has lost the thread; after another error this one is but its consequence. */
export function isAfterthought({ message }: YAMLError): boolean {
  return message.includes("token in YAML stream");
}

/** Says in a user's words what is wrong with YAML; `line` is the line where it was noticed. */
export function wordsFor({ code, message }: YAMLError, line: string): string {
  if (message.includes("flow-map-start at node end") && line.includes("${")) {
    return "inside of { } and [ ] text with `${…}` needs quotes";
  }
  if (code === "BAD_SCALAR_START") {
    const [character = ""] = message.slice(-1);
    return `text that begins with ${character} needs quotes`;
  }
  if (code === "BAD_DQ_ESCAPE") {
    const escape = message.replace("Invalid escape sequence ", "");
    return `\`${escape}\` means nothing in double quotes; in single quotes a backslash is itself`;
  }
  if (message.startsWith("Unresolved tag"))
    return "tags of your own, like `!name`, mean nothing here";
  const rewording = REWORDINGS.find(
    ({ library, line: needed }) => library.test(message) && (needed?.test(line) ?? true),
  );
  return (
    rewording?.words ?? `this is not YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}`
  );
}
