import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { complaints, messages, readText, ROUTES, valueOf } from "./example.ts";

const texts = Type.Object({ a: Type.String() });
const textOf = (written: string, environment: Record<string, string | undefined> = {}) =>
  (valueOf(`a: ${written}`, environment, texts) as { a: string } | undefined)?.a;

describe("a variable in a scalar", () => {
  test.each([
    ["${NAME}", "value"],
    ['"${NAME}"', "value"],
    ["'${NAME}'", "value"],
    ["|-\n  ${NAME}", "value"],
    ["http://${NAME}:${PORT}/", "http://value:80/"],
    ["${UNSET:-default}", "default"],
    ["${EMPTY:-default}", "default"],
    ["${UNSET:-}", ""],
    ["${EMPTY}", ""],
    ["${NAME:-default}", "value"],
    ["${UNSET:-http://a:1/}", "http://a:1/"],
    ["$${NAME}", "${NAME}"],
    ["$${NAME} ${NAME}", "${NAME} value"],
    ["$NAME", "$NAME"],
    ["${DOLLARS}", "$& ${NAME} $1"],
  ])("%s is replaced by its value", (written, value) => {
    const environment = { NAME: "value", PORT: "80", EMPTY: "", DOLLARS: "$& ${NAME} $1" };
    expect(textOf(written, environment)).toBe(value);
  });

  test.each(["a: b", "x\nroutes: []", "- a", "# a", "{", '"', "null", "12345", "*a"])(
    "stays text whatever it holds: %j",
    (value) => {
      expect(textOf("${NAME}", { NAME: value })).toBe(value);
    },
  );

  test("of an anchored scalar is put in at its aliases too", () => {
    const whole = Type.Object({ a: Type.String(), b: Type.String() });
    const text = "a: &name ${NAME}\nb: *name\n";
    expect(valueOf(text, { NAME: "x" }, whole)).toEqual({ a: "x", b: "x" });
    expect(messages(text, {}, whole)).toHaveLength(1);
  });

  test("is not looked for in keys", () => {
    const [told] = messages(`\${NAME}: 1\n${ROUTES}`, { NAME: "level" });
    expect(told).toStartWith("1:1: error: unknown key `${NAME}`");
  });
});

