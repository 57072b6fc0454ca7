import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { ask } from "../support/ask.ts";
import { gatewayBinary } from "../support/gateway-binary.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

/** Runs a line of shell, in which `gateway` is the executable under test. */
async function shell(line: string, env: Readonly<Record<string, string>> = {}) {
  const script = `gateway() { ${await gatewayBinary()} "$@"; }\n${line}`;
  const child = Bun.spawn(["bash", "-c", script], {
    cwd: stage.folder(),
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  await child.exited;
  return { out, err };
}

describe("a reader that goes away early", () => {
  const LINES: [line: string, code: number][] = [
    ["help", 0],
    ["help serve", 0],
    ["version", 0],
    ["check good.yaml", 0],
    ["check bad.yaml", 1],
    ["nonsense", 2],
  ];

  test.each(LINES)("is no error to `gateway %s`, which ends with %d", async (line, code) => {
    const { out, err } = await shell(`
      echo 'routes: [{ path: /a, backends: ["http://127.0.0.1:9"] }]' > good.yaml
      echo 'prot: 1' > bad.yaml
      exec 3> >(:); wait $! # From here on nobody reads what is written to 3.
      gateway ${line} >&3 2>&3; echo $? >&2
    `);

    expect(err).toBe(`${code}\n`);
    expect(out).toBe("");
  });

  test("is no reason for a gateway to stop", async () => {
    const cwd = stage.folder();
    await Bun.write(
      join(cwd, "gateway.yaml"),
      'server: { host: 127.0.0.1, port: 0 }\nroutes: [{ path: /a, backends: ["http://127.0.0.1:9"] }]\n',
    );
    const gateway = Bun.spawn([await gatewayBinary(), "serve"], { cwd, stdout: "pipe" });
    stage.defer(() => gateway.kill("SIGKILL"));
    let read = "";
    for await (const piece of gateway.stdout.pipeThrough(new TextDecoderStream())) {
      read += piece;
      if (/listening on \S+,/.test(read)) break; // Which closes the pipe.
    }
    const url = /listening on (http:[^,]+)/.exec(read)?.[1] ?? "";

    for (let asked = 0; asked < 3; asked += 1)
      expect((await ask(`${url}/nowhere`)).status).toBe(404);
    gateway.kill("SIGTERM");
    expect(await gateway.exited).toBe(0);
  });

  test("a full disk is an error without a stack", async () => {
    const { err } = await shell("gateway help > /dev/full; echo $? >&2");

    expect(err).toBe("gateway: ENOSPC: no space left on device, write\n1\n");
  });
});

test("`gateway check -` reads standard input", async () => {
  expect(await shell("gateway init - | gateway check -")).toEqual({
    out: "/dev/stdin is valid: 1 route, 1 backend\n",
    err: "",
  });
  const { err } = await shell("echo 'sever: {}' | gateway check --config=-");
  expect(err).toStartWith("/dev/stdin:1:1: error: unknown key `sever`");
});

/** Runs a line of shell on a terminal, and answers what that shows and what the line has put into `out`. */
async function onTerminal(line: string, env: Readonly<Record<string, string>> = {}) {
  const cwd = stage.folder();
  const decoder = new TextDecoder();
  let shown = "";
  await Bun.write(join(cwd, "bad.yaml"), "prot: 1\n");
  const child = Bun.spawn(
    ["sh", "-c", `${line.replace("gateway", await gatewayBinary())}; printf 'the end'`],
    {
      cwd,
      env: { PATH: process.env["PATH"] ?? "", ...env },
      terminal: { data: (_, bytes) => void (shown += decoder.decode(bytes, { stream: true })) },
    },
  );
  await child.exited;
  child.terminal?.close();
  return { shown, out: await Bun.file(join(cwd, "out")).text() };
}

describe("errors", () => {
  const RED = "\u001B[1;31merror:";

  test("are coloured on a terminal, also when standard output is a file", async () => {
    const { shown, out } = await onTerminal("gateway check bad.yaml > out");

    expect(shown).toContain(RED);
    expect(out).toBe("");
  });

  test("are plain in a file, also when standard output is a terminal", async () => {
    const { out } = await onTerminal("gateway check bad.yaml 2> out");

    expect(out).toStartWith("bad.yaml:1:1: error: ");
    expect(out).not.toContain("\u001B");
  });

  test.each([
    [{ NO_COLOR: "" }, true],
    [{ NO_COLOR: "1" }, false],
    [{ TERM: "dumb" }, false],
  ])("with %j on a terminal are coloured: %j", async (env, colored) => {
    const { shown } = await onTerminal("gateway check bad.yaml > out", env);

    expect(shown.includes(RED)).toBe(colored);
  });

  test("are coloured in a file where FORCE_COLOR asks for it", async () => {
    const { out } = await onTerminal("gateway check bad.yaml 2> out", { FORCE_COLOR: "1" });

    expect(out).toContain(RED);
  });
});
