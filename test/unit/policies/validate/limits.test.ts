import { beforeEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { GatewayError } from "../../../../src/pipeline/errors.ts";
import { IncomingContent } from "../../../../src/pipeline/incoming-content.ts";
import { HeldBytes } from "../../../../src/policies/validate/held-bytes.ts";
import { readContent } from "../../../../src/policies/validate/read-content.ts";
import { Validation } from "../../../../src/policies/validate/validation.ts";
import { isLinear } from "../../../../src/policies/validate/schemas/linear.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { eventually } from "../../../support/eventually.ts";
import { createStage } from "../../../support/stage.ts";
import { openExchange } from "../../pipeline/opening.ts";
import { byBody, faultsOf, folderWith, json, text, validating } from "./support.ts";

const stage = createStage();

function readOptions() {
  return { most: 10, held: new HeldBytes(15), clock: new FakeClock(), timeout: 1_000 };
}

describe("what strangers' content can cost", () => {
  test("a long list of faults is cut, and takes no long time to find", async () => {
    const many = Array.from({ length: 100_000 }, () => 0);
    const schema = { items: { $ref: "#/$defs/a" }, $defs: { a: { allOf: [{ type: "string" }] } } };
    const started = performance.now();
    const refusal = await byBody(stage, schema)(json(many));
    // Milliseconds, where copying all faults for each one would take minutes.
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(faultsOf(refusal)).toHaveLength(50);
    expect(refusal?.message).toBe("#/0 must be a string, and 999 more faults");
  });

  test("alternatives that do not fit are no faults if one fits, however many there are", async () => {
    const schema = {
      anyOf: [
        { type: "array", items: { $ref: "#/$defs/text" } },
        { type: "array", items: { type: "integer" } },
      ],
      $defs: { text: { type: "string" } },
    };
    const ask = byBody(stage, schema);
    const many: unknown[] = Array.from({ length: 5_000 }, (_, at) => at);
    expect(await ask(json(many))).toBeUndefined();
    expect(await ask(json([...many, "x"]))).toBeDefined();
  });

  test("equal items of a long list are found in linear time", async () => {
    const ask = byBody(stage, { uniqueItems: true });
    const many = Array.from({ length: 30_000 }, (_, at) => ({ a: at, b: [at] }));
    const started = performance.now();
    expect(await ask(json(many))).toBeUndefined();
    expect(await ask(json([...many, { b: [7], a: 7 }]))).toBeDefined();
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  test("a schema that tries ever more alternatives is given up", async () => {
    const branch = (op: string) => ({
      properties: { a: { $ref: "#/$defs/e" }, op: { const: op } },
      required: ["op"],
    });
    const schema = {
      $ref: "#/$defs/e",
      $defs: { e: { anyOf: [{ type: "number" }, { oneOf: [branch("x"), branch("y")] }] } },
    };
    let deep: unknown = 1;
    for (let level = 0; level < 40; level += 1) deep = { a: deep, op: "x" };
    expect(faultsOf(await byBody(stage, schema)(json(deep)))).toEqual([
      { pointer: "#", detail: "takes too long to validate" },
    ]);
  });

  test("a pattern that would backtrack without end is matched in linear time", async () => {
    const ask = byBody(stage, { pattern: "^(a+)+$" });
    const started = performance.now();
    expect(await ask(json(`${"a".repeat(20_000)}!`))).toBeDefined();
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  const TOO_LONG = [{ pointer: "#", detail: "takes too long to validate" }];

  test("many values of one of many kinds are given up, and a few are not", async () => {
    const kind = (at: number) => ({
      type: "object",
      required: ["kind", `of${at}`],
      properties: { kind: { const: `kind ${at}` }, [`of${at}`]: { type: "string" } },
    });
    const kinds = Array.from({ length: 300 }, (_, at) => kind(at));
    const ask = byBody(stage, { items: { oneOf: kinds } });
    const few = Array.from({ length: 100 }, () => ({ kind: "kind 299", of299: "" }));
    expect(await ask(json(few))).toBeUndefined();
    const many = Array.from({ length: 20 }, () => few).flat();
    expect(faultsOf(await ask(json(many)))).toEqual(TOO_LONG);
  });

  test("many values that lack what could be there are given up", async () => {
    const names = Array.from({ length: 500 }, (_, at) => `name${at}`);
    const properties = Object.fromEntries(names.map((name) => [name, { type: "string" }]));
    const empty = Array.from({ length: 200_000 }, () => ({}));
    for (const items of [{ properties }, { $ref: "#/$defs/a" }]) {
      const ask = byBody(stage, { items, $defs: { a: { properties } } });
      expect(faultsOf(await ask(json(empty)))).toEqual(TOO_LONG);
      expect(await ask(json(empty.slice(0, 1_000)))).toBeUndefined();
    }
  });

  test("many values that lack what must be there are given up", async () => {
    const required = Array.from({ length: 100 }, (_, at) => `name${at}`);
    const ask = byBody(stage, { items: { required } });
    const empty = Array.from({ length: 300_000 }, () => ({}));
    expect(faultsOf(await ask(json(empty)))).toEqual(TOO_LONG);
    expect(faultsOf(await ask(json(empty.slice(0, 100))))).toHaveLength(50);
  });

  test("a value is looked up among those that are allowed, however many they are", async () => {
    const allowed = [...Array.from({ length: 20_000 }, (_, at) => `v${at}`), 1, null, { a: [1] }];
    const ask = byBody(stage, { items: { enum: allowed } });
    const many = Array.from({ length: 100_000 }, () => "v19999");
    const started = performance.now();
    expect(await ask(json([...many, 1, null, { a: [1] }]))).toBeUndefined();
    expect(faultsOf(await ask(json(["1", {}])))).toHaveLength(2);
    // Milliseconds, where comparing with each one would take a minute.
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  test("a format that takes quadratic time is not tested of long texts", async () => {
    const ask = byBody(stage, { format: "url" });
    expect(await ask(json(`http://a.example/${"a".repeat(10_000)}`))).toBeUndefined();
    const [fault] = faultsOf(await ask(json(`http://${"a:".repeat(50_000)}`)));
    expect(fault?.detail).toContain("has more than 262144 characters for the patterns");
  });

  test("names that look like a schema's code are names", async () => {
    const name = 'const _errs1 = errors; for(;;){ else {vErrors.push(err1);} "';
    const ask = byBody(stage, {
      properties: { [name]: { anyOf: [{ type: "string" }, { type: "integer" }] } },
      required: [name],
    });
    expect(await ask(json({ [name]: 1 }))).toBeUndefined();
    expect(faultsOf(await ask(json({ [name]: true })))).toHaveLength(3);
    expect(faultsOf(await ask(json({})))).toHaveLength(1);
  });

  test("content with too much to match is refused, even where no match is wanted", async () => {
    const ask = byBody(stage, { not: { pattern: "(?:x|y)+z" } });
    expect(await ask(json("a".repeat(1_000)))).toBeUndefined();
    const [fault] = faultsOf(await ask(json("a".repeat(300_000))));
    expect(fault?.detail).toContain("has more than 262144 characters for the patterns");
  });
});

test.each([
  "^[a-z0-9_-]+$",
  "^\\d{3}-\\d{4}$",
  "^.{1,64}$",
  "^(?:get|post)$",
  "^a?b?$",
  "^(ab){3}$",
  "abc",
])("%s is left to the runtime: it takes linear time there", (pattern) => {
  expect(isLinear(pattern)).toBe(true);
});

test.each([
  "\\s+$",
  "(a+)+",
  "^a|b+$",
  "^(a|b)*$",
  "^a*b*$",
  "^a*a{5000}$",
  "a{5000}b",
  "^(?=a)b",
  "^a{0,9}a{0,9}a{0,9}$",
  "[",
  "a{2,",
  "(",
  ")",
  "^(?:a{2}){2,3}$",
  "\\p{L}",
])("%s is not", (pattern) => {
  expect(isLinear(pattern)).toBe(false);
});

test("19.99 is a multiple of 0.01, and 19.995 is not", async () => {
  const ask = byBody(stage, { multipleOf: 0.01 });
  expect(await ask(json(19.99))).toBeUndefined();
  expect(faultsOf(await ask(json(19.995)))).toEqual([
    { pointer: "#", detail: "must be a multiple of 0.01" },
  ]);
});

describe("content that is read", () => {
  let options = readOptions();
  beforeEach(() => {
    options = readOptions();
  });
  const incoming = () => new IncomingContent(undefined, { pause() {}, resume() {}, abandon() {} });
  const bytes = (text: string) => Buffer.from(text);

  test("is there again, whole, for whoever forwards it", async () => {
    const content = incoming();
    const reading = readContent(openExchange(), content, options);
    content.push(bytes("abc"));
    await Bun.sleep(0);
    content.push(bytes("def"));
    content.finish();
    expect(Buffer.from((await reading) as Uint8Array).toString()).toBe("abcdef");
    expect(Buffer.from(content.takeWhole() ?? []).toString()).toBe("abcdef");
    expect(content.read()).toEqual({ done: true });
  });

  test("is there again from its beginning if it is too large", async () => {
    const content = incoming();
    content.push(bytes("abcdefgh"));
    const reading = readContent(openExchange(), content, options);
    content.push(bytes("ijkl"));
    expect(await reading).toBe("too large");
    expect(content.takeWhole()).toBeUndefined();
    const whole = content.whole(14);
    content.push(bytes("mn"));
    content.finish();
    expect(Buffer.from(await whole).toString()).toBe("abcdefghijklmn");
  });

  test("may only take what all of it may take together", async () => {
    const first = incoming();
    first.push(bytes("12345678"));
    const waiting = openExchange();
    const read = readContent(waiting, first, options);
    await Bun.sleep(0);
    const second = incoming();
    second.push(bytes("12345678"));
    const refused = openExchange();
    expect(await readContent(refused, second, options)).toBe("no room");
    first.finish();
    await read;
    // It waits for the backend now.
    expect(options.held.held).toBe(8);
    waiting.ended();
    refused.ended();
    expect(options.held.held).toBe(0);
  });

  test("is not held any more once there is an answer", async () => {
    const exchange = openExchange();
    const content = incoming();
    const read = readContent(exchange, content, options);
    content.push(bytes("123"));
    content.finish();
    await read;
    const { held } = options;
    const examine = () => ({ faults: [], expected: [] });
    new Validation({ ...options, examine, report: undefined }).response(exchange);
    expect(held.held).toBe(0);
    exchange.ended();
    expect(held.held).toBe(0);
  });

  test("ends with its exchange", async () => {
    const exchange = openExchange();
    const reading = readContent(exchange, incoming(), options);
    const left = new GatewayError("client_closed", "the client has left");
    exchange.cancellation.cancel(left);
    expect(reading).rejects.toBe(left);
  });

  test("ends when nothing comes for too long", async () => {
    const clock = new FakeClock();
    const exchange = openExchange();
    const reading = readContent(exchange, incoming(), { ...options, clock });
    clock.advance(1_000);
    expect(reading).rejects.toThrow("no request content arrived for 1000 ms");
    expect(exchange.cancellation.reason?.code).toBe("request_timeout");
  });
});

describe("in report mode", () => {
  test("requests pass, and a line says what is wrong without values", async () => {
    const lines: string[] = [];
    const log = (_level: string, message: string) => void lines.push(message);
    const folder = folderWith(stage, { "schema.json": { properties: { a: { type: "integer" } } } });
    const config = { body: join(folder, "schema.json"), mode: "report", max_body: 20 };
    const clock = new FakeClock();
    const ask = validating(config, { log, clock });

    expect(await ask(json({ a: "hush" }))).toBeUndefined();
    expect(await ask(text("x", "text/plain"))).toBeUndefined();
    expect(await ask(json({ a: "hush".repeat(10) }))).toBeUndefined();
    expect(lines).toEqual([
      "/things: request request-1 is not valid: #/a must be an integer",
      "/things: request request-1 is not valid: the content must be application/json, in UTF-8 where it is text",
      "/things: request request-1 is not valid: content that is validated has at most 20 bytes",
    ]);

    for (let count = 0; count < 20; count += 1) await ask(json({ a: "hush" }));
    expect(lines).toHaveLength(10);
    clock.advance(60_000);
    await ask(json({ a: "hush" }));
    expect(lines[10]).toBe("/things: 13 more requests were not valid");
    expect(lines).toHaveLength(12);
  });
});

describe("a file that changes", () => {
  test("is read again, and one that cannot be used leaves the last one in force", async () => {
    const lines: string[] = [];
    const log = (_level: string, message: string) => void lines.push(message);
    const folder = folderWith(stage, { "schema.json": { type: "integer" } });
    const file = join(folder, "schema.json");
    const clock = new FakeClock();
    let close = () => {};
    const ask = validating(
      { body: file },
      {
        log,
        clock,
        share: (_key, make, end) => {
          const made = make();
          close = () => void end?.(made);
          return made;
        },
      },
    );
    const settled = async (count: number) => {
      await eventually(() => {
        clock.advance(1_000);
        return lines.length === count;
      });
    };
    expect(await ask(json(1))).toBeUndefined();

    writeFileSync(file, '{ "type": "nothing" }');
    await settled(1);
    expect(lines[0]).toContain("cannot be used, what was read before stays in force: ");
    expect(await ask(json(1))).toBeUndefined();
    expect(await ask(json("a"))).toBeDefined();

    writeFileSync(file, '{ "type":  "string" }');
    await settled(2);
    expect(lines[1]).toEndWith("schema.json has been read again");
    expect(await ask(json("a"))).toBeUndefined();
    expect(await ask(json(1))).toBeDefined();
    close();
  });
});
