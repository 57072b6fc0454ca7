import { Memo } from "../../units/memo.ts";

/** What is compressed unless the configuration lists other types: text, and binary data that is as verbose. */
export const USUAL_TYPES: readonly string[] = [
  "text/*",
  "*+json",
  "*+xml",
  "*+yaml",
  "application/ecmascript",
  "application/graphql",
  "application/javascript",
  "application/json",
  "application/json-seq",
  "application/jsonl",
  "application/ndjson",
  "application/rtf",
  "application/sql",
  "application/toml",
  "application/vnd.apple.mpegurl",
  "application/vnd.ms-fontobject",
  "application/wasm",
  "application/x-font-ttf",
  "application/x-javascript",
  "application/x-ndjson",
  "application/x-yaml",
  "application/xml",
  "application/yaml",
  "font/otf",
  "font/ttf",
  "image/bmp",
  "image/vnd.microsoft.icon",
  "image/x-icon",
];

/**
 * Types that are never compressed: each has messages of its own in the content, which must neither wait
 * nor be put into another coding than their protocol knows.
 */
const NEVER =
  /^(?:text\/event-stream|multipart\/x-mixed-replace|application\/(?:grpc|connect)(?:[-+].*)?)$/;

const TOKEN = "[!#$%&'+.^_`|~0-9a-z-]+";
const PATTERN = new RegExp(`^(?:${TOKEN}/(?:${TOKEN}|\\*)|\\*\\+${TOKEN})$`);

/** Why a type cannot be listed, for the operator; undefined if it can. */
export function typeProblem(written: string): string | undefined {
  const pattern = written.toLowerCase();
  if (!PATTERN.test(pattern)) {
    return `\`${written}\` is not a media type; write one like application/json, text/* or *+json`;
  }
  return NEVER.test(pattern)
    ? `content of \`${written}\` is never compressed: its messages must not wait for each other`
    : undefined;
}

/** Why a type is probably not meant, for the operator; undefined if nothing is against it. */
export function typeWarning(written: string): string | undefined {
  return COMPRESSED.test(written)
    ? `content of \`${written}\` is compressed already, and will hardly get smaller`
    : undefined;
}

const COMPRESSED =
  /^(?:(?:image|audio|video)\/(?:\*|jpe?g|png|gif|webp|avif|heic|jxl|mp[0-9]|mpeg|webm|ogg|aac|flac|opus)|font\/woff2?|application\/(?:zip|gzip|zstd|pdf|java-archive|x-(?:gzip|bzip2?|xz|7z-compressed|rar-compressed)))$/i;

/** Decides by the Content-Type field. */
export class MediaTypes {
  readonly #exact = new Set<string>();
  /** The types before "/*", and the suffixes after "*+". */
  readonly #families = new Set<string>();
  readonly #suffixes = new Set<string>();
  readonly #known = new Memo((contentType) => this.#find(contentType), {
    most: 64,
    longestKey: 128,
  });

  constructor(patterns: readonly string[]) {
    for (const written of patterns) {
      const pattern = written.toLowerCase();
      if (pattern.startsWith("*+")) this.#suffixes.add(pattern.slice(2));
      else if (pattern.endsWith("/*")) this.#families.add(pattern.slice(0, -2));
      else this.#exact.add(pattern);
    }
  }

  /** Takes the field's value, parameters included. */
  has(contentType: string): boolean {
    return this.#known.of(contentType);
  }

  #find(contentType: string): boolean {
    const end = contentType.indexOf(";");
    const type = (end === -1 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
    const slash = type.indexOf("/");
    if (slash === -1 || NEVER.test(type)) return false;
    return (
      this.#exact.has(type) ||
      this.#families.has(type.slice(0, slash)) ||
      this.#suffixes.has(type.slice(type.lastIndexOf("+") + 1))
    );
  }
}
