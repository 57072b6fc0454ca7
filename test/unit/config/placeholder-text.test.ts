import { describe, expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { checkPathNames } from "../../../src/config/path-names.ts";
import { validate } from "../../../src/documents/reading/validate.ts";
import { diagnosticLine } from "../../../src/documents/text/diagnostics.ts";
import { ConfigDocument } from "../../../src/documents/text/document.ts";
import { substituteEnvironment } from "../../../src/documents/text/environment.ts";
import { PlaceholderText } from "../../../src/pipeline/placeholders.ts";
import { parsePattern, type Pattern } from "../../../src/routing/pattern.ts";

const schema = Type.Object(
  {
    plain: Type.Optional(PlaceholderText({ description: "A text." })),
    either: Type.Optional(
      Type.Union(
        [
          PlaceholderText({ description: "A text." }),
          Type.Object({ to: PlaceholderText({}) }, { additionalProperties: false }),
        ],
        { expected: "a text or {to}" },
      ),
    ),
    named: Type.Optional(Type.Record(Type.String(), PlaceholderText({}))),
  },
  { additionalProperties: false },
);

function read(text: string, environment: Record<string, string> = {}) {
  const document = ConfigDocument.parse("gateway.yaml", text);
  substituteEnvironment(document, environment);
  return { document, ...validate(schema, document) };
}

function printed(text: string, environment: Record<string, string> = {}): string {
  return read(text, environment)
    .diagnostics.map((diagnostic) => diagnosticLine(diagnostic))
    .join("\n");
}

describe("a text with placeholders", () => {
  test("is parsed wherever it stands", () => {
    const { value } = read('plain: a\neither: { to: "{route}" }\nnamed: { x: "{path.id}" }\n');
    expect(value).toMatchObject({
      plain: { text: "a", parts: ["a"] },
      either: { to: { parts: [{ source: "route" }] } },
      named: { x: { parts: [{ source: "path", name: "id" }] } },
    });
  });

  test.each([
    ["plain: /a/{request.idd}\n", "1:11", "`{request.idd}` is not a placeholder; did you mean"],
    ['plain: "/a/{request.idd}"\n', "1:12", "`{request.idd}` is not a placeholder; did you mean"],
    ["either: /a/{request.idd}\n", "1:12", "`{request.idd}` is not a placeholder; did you mean"],
    ["either: { to: '{nothing}' }\n", "1:15", "`{nothing}` is not a placeholder"],
    [
      "plain: '{remote_addr}'\n",
      "1:8",
      "`{remote_addr}` is not a placeholder; did you mean `{client.ip}`?",
    ],
    ["plain: '{uri}'\n", "1:8", "`{uri}` is not a placeholder; did you mean `{request.path}`?"],
    ["named: { x: '{nothing}' }\n", "1:13", "`{nothing}` is not a placeholder"],
    ["plain: true\n", "1:8", "expected text, got true; put it in quotes"],
  ])("in %p is refused at %s: %s", (text, at, message) => {
    expect(printed(text)).toContain(`gateway.yaml:${at}: ${message}`);
  });

  test("takes a number as it is written", () => {
    expect(read("plain: 1.10\n").value).toMatchObject({ plain: { text: "1.10" } });
  });

  test("from the environment is not shown in an error", () => {
    const message = printed('plain: "Bearer ${TOKEN}"\n', { TOKEN: "s3cret{part}" });
    expect(message).toContain("`Bearer ${TOKEN}` is not a valid text with placeholders");
    expect(message).not.toContain("part");
  });
});

describe("{path.NAME}", () => {
  function problems(text: string, path: string): string[] {
    const { document, value } = read(text);
    return checkPathNames(value ?? {}, parsePattern(path) as Pattern).map(
      ({ path: at, message, offset }) => {
        const { line, column } = document.diagnose(at, message, { offset });
        return `${line}:${column} ${message}`;
      },
    );
  }

  test("may be any name of the route's path", () => {
    expect(problems('plain: "{path.id}/{path.rest}"\n', "/:id/*rest")).toEqual([]);
  });

  test.each([
    [
      "plain: /a/{path.idd}\n",
      "/:id",
      "1:11 the path of this route has no `:idd` or `*idd`; did you mean `{path.id}`?",
    ],
    ["either: { to: '{path.x}' }\n", "/a", "1:15 the path of this route has no `:x` or `*x`"],
    [
      "named: { a: '{path.x}' }\n",
      "/:left/:right",
      "1:13 the path of this route has no `:x` or `*x`, only `left`, `right`",
    ],
    ["named: { pattern: '{path.x}' }\n", "/a", "1:19 the path of this route has no `:x` or `*x`"],
    [
      "named: { a: '{path.x}' }\n",
      "/*",
      "1:13 the path of this route has no `:x` or `*x`; write `/*x`",
    ],
  ])("in %p is refused for the path %p", (text, path, problem) => {
    expect(problems(text, path)).toEqual([problem]);
  });
});
