import { expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { runToEnd, startChild } from "../support/child.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();
const run = (...args: string[]) => runToEnd(stage, args);

test.each(["version", "--version", "-v", "-V"])(
  "%s prints version, commit and platform",
  async (word) => {
    const { code, out, err } = await run(word);

    expect(code).toBe(0);
    expect(out).toStartWith(`gateway ${packageJson.version} (`);
    expect(out).toContain(`${process.platform}-${process.arch}`);
    expect(err).toBe("");
  },
);

test.each(["help", "--help", "-h", "-?"])("%s lists the commands", async (word) => {
  const { code, out } = await run(word);

  expect(code).toBe(0);
  for (const name of ["serve", "check", "init", "proxy", "demo", "mock", "version", "help"]) {
    expect(out).toMatch(new RegExp(`^  ${name} +\\w`, "m"));
  }
});

test("without a command the commands are listed", async () => {
  const [bare, help] = [await run(), await run("help")];
  expect(bare).toEqual(help);
});

test.each(["serve", "check", "init", "proxy", "demo", "mock", "version", "help"])(
  "`help %s` and `%s --help` explain the command",
  async (name) => {
    const explained = await run("help", name);

    expect(explained.code).toBe(0);
    expect(explained.out).toStartWith(`${name}: `);
    expect(explained.out).toContain(`Usage: gateway ${name}`);
    expect(await run(name, "--help")).toEqual(explained);
  },
);

const misunderstood: [string[], string][] = [
  [["sevre"], "unknown command sevre, did you mean serve?"],
  [["help", "chekc"], "unknown command chekc, did you mean check?"],
  [["mock", "--prot", "1"], "unknown flag --prot for `mock`, did you mean --port?"],
  [["serve", "--confg=x"], "unknown flag --confg for `serve`, did you mean --config?"],
  [["xyzzyplugh"], "unknown command xyzzyplugh\n"],
  [["serve", "--config"], "--config needs a value"],
  [["serve", "a.yaml", "--config", "b.yaml"], "given twice: a.yaml and --config b.yaml"],
  [["check", "-c", "a.yaml", "--config=b.yaml"], "--config is given twice: a.yaml and b.yaml"],
  [["-c", "a.yaml"], "a command comes before the flags, like gateway serve -c"],
  [["gateway.yaml"], "to run a configuration: gateway serve gateway.yaml"],
  [["serve", "--port", "80"], "`serve` has no flag --port: the port is `server.port` in the"],
  [["proxy"], "name a backend: gateway proxy --to http://localhost:3000"],
  [["proxy", "--to", "3000", "--from", ":80"], "the address is named by --host and --port"],
  [["proxy", "--upstream=3000"], "a backend is named by --to, like --to http://localhost:3000"],
  [["serve", "--watch"], "a running gateway reads its file again on SIGHUP: kill -HUP PID"],
  [["mock", "9002"], "did you mean --port 9002?"],
  [["demo", "--port=1"], "unknown flag --port: `demo` has no flags"],
  [[""], "the command is empty"],
  [["help", "config", "sever"], "unknown key sever, did you mean server?"],
  [["reload"], "no configuration: neither config/gateway.yaml nor gateway.yaml exists"],
  [["version", "now"], 'unexpected argument "now" for `version`'],
  [["mock", "--port", "70000"], "--port takes a whole number from 0 to 65535"],
  [["mock", "--latency", "fast"], "--latency takes a duration"],
  [["mock", "--fail-rate", "2"], "--fail-rate takes a number from 0 to 1"],
];

test.each(misunderstood)("%j is not understood, and ends with 2", async (args, message) => {
  const { code, out, err } = await run(...args);

  expect(code).toBe(2);
  expect(err).toContain(message);
  expect(out).toBe("");
});

const VALID = `
server: { host: 127.0.0.1, port: 0 }
routes: [{ path: /*, backends: ["http://127.0.0.1:9"] }]
`;

test.each(["config/gateway.yaml", "gateway.yaml"])("`serve` finds %s by itself", async (place) => {
  const cwd = stage.folder();
  mkdirSync(join(cwd, "config"));
  await Bun.write(join(cwd, place), VALID);

  const child = await startChild(stage, ["serve"], { cwd });

  expect(await child.lines.waitFor(/configured by/)).toContain(place);
  await child.lines.waitFor(/listening on/);
});

test("config/gateway.yaml goes before ./gateway.yaml", async () => {
  const cwd = stage.folder();
  mkdirSync(join(cwd, "config"));
  await Bun.write(join(cwd, "config/gateway.yaml"), VALID);
  await Bun.write(join(cwd, "gateway.yaml"), "nonsense: true");

  const { code, out } = await runToEnd(stage, ["check"], { cwd });

  expect(code).toBe(0);
  expect(out).toBe("config/gateway.yaml is valid: 1 route, 1 backend\n");
});

test.each([
  ["serve other.yaml"],
  ["serve --config other.yaml"],
  ["serve -c other.yaml"],
  ["run other.yaml"],
  ["start -c=other.yaml"],
])("`%s` runs the file that is named", async (line) => {
  const cwd = stage.folder();
  await Bun.write(join(cwd, "other.yaml"), VALID);

  const child = await startChild(stage, line.split(" "), { cwd });

  expect(await child.lines.waitFor(/configured by/)).toContain("configured by other.yaml");
});

test.each(["validate other.yaml", "lint -c other.yaml"])("`%s` checks that file", async (line) => {
  const cwd = stage.folder();
  await Bun.write(join(cwd, "other.yaml"), VALID);

  expect((await runToEnd(stage, line.split(" "), { cwd })).out).toStartWith(
    "other.yaml is valid: ",
  );
});

test.each(["serve", "check"])("`%s` says which files it looked for", async (command) => {
  const { code, err } = await run(command);

  expect(code).toBe(2);
  expect(err).toContain("config/gateway.yaml");
  expect(err).toContain("nor gateway.yaml");
  expect(err).toContain("--config");
});

test("a file that is not there is named", async () => {
  const { code, err } = await run("check", "missing.yaml");

  expect(code).toBe(2);
  expect(err).toContain("cannot read missing.yaml: no such file");
});

test("a folder in place of a file is named", async () => {
  const { code, err } = await run("check", "/");

  expect(code).not.toBe(0);
  expect(err).toContain("cannot read /: it is a folder");
});

test("`mock` answers with its name until it is stopped", async () => {
  const child = await startChild(stage, ["mock", "--port", "0", "--name", "Harry"]);
  const url = /(http:\S+)/.exec(await child.lines.waitFor(/Harry listening/))?.[1] ?? "";

  expect(await (await fetch(`${url}/api/users/1`)).json()).toMatchObject({
    server: "Harry",
    id: 1,
  });
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
});
