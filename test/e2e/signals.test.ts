import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { startChild } from "../support/child.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

const valid = (format: string) => `
server: { host: 127.0.0.1, port: 0 }
logging: { format: ${format} }
routes: [{ path: /*, backends: ["http://127.0.0.1:9"] }]
`;

async function serve(format: string) {
  const cwd = stage.folder();
  const file = join(cwd, "gateway.yaml");
  await Bun.write(file, valid(format));
  const child = await startChild(stage, ["serve", "gateway.yaml"], { cwd });
  return { ...child, file };
}

describe("SIGHUP", () => {
  test("to an invalid file logs each reason as JSON where the log is JSON", async () => {
    const gateway = await serve("json");
    const { lines, errors, file, exited } = gateway;
    await lines.waitFor(/listening on/);
    await Bun.write(file, `${valid("json")}prot: 1\nsever: {}\n`);
    gateway.kill("SIGHUP");
    await lines.waitFor(/keeping the current one/);
    gateway.kill("SIGTERM");
    expect(await exited).toBe(0);

    const logged = lines.all.map((line) => JSON.parse(line) as { level: string; message: string });
    const failed = logged.filter(({ level }) => level === "error").map(({ message }) => message);
    expect(failed).toEqual([
      expect.stringMatching(/^gateway\.yaml:5:1: unknown key `prot`/),
      expect.stringMatching(/^gateway\.yaml:6:1: unknown key `sever`, did you mean `server`\?$/),
      "SIGHUP: invalid configuration, keeping the current one",
    ]);
    expect(errors.text).toBe("");
  });

  test("to an invalid file logs each reason in its own line if the log is text", async () => {
    const gateway = await serve("text");
    const { lines, errors, file } = gateway;
    await lines.waitFor(/listening on/);
    await Bun.write(file, `${valid("text")}sever: {}\n`);
    gateway.kill("SIGHUP");

    await lines.waitFor(
      /\[ERROR\] gateway\.yaml:5:1: unknown key `sever`, did you mean `server`\?$/,
    );
    await lines.waitFor(/\[ERROR\] SIGHUP: invalid configuration, keeping the current one$/);
    expect(errors.text).toBe("");
  });

  test("while the gateway is starting reloads once it has started", async () => {
    const cwd = stage.folder();
    const pipe = join(cwd, "gateway.yaml");
    // Held up in reading its configuration until somebody writes it.
    await Bun.$`mkfifo ${pipe}`;
    const gateway = await startChild(stage, ["serve", "gateway.yaml"], { cwd });
    const { lines, exited } = gateway;
    const writer = Bun.spawn(["sh", "-c", `exec 3> ${pipe}; echo open; cat >&3`], {
      stdin: "pipe",
      stdout: "pipe",
    });
    await writer.stdout.getReader().read();
    gateway.kill("SIGHUP");
    await writer.stdin.write(valid("text"));
    await writer.stdin.end();
    await lines.waitFor(/listening on/);
    // The second reading, for which the first one's signal asked, gets another text.
    await Bun.$`echo "sever: {}" > ${pipe}`;

    await lines.waitFor(/SIGHUP: invalid configuration, keeping the current one/);
    gateway.kill("SIGTERM");
    expect(await exited).toBe(0);
  });
});

test.each(["SIGHUP", "SIGINT", "SIGTERM"] as const)("%s stops a mock in order", async (signal) => {
  const mock = await startChild(stage, ["mock", "--port", "0"]);
  await mock.lines.waitFor(/listening on/);
  mock.kill(signal);

  expect(await mock.exited).toBe(0);
});