describe("a file in a scalar", () => {
  const folder = mkdtempSync(join(tmpdir(), "gateway-secrets-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (name: string, content: string | Uint8Array) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };

  test.each([
    ["s3cret", "s3cret"],
    ["s3cret\n", "s3cret"],
    ["s3cret\r\n", "s3cret"],
    ["two\nlines\n\n", "two\nlines\n"],
    ["${NAME}", "${NAME}"],
    ["", ""],
  ])("is replaced by its content, %j", (content, value) => {
    const path = file("content", content);
    expect(textOf(`"\${file:${path}}"`)).toBe(value);
    expect(textOf(`"a\${file:${path}}b"`)).toBe(`a${value}b`);
  });

  test("is an error that says why it cannot be", () => {
    const told = (path: string) => messages(`a: "\${file:${path}}"`, {}, texts)[0];
    const none = join(folder, "none");
    expect(told(none)).toContain(`cannot read ${none}: there is no such file`);
    expect(told(folder)).toContain(`${folder} is not a file`);
    expect(told("/dev/zero")).toContain("/dev/zero is not a file");
    expect(told("")).toContain("a path is missing after `file:`");
    expect(told(file("binary", new Uint8Array([0xff, 0xfe])))).toContain("is not UTF-8 text");
    expect(told(file("large", "a".repeat(65_537)))).toContain("too much for a value");
  });

  test("never shows its content in messages", () => {
    const path = file("hidden", "s3cret");
    const [told] = messages(`server: { port: "\${file:${path}}" }\n${ROUTES}`, {});
    expect(told).toContain("the value of `${file:");
    expect(told).not.toContain("s3cret");
  });
});

describe("a variable where something else than text is wanted", () => {
  test.each([
    ["server: { port: '${A:-8080}' }", "server.port", 8080],
    ["server: { port: '80${B}' }", "server.port", 8085],
    ["server: { http2: '${TRUE}' }", "server.http2", true],
    ["server: { http2: '${A:-False}' }", "server.http2", false],
    ["server: { max_body_size: '${A:-12}' }", "server.max_body_size", 12],
    ["server: { max_body_size: '${A:-2KiB}' }", "server.max_body_size", 2048],
    ["server: { read_timeout: '${A:-2s}' }", "server.read_timeout", 2000],
    ["server: { read_timeout: '${A:-0}' }", "server.read_timeout", 0],
    ["server: { host: '${A:-12345}' }", "server.host", "12345"],
    ["level: ${A:-warn}", "level", "warn"],
  ])("%s is read as that", (line, path, value) => {
    const environment = { B: "85", TRUE: "true" };
    expect(valueOf(`${line}\n${ROUTES}`, environment)).toHaveProperty(path, value);
  });

  test("is a number before it is text where both are possible", () => {
    const form = Type.Object({ a: Type.Union([Type.String(), Type.Number()]) });
    expect(valueOf("a: ${A:-1.5e3}", {}, form)).toEqual({ a: 1500 });
    expect(valueOf("a: ${A:-1.5x}", {}, form)).toEqual({ a: "1.5x" });
    const levels = Type.Object({ a: Type.Union([Type.Literal("off"), Type.Literal(2)]) });
    expect(valueOf("a: ${A:-2}", {}, levels)).toEqual({ a: 2 });
  });

  test("must fit like any other value", () => {
    expect(messages(`server: { port: "\${PORT}" }\n${ROUTES}`, { PORT: "secret" })).toEqual([
      "1:17: error: expected a whole number from 1 to 65535, got the value of `${PORT}`",
    ]);
  });
});

describe("a variable that is not set", () => {
  test("is an error at its place, reported once", () => {
    expect(
      complaints(
        `server:\n  host: "http://\${HOST:-a}/\${ADMIN_TOKEN}"\n  port: \${PORT}\n${ROUTES}`,
      ),
    )
      .toBe(`gateway.yaml:2:28: error: environment variable ADMIN_TOKEN is not set; set it or write \${ADMIN_TOKEN:-default}
    2 |   host: "http://\${HOST:-a}/\${ADMIN_TOKEN}"
      |                            ^^^^^^^^^^^^^^
gateway.yaml:3:9: error: environment variable PORT is not set; set it or write \${PORT:-default}
    3 |   port: \${PORT}
      |         ^^^^^^^`);
  });

  test("leaves nothing that could be used", () => {
    const { value, partial } = readText(`server: { port: "\${PORT}" }\n${ROUTES}`);
    expect(value).toBeUndefined();
    expect(partial).not.toHaveProperty("server.port");
  });

  test("is not taken for a wrong choice", () => {
    expect(messages(`level: \${LEVEL}\n${ROUTES}`)).toEqual([
      "1:8: error: environment variable LEVEL is not set; set it or write ${LEVEL:-default}",
    ]);
  });

  test("may have a name that all objects have", () => {
    expect(messages("a: ${constructor}", {}, texts)).toEqual([
      "1:4: error: environment variable constructor is not set; set it or write ${constructor:-default}",
    ]);
  });
});

describe("a reference that cannot be understood", () => {
  test.each([
    [
      "${}",
      "`${}` is not the name of a variable; write ${NAME}, ${NAME:-default} or ${file:PATH}, or $${ for a literal ${",
    ],
    [
      "${1A}",
      "`${1A}` is not the name of a variable; write ${NAME}, ${NAME:-default} or ${file:PATH}, or $${ for a literal ${",
    ],
    [
      "${A-b}",
      "`${A-b}` is not the name of a variable; write ${NAME}, ${NAME:-default} or ${file:PATH}, or $${ for a literal ${",
    ],
    ["x${A", "`${` is not closed with `}`; for a literal `${` write `$${`"],
    ["${A:-${B}}", "a default cannot contain `${`"],
  ])("%s is an error", (written, told) => {
    const column = 4 + written.indexOf("$");
    expect(messages(`a: ${written}`, {}, texts)).toEqual([`1:${column}: error: ${told}`]);
  });

  test("is pointed at as a whole where escapes hide it", () => {
    expect(messages('a: "\\x24{A}"', {}, texts)).toEqual([
      "1:4: error: environment variable A is not set; set it or write ${A:-default}",
    ]);
  });
});

describe("a value from the environment", () => {
  const environment = { TOKEN: "s3cr3t", HOST: "internal.example", DAY: "mon" };
  const { document } = readText(
    'a: "${TOKEN}"\nb: "http://${HOST}/"\nc: "${DAY}"',
    environment,
    Type.Object({}),
  );

  test("is not printed by checks that come later", () => {
    expect(document.diagnose(["a"], "`s3cr3t` is no token").message).toBe("`${TOKEN}` is no token");
    expect(document.diagnose(["b"], "http://internal.example/ is down").message).toBe(
      "http://${HOST}/ is down",
    );
    expect(document.diagnose(["b"], "no host internal.example").message).toBe("no host ${HOST}");
  });

  test("is too short to hide when it has up to three characters", () => {
    expect(document.diagnose(["c"], "not a common word").message).toBe("not a common word");
  });
});
