import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { check } from "../../../src/cli/check.ts";
import { createStage } from "../../support/stage.ts";
import { FakeConsole, given } from "./fake-console.ts";

const stage = createStage();

async function fileWith(text: string): Promise<string> {
  const file = join(stage.folder(), "gateway.yaml");
  await Bun.write(file, text);
  return file;
}

describe("`check`", () => {
  test("counts the routes and the different backends of a good file", async () => {
    const file = await fileWith(`routes:
  - { path: /a, backends: [http://a, http://b] }
  - { path: /b, backends: ["\${BACKEND}"] }
`);
    const console = new FakeConsole({ environment: { BACKEND: "http://a" } });
    expect(await check.run(given({ operands: [file] }), console)).toBe(0);
    expect(console.printed).toBe(`${file} is valid: 2 routes, 2 backends\n`);
    expect(console.complaints).toBe("");
  });

  test("takes the file as a flag too, and speaks of one as one", async () => {
    const file = await fileWith("routes: [{ path: /a, backends: [http://a] }]\n");
    const console = new FakeConsole();
    expect(await check.run(given({ flags: { config: file } }), console)).toBe(0);
    expect(console.printed).toBe(`${file} is valid: 1 route, 1 backend\n`);
  });

  test("prints what is wrong with a bad file, and how much", async () => {
    const file = await fileWith("routes:\n  - { path: a, backends: [http://a] }\n");
    const console = new FakeConsole();
    expect(await check.run(given({ operands: [file] }), console)).toBe(1);
    expect(console.printed).toBe("");
    expect(console.complaints).toBe(`${file}:2:13: error: a path must begin with "/"; write "/a"
    2 |   - { path: a, backends: [http://a] }
      |             ^
${file}: 1 error
`);
  });

  test("prints warnings of a file that is valid, and takes them for errors with --strict", async () => {
    const file = await fileWith("routes: [{ path: /a, backends: [http://localhost:8080] }]\n");
    const lenient = new FakeConsole();
    expect(await check.run(given({ operands: [file] }), lenient)).toBe(0);
    expect(lenient.printed).toBe(`${file} is valid: 1 route, 1 backend, 1 warning\n`);
    expect(lenient.complaints).toStartWith(
      `${file}:1:33: warning: http://localhost:8080 is the gate`,
    );
    const strict = new FakeConsole();
    expect(await check.run(given({ operands: [file], flags: { strict: "true" } }), strict)).toBe(1);
  });

  test("counts errors and warnings each by themselves", async () => {
    const file = await fileWith("routes: [{ path: a, backends: [http://localhost:8080] }]\n");
    const console = new FakeConsole();
    expect(await check.run(given({ operands: [file] }), console)).toBe(1);
    expect(console.complaints).toEndWith(`\n${file}: 1 error, 1 warning\n`);
  });

  test("counts several errors as several", async () => {
    const file = await fileWith("prot: 1\nhots: 2\n");
    const console = new FakeConsole();
    expect(await check.run(given({ operands: [file] }), console)).toBe(1);
    expect(console.complaints).toEndWith(`\n${file}: 3 errors\n`);
  });

  test("prints errors in colour where standard error may be coloured", async () => {
    const file = await fileWith("");
    const plain = new FakeConsole({ color: { out: true } });
    await check.run(given({ operands: [file] }), plain);
    expect(plain.complaints).toStartWith(
      `${file}:1:1: error: the file is empty; \`gateway init -\` prints one to start from\n`,
    );
    const console = new FakeConsole({ color: { err: true } });
    await check.run(given({ operands: [file] }), console);
    expect(console.complaints).toStartWith(
      `\u001B[1m${file}:1:1:\u001B[0m \u001B[1;31merror:\u001B[0m the file is empty; \`gateway init -\` prints one to start from\n`,
    );
  });
});
