import { definePolicy, type Policy } from "../../pipeline/policy.ts";
import { type ParsedText, PlaceholderText } from "../../pipeline/placeholders.ts";
import { TextProblem } from "../../pipeline/section.ts";
import {
  isPlaceholder,
  masked,
  partsWithin,
  pathProblem,
  PathTemplate,
  QueryTemplate,
} from "../../pipeline/url-templates.ts";

const schema = PlaceholderText({
  description:
    "The path that a backend gets in place of the client's, with placeholders, like /v2/users/{path.id}. The query stays unless the text has one: `?` at its end drops it, and {request.query} is the client's. The result is checked like a path that a client sends.",
  expected: "a path, like /v2/users/{path.id}",
  check,
});

function check(parsed: ParsedText): TextProblem | undefined {
  const [first] = parsed.parts;
  if (!parsed.text.startsWith("/") && !isPlaceholder(first, "request.path")) {
    const isUrl = /^(?:https?:)?\/\//i.test(parsed.text);
    return new TextProblem(
      isUrl
        ? "requests are rewritten to a path; the host that backends get is `host`, and where requests go are `backends`"
        : 'a path begins with "/"',
      0,
    );
  }
  const text = masked(parsed);
  const fragment = text.indexOf("#");
  if (fragment !== -1) {
    return new TextProblem(
      "a fragment is never sent to a server; `#` within a name is `%23`",
      fragment,
    );
  }
  return pathProblem(parsed, 0, pathEnd(text));
}

/** Where the path ends in a masked text. */
function pathEnd(text: string): number {
  const question = text.indexOf("?");
  return question === -1 ? text.length : question;
}

/** Replaces the path that backends get, and its query if the text has one. */
export const rewrite = definePolicy({
  name: "rewrite",
  routeReplacesGlobal: true,
  route: { key: "rewrite", schema, create },
});

function create(parsed: ParsedText): Policy {
  const { length } = parsed.text;
  const end = pathEnd(masked(parsed));
  const path = new PathTemplate(partsWithin(parsed, 0, end));
  const query = end === length ? undefined : new QueryTemplate(partsWithin(parsed, end, length));
  return {
    name: "rewrite",
    request(exchange) {
      const { outgoing } = exchange;
      outgoing.path = path.text(exchange);
      if (query !== undefined) outgoing.query = query.text(exchange);
      return undefined;
    },
  };
}
