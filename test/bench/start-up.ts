import { paths, type Backend } from "./backend.ts";
import { certificateFiles } from "./certificate.ts";
import type { Contestant } from "./contestant.ts";
import { median } from "./median.ts";
import { freePort, type Stage } from "./stage.ts";

/** Milliseconds, medians. */
export interface StartUp {
  /** From exec until a request has been answered by a backend. */
  readonly firstAnswer: number;
  /** `gateway version`, from exec to its end. */
  readonly version: number;
}

const GIVE_UP_AFTER_MS = 10_000;

/** Starts a gateway time and again, in turn with one that only says what version it is. */
export async function measureStartUp(
  stage: Stage,
  contestant: Contestant,
  backend: Backend,
  times: number,
): Promise<StartUp> {
  const certificate = await certificateFiles(stage);
  const firstAnswers: number[] = [];
  const versions: number[] = [];
  for (let time = 0; time < times; time += 1) {
    const port = await freePort();
    const { command, env = {} } = await contestant.prepare({
      stage,
      ports: { http: port, tls: await freePort(), http2: port },
      certificate,
      backend,
    });
    firstAnswers.push(await timeToAnswer(stage, command, env, port));
    const started = performance.now();
    const child = Bun.spawn(stage.pinned([command[0] ?? "", "version"]), {
      stdout: "ignore",
      stderr: "ignore",
    });
    await child.exited;
    versions.push(performance.now() - started);
  }
  return { firstAnswer: median(firstAnswers), version: median(versions) };
}

async function timeToAnswer(
  stage: Stage,
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  port: number,
): Promise<number> {
  const started = performance.now();
  const child = Bun.spawn(stage.pinned(command), {
    cwd: stage.folder,
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
  });
  try {
    while (!(await answers(`http://127.0.0.1:${port}${paths.small}`))) {
      if (performance.now() - started > GIVE_UP_AFTER_MS) throw new Error("no answer came");
      await Bun.sleep(1);
    }
    return performance.now() - started;
  } finally {
    child.kill("SIGTERM");
    await child.exited;
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { keepalive: false })).ok;
  } catch {
    return false;
  }
}
