import { type Child, type ChildOptions, startChild } from "./child.ts";
import type { Stage } from "./stage.ts";

export interface MockProcess extends Child {
  readonly name: string;
  readonly url: string;
  readonly port: number;
}

/** Starts `gateway mock` in its own process and waits until it listens. */
export async function startMockProcess(
  stage: Stage,
  name: string,
  flags: readonly string[] = [],
  options: ChildOptions = {},
): Promise<MockProcess> {
  const port = flags.includes("--port") ? [] : ["--port", "0"];
  const child = await startChild(stage, ["mock", "--name", name, ...port, ...flags], options);
  const line = await child.lines.waitFor(/listening on /);
  const url = /listening on (\S+)/.exec(line)?.[1] ?? "";
  return { ...child, name, url, port: Number(new URL(url).port) };
}
