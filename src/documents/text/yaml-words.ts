import type { YAMLError } from "yaml";

interface Rewording {
  readonly library: RegExp;
  readonly words: string;
  /** Only for lines that match. */
  readonly line?: RegExp;
}

/** `port:8080`, but not `http://a`. */
const SPACELESS = /^\s*(?:- +)?[\w-]+:(?!\/\/)\S/;
/** `port = 8080` */
const ASSIGNMENT = /^\s*[\w.-]+\s*=\s*\S/;

// The library's messages are about YAML's grammar; these are about the likely mistake. First match counts.
const REWORDINGS: readonly Rewording[] = [
  {
    library: /./,
    line: /\{\{.*\}\}/,
    words:
      'a `{{ }}` of a template: let its program fill it in first, or use a variable, "${NAME}"',
  },
  {
    library: /Implicit|Missing|Unexpected/,
    line: /^\s*(?:- +)?[\w-]+:\u00A0/,
    words: "a no-break space follows this key's `:`; YAML needs an ordinary one",
  },
  {
    library: /Implicit keys need to be on a single line|Implicit map keys need/,
    line: SPACELESS,
    words: "a space is missing after this key's `:`",
  },
  {
    library: /Nested mappings are not allowed/,
    line: /:\s.*:(?:\s|$)/,
    words: "a second `: ` in this line; if it is part of the text, put the text in quotes",
  },
  {
    library: /Nested mappings are not allowed/,
    words: "this key has a value and more keys below it; is the next line indented too far?",
  },
  {
    library: /Block collections are not allowed within flow collections/,
    words: "inside { } and [ ]: a comma is missing, or there is one `: ` too many",
  },
  {
    library: /All mapping items must start at the same column/,
    words:
      "the indentation matches nothing above it; keys of one mapping must start in the same column",
  },
  {
    library: /All sequence items must start|block sequence may not be used as an implicit/,
    words:
      "the indentation matches nothing above it; items of one list must start in the same column",
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
    words: "a key and its `:` must be on one line",
  },
  {
    library: /Unexpected block-seq-ind on same line with key/,
    words: "a list must start on the line after its key",
  },
  { library: /Missing closing "quote/, words: 'the closing " is missing' },
  { library: /Missing closing 'quote/, words: "the closing ' is missing" },
  { library: /Flow map .*end with a }/, words: "the closing } is missing, or indented too little" },
  {
    library: /Flow sequence .*end with a \]/,
    words: "the closing ] is missing, or indented too little",
  },
  { library: /Unexpected flow-map-end/, words: "unmatched }" },
  { library: /Unexpected flow-seq-end/, words: "unmatched ]" },
  { library: /Unexpected , in/, words: "a value is missing before this comma" },
  {
    library: /sequence item without - indicator/i,
    words:
      "the indentation matches nothing above it; keys of one item must start in the same column",
  },
  {
    library: /Unexpected .*scalar/,
    line: ASSIGNMENT,
    words: "a key and its value are written `key: value`, without `=`",
  },
  {
    library: /Unexpected (?:(?:double|single)-quoted-)?scalar token/,
    words: "a comma is missing before this",
  },
  {
    library: /Unexpected scalar at node end/,
    words: "more text after the value; does all of it belong in quotes?",
  },
  { library: /Alias cannot be an empty/, words: 'text that begins with * needs quotes: write "*"' },
  { library: /Anchor cannot be an empty/, words: "text that begins with & needs quotes" },
  {
    library: /all keys must be strings/,
    words: "a key must be plain text; text that begins with { or [ needs quotes",
  },
  { library: /call stack/, words: "nested too deeply" },
  { library: /Missing , /, words: "a comma is missing before this" },
];

/** Whether the parser has lost track; after another error this one is only a consequence. */
export function isAfterthought({ message }: YAMLError): boolean {
  return message.includes("token in YAML stream");
}

/** Describes a YAML error for users; `line` is the line where it was noticed. */
export function wordsFor({ code, message }: YAMLError, line: string): string {
  if (message.includes("flow-map-start at node end") && line.includes("${")) {
    return "inside { } and [ ], text with `${…}` needs quotes";
  }
  if (code === "BAD_SCALAR_START") {
    const [character = ""] = message.slice(-1);
    return `text that begins with ${character} needs quotes`;
  }
  if (code === "BAD_DQ_ESCAPE") {
    const escape = message.replace("Invalid escape sequence ", "");
    return `\`${escape}\` is not an escape sequence; in single quotes a backslash is just a backslash`;
  }
  if (message.startsWith("Unresolved tag"))
    return "custom tags such as `!name` are not supported; text that begins with ! needs quotes";
  const rewording = REWORDINGS.find(
    ({ library, line: needed }) => library.test(message) && (needed?.test(line) ?? true),
  );
  return (
    rewording?.words ?? `this is not YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}`
  );
}
