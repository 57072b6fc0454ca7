import { Type } from "@sinclair/typebox";
import { definePolicy } from "../../pipeline/policy.ts";
import { type ParsedText, PlaceholderText } from "../../pipeline/placeholders.ts";
import { TextProblem } from "../../pipeline/section.ts";
import { HostTemplate, isHost, MASK, masked } from "../../pipeline/url-templates.ts";

const schema = Type.Union([Type.Literal(false), PlaceholderText({ check })], {
  description:
    "The Host that a backend gets, with placeholders, like {path.tenant}.internal. By default, and with `false` in spite of `defaults`, `preserve_host` decides between the client's and the backend's own. To match requests by their host, write `hosts`.",
  expected: "a host with an optional port, like users.internal",
});

function check(parsed: ParsedText): TextProblem | undefined {
  const { text } = parsed;
  if (text.includes("*")) {
    return new TextProblem(
      "`host` is what backends get; requests are matched by `hosts`",
      text.indexOf("*"),
    );
  }
  if (isHost(masked(parsed).replaceAll(MASK, "x"))) return undefined;
  const url = /^https?:\/\/([^/]*)/i.exec(text)?.[1];
  return new TextProblem(
    url === undefined
      ? "expected a host with an optional port, like users.internal"
      : `a host has no scheme and no path; write \`${url}\``,
    0,
  );
}

/** Decides the Host that backends get. */
export const host = definePolicy({
  name: "host",
  routeReplacesGlobal: true,
  route: {
    key: "host",
    schema,
    create(parsed) {
      if (parsed === false) return undefined;
      const template = new HostTemplate(parsed.parts);
      return {
        name: "host",
        request(exchange) {
          exchange.outgoing.host = template.text(exchange);
          return undefined;
        },
      };
    },
  },
});
