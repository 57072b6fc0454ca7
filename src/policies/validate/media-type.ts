/** A media type without its parameters, in lower case, and its charset. */
export interface MediaType {
  readonly type: string;
  /** In lower case; undefined if it does not say. */
  readonly charset: string | undefined;
}

const CHARSET = /;\s*charset\s*=\s*"?([^\s";]*)"?/i;

/** Reads a Content-Type field; null stands for none. */
export function mediaTypeOf(contentType: string | null): MediaType {
  const written = contentType ?? "";
  const end = written.indexOf(";");
  return {
    type: (end === -1 ? written : written.slice(0, end)).trim().toLowerCase(),
    charset: CHARSET.exec(written)?.[1]?.toLowerCase(),
  };
}

/** Whether content of a type is one JSON text (RFC 6839 section 3.1). */
export function isJson(type: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9a-z-]+\/(?:json|[!#$%&'*+.^_`|~0-9a-z-]+\+json)$/.test(type);
}

/** The key of an OpenAPI `content` that describes a type, the most specific one. */
export function describedBy(type: string, keys: readonly string[]): string | undefined {
  const family = `${type.slice(0, type.indexOf("/"))}/*`;
  const find = (wanted: string) => keys.find((key) => mediaTypeOf(key).type === wanted);
  return find(type) ?? find(family) ?? find("*/*");
}

export const FORM = "application/x-www-form-urlencoded";

/** Encodings of text that are UTF-8 whatever is in it. */
export function isUtf8(charset: string | undefined): boolean {
  return (
    charset === undefined || charset === "utf-8" || charset === "utf8" || charset === "us-ascii"
  );
}
