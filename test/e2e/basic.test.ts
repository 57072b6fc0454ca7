import { afterEach, describe, expect, test } from "bun:test";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ask, problemOf } from "../support/ask.ts";
import { runToEnd } from "../support/child.ts";
import { echo, valuesOf } from "../support/echo.ts";
import { eventually } from "../support/eventually.ts";
import { gatewayBinary } from "../support/gateway-binary.ts";
import { noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage(afterEach);

const basicOf = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

/** As htpasswd -B writes it, at a cost that makes tests quick. */
const hashOf = (password: string, cost = 4) =>
  Bun.password.hashSync(password, { algorithm: "bcrypt", cost }).replace("$2b$", "$2y$");

/** Runs `gateway password` with a password that is piped to it. */
async function lineOf(name: string, password: string, ...flags: string[]): Promise<string> {
  const cwd = stage.folder();
  writeFileSync(join(cwd, "password.txt"), `${password}\n`);
  const script = 'file=$1; shift; exec "$0" password "$@" < "$file"';
  const command = ["bash", "-c", script, await gatewayBinary(), "password.txt"];
  const { code, out, err } = await runToEnd(stage, [name, ...flags], { cwd, command });
  expect([code, err]).toEqual([0, ""]);
  return out;
}

/** A gateway whose routes ask for users of a file. */
async function start(users: string, more: Record<string, unknown> = {}) {
  const folder = stage.folder();
  const file = join(folder, "users.yaml");
  writeFileSync(file, users);
  const mock = await startMockProcess(stage, "A");
  const gateway = await startGateway(
    stage,
    {
      health_check: noHealthChecks,
      server: { trusted_proxies: ["127.0.0.1"] },
      auth: { staff: { basic: { file: "users.yaml", ...more } } },
      routes: [
        { name: "all", path: "/echo/*", backends: [mock.url], auth: "staff" },
        { path: "/open", respond: "open" },
      ],
    },
    { cwd: folder },
  );
  const get = (user: string, password: string, client = "192.0.2.1") =>
    ask(`${gateway.url}/echo/x`, {
      headers: { authorization: basicOf(user, password), "x-forwarded-for": client },
    });
  const statusOf = async (...who: Parameters<typeof get>) => (await get(...who)).status;
  const replace = (text: string) => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  return { gateway, get, statusOf, replace };
}

describe("a user with a password", () => {
  test("is let in by name, and the backend learns the name and not the password", async () => {
    const { gateway, statusOf } = await start(
      `${await lineOf("ada", "correct horse")}${await lineOf("jörg", "pässwörd")}`,
    );
    const seen = await echo(gateway.port, [
      "GET /echo/x HTTP/1.1",
      "Host: gateway",
      `Authorization: ${basicOf("ada", "correct horse")}`,
    ]);
    expect(valuesOf(seen, "x-auth-subject")).toEqual(["ada"]);
    expect(valuesOf(seen, "authorization")).toEqual([]);
    expect(await statusOf("jörg", "pässwörd")).toBe(200);
    const [row] = await gateway.waitForRows(2);
    expect(row).toMatchObject({ subject: "ada", provider: "staff" });
    await gateway.stop();
    const written = JSON.stringify(gateway.rows()) + gateway.lines.text + gateway.errors.text;
    expect(written).not.toContain("correct horse");
    expect(written).not.toContain(basicOf("ada", "correct horse").slice(6));
  });

  test("is asked for it by the browser, and learns nothing of who else there is", async () => {
    const { get, gateway } = await start(`ada:${hashOf("secret")}\n`);
    const first = await ask(`${gateway.url}/echo/x`);
    expect(first.status).toBe(401);
    expect(first.headers.get("www-authenticate")).toBe('Basic realm="staff", charset="UTF-8"');
    const refusals = await Promise.all([get("ada", "guess"), get("nobody", "guess")]);
    const problems = await Promise.all(refusals.map(problemOf));
    expect(problems.map(({ status, detail }) => [status, detail])).toEqual([
      [401, "the user or the password is wrong"],
      [401, "the user or the password is wrong"],
    ]);
  });

  test("may be one of htpasswd's, and change while others work", async () => {
    const ada = `ada:${hashOf("secret")}\n`;
    const { gateway, statusOf, replace } = await start(ada);
    expect(await statusOf("ada", "secret")).toBe(200);
    replace(`${ada}bob:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n`);
    await gateway.lines.waitFor(/users\.yaml:2:5: this is a hash of SHA-1; only argon2 and bcrypt/);
    expect(await statusOf("ada", "secret")).toBe(200);
    replace(`ada:${hashOf("changed")}\nbob:${hashOf("builder")}\n`);
    await eventually(async () => (await statusOf("bob", "builder")) === 200);
    expect(await statusOf("ada", "secret")).toBe(401);
    expect(await statusOf("ada", "changed")).toBe(200);
  });
});

describe("a flood of wrong passwords", () => {
  test("from many addresses leaves users and other routes alone", async () => {
    // Each takes long enough for a queue to form.
    const { gateway, get, statusOf } = await start(
      `ada:${hashOf("secret", 9)}\nbob:${hashOf("builder", 9)}\n`,
      { max_verifications: 1, max_waiting: 40 },
    );
    expect(await statusOf("ada", "secret", "203.0.113.5")).toBe(200);

    let sent = 0;
    const statuses = new Map<number, number>();
    const over = new AbortController();
    const guesser = async (id: number) => {
      while (!over.signal.aborted) {
        sent += 1;
        const address = `198.51.${id}.${sent % 250}`;
        const user = sent % 3 === 0 ? "ada" : `user${sent}`;
        const answer = await get(user, `guess ${sent}`, address);
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        if (answer.status === 503 || answer.status === 429) {
          expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
        }
      }
    };
    const guessers = Array.from({ length: 60 }, (_, id) => guesser(id));
    await eventually(() => (statuses.get(503) ?? 0) > 0);

    // Known, from anywhere; not known, where she has been before; and what asks for nothing.
    for (let request = 0; request < 20; request += 1) {
      expect(await statusOf("ada", "secret", `192.0.2.${request}`)).toBe(200);
    }
    expect(await statusOf("ada", "mistyped", "203.0.113.5")).toBe(401);
    expect((await ask(`${gateway.url}/open`)).status).toBe(200);
    // Who is new to the gateway gets through between the guesses, by coming again when told to.
    await eventually(async () => (await statusOf("bob", "builder", "192.0.2.99")) === 200);
    over.abort();
    await Promise.all(guessers);
    expect([...statuses.keys()]).toEqual(expect.arrayContaining([401, 503]));
    expect(statuses.has(200)).toBe(false);
  });

  test("from one address ends in 429 for it, and for nobody else", async () => {
    const { get, statusOf } = await start(`ada:${hashOf("secret")}\n`);
    const statuses: number[] = [];
    for (let guess = 0; guess < 25; guess += 1) {
      statuses.push(await statusOf(`user${guess}`, "guess", "198.51.100.7"));
    }
    expect(statuses.filter((status) => status === 401).length).toBeGreaterThanOrEqual(20);
    const refused = await get("ada", "secret", "198.51.100.7");
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBeWithin(1, 11);
    expect((await problemOf(refused)).code).toBe("rate_limited");
    expect(await statusOf("ada", "secret", "198.51.100.8")).toBe(200);
    expect(await statusOf("ada", "secret", "198.51.100.7")).toBe(200);
  });
});

describe("`gateway password`", () => {
  test("asks on a terminal, shows nothing of what is typed, and leaves the terminal as it was", async () => {
    const cwd = stage.folder();
    let shown = "";
    const answers = ["correct horse\r", "correct horsx\u007Fe\r"];
    const script = `"${await gatewayBinary()}" password ada > line.txt; stty -a | grep -o -- '-\\?echo\\b'`;
    const child = Bun.spawn(["bash", "-c", script], {
      cwd,
      env: { PATH: process.env["PATH"] ?? "", TERM: "xterm" },
      terminal: {
        cols: 80,
        rows: 24,
        data(terminal, bytes) {
          shown += new TextDecoder().decode(bytes);
          if (/(?:Password|Again): $/.test(shown)) terminal.write(answers.shift() ?? "");
        },
      },
    });
    expect(await child.exited).toBe(0);
    await eventually(() => shown.includes("echo"));
    expect(shown.replaceAll("\r", "")).toBe("Password: \nAgain: \necho\n");
    const line = await Bun.file(join(cwd, "line.txt")).text();
    const hash = /^ada: "(\$argon2id\$[^"]*)"\n$/.exec(line)?.[1] ?? "";
    expect(await Bun.password.verify("correct horse", hash)).toBe(true);
  });

  test("can be left by Ctrl-C and by a signal, and the terminal is as it was", async () => {
    for (const leave of ["\u0003", "SIGTERM"] as const) {
      let shown = "";
      const script = `"${await gatewayBinary()}" password ada; echo "code $?"; stty -a | grep -o -- '-\\?echo\\b'`;
      const child = Bun.spawn(["bash", "-c", script], {
        env: { PATH: process.env["PATH"] ?? "", TERM: "xterm" },
        terminal: {
          cols: 80,
          rows: 24,
          data(terminal, bytes) {
            shown += new TextDecoder().decode(bytes);
            if (!shown.endsWith("Password: ")) return;
            if (leave === "SIGTERM") {
              const { pid } = child;
              process.kill(
                Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")),
                "SIGTERM",
              );
            } else terminal.write(leave);
          },
        },
      });
      await child.exited;
      await eventually(() => shown.replaceAll("\r", "").endsWith("\necho\n"));
      expect(shown.replaceAll("\r", "")).toBe(
        "Password: \ngateway: no password was given\ncode 1\necho\n",
      );
    }
  });
});
