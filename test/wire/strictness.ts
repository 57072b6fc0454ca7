import type { Head } from "./message.ts";

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/**
 * What about a request's head could be read in two ways: the invariant of all cases is that the
 * backend never sees such a one. A head without oddities means the same to the most lenient and
 * the strictest reader, so that nothing can be smuggled past either (RFC 9112 section 11.2).
 */
export function oddities(head: Head): string[] {
  const found: string[] = [];
  const say = (odd: boolean, what: string) => {
    if (odd) found.push(what);
  };
  const { text } = head;
  say(/[^\r]\n/.test(text), "bare LF");
  say(/\r(?!\n)/.test(text), "bare CR");
  say(text.includes("\0"), "NUL");
  say(/\n[ \t]/.test(text), "obs-fold");
  say(
    !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+ [!-~\x80-\xff]+ HTTP\/1\.[01]$/.test(head.line),
    `request line ${JSON.stringify(head.line.slice(0, 60))}`,
  );
  for (const [name] of head.fields) say(!TOKEN.test(name), `field name ${JSON.stringify(name)}`);
  const lengths = head.all("content-length");
  const codings = head.all("transfer-encoding");
  say(lengths.length > 1, "two Content-Length");
  say(
    lengths.some((length) => !/^[0-9]+$/.test(length)),
    `Content-Length ${lengths.join(" | ")}`,
  );
  say(codings.length > 1, "two Transfer-Encoding");
  say(
    codings.some((coding) => coding.toLowerCase() !== "chunked"),
    `Transfer-Encoding ${codings.join(" | ")}`,
  );
  say(lengths.length > 0 && codings.length > 0, "Content-Length beside Transfer-Encoding");
  say(head.line.endsWith("HTTP/1.0") && codings.length > 0, "Transfer-Encoding in HTTP/1.0");
  say(
    head.line.endsWith("HTTP/1.1") && head.all("host").length !== 1,
    `${head.all("host").length} Host fields`,
  );
  return found;
}

/** Whether a lenient backend would take a target to be something outside of the one route. */
export function escapesRoute(target: string): boolean {
  const [path = ""] = target.replace(/^[a-z]+:\/\/[^/]*/i, "").split(/[?#]/);
  let decoded = path;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    decoded = path.replace(/%2e/gi, ".").replace(/%2f/gi, "/").replace(/%5c/gi, "\\");
  }
  const [beforeNul = ""] = decoded.replaceAll("\\", "/").split("\0");
  const walked: string[] = [];
  for (const segment of beforeNul.split("/")) {
    if (segment === "..") walked.pop();
    else if (segment !== "" && segment !== ".") walked.push(segment);
  }
  return walked[0] !== "public";
}
