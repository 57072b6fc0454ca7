import { readKeptContent } from "../../../../../pipeline/kept-content.ts";
import { bytesText } from "../data/format.ts";
import type { KeptContent } from "../data/types.ts";
import { Copy } from "../parts/words.tsx";
import { Part } from "./part.tsx";

interface ContentProps {
  readonly title: string;
  readonly content: KeptContent | string | null;
}

/** What a row has kept of a request's content, or of its answer's. */
export function Content({ title, content }: ContentProps) {
  if (content === null || content === "") return null;
  const { text, base64, bytes, type, encoding, cut, redacted } = keptContent(content);
  const shown = text === undefined ? (base64 ?? "") : indented(text);
  return (
    <Part title={title} actions={shown !== "" && <Copy text={shown} />}>
      <p class="note small-note">
        {[
          type,
          bytesText(bytes),
          encoding !== undefined && `sent as ${encoding}`,
          cut === true && "this is its beginning",
          redacted === true && "redacted",
        ]
          .filter(Boolean)
          .join(", ")}
        {shown === "" && ", not kept"}
      </p>
      {shown !== "" && <pre class="code">{shown}</pre>}
    </Part>
  );
}

/** A column may have something else, which is shown as it is. */
function keptContent(content: KeptContent | string): KeptContent {
  if (typeof content !== "string") return content;
  return readKeptContent(content) ?? { type: "", bytes: content.length, text: content };
}

/** JSON that is whole on lines of its own; any other text as it is. */
export function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    return text;
  }
}
