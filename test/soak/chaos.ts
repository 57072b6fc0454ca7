import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { gatewayBinary } from "../support/gateway-binary.ts";
import { type GatewayProcess, startGateway } from "../support/gateway-process.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { openDescriptors, pidOf, residentBytes } from "../support/proc.ts";
import type { Stage } from "../support/stage.ts";
import { type Disaster, disasters, lock, type Victims } from "./disasters.ts";
import { Ledger } from "./ledger.ts";
import { HURRIED, LIMITED, load } from "./load.ts";
import { pause } from "./pause.ts";
import { megabytes, say, verdict } from "./report.ts";
import { Tally } from "./tally.ts";

/** How many files, sockets and pipes the gateway may have open. */
const DESCRIPTORS = 256;
const HARD_TIME_MS = 2500;
const RESPITE_MS = 1500;
const FINALE_MS = 10_000;

/**
 * A gateway in a bad neighbourhood: under mixed load its backends die, its database is removed,
 * replaced and locked, nobody reads its output, descriptors run out and it reloads, two of these at a
 * time. In the end every exchange must have one row, except those that the gateway reports as lost.
 */
export async function chaos(stage: Stage, duration: number): Promise<boolean> {
  return [
    await run(stage, "every disaster, two at a time", duration, async (scene, over) => {
      while (!over.aborted) await oneRound(shuffled(disasters(scene)), scene.struck, over);
    }),
    await run(stage, "a database that stays locked to the end", FINALE_MS, async (scene, over) => {
      await pause(FINALE_MS / 2, over);
      const locker = await eventually(() => lock(scene.gateway.database));
      stage.defer(() => locker.close());
    }),
  ].every(Boolean);
}

interface Scene extends Victims {
  readonly struck: Map<Disaster["name"], { readonly disaster: Disaster; times: number }>;
}

async function run(
  stage: Stage,
  title: string,
  duration: number,
  happen: (scene: Scene, over: AbortSignal) => Promise<void>,
): Promise<boolean> {
  say(`── ${title}`);
  const scene = await setUp(stage);
  const { gateway } = scene;
  const pid = pidOf(gateway);
  const tally = new Tally();
  const before = openDescriptors(pid);
  const over = new AbortController();
  const happening = happen(scene, over.signal);
  const survived = await Promise.race([
    load(gateway, tally, duration).then(() => true),
    gateway.exited.then(() => false),
  ]);
  over.abort();
  if (!survived) {
    say(gateway.lines.text.slice(-4000) + gateway.errors.text.slice(-4000));
    return verdict(false, `the gateway ended by itself, exit code ${await gateway.exited}`);
  }
  await happening;
  await eventually(() => openDescriptors(pid) <= before + FIRST_USE_DESCRIPTORS).catch(() => {});
  const left = openDescriptors(pid);
  const resident = residentBytes(pid);
  const code = await gateway.stop();
  say(tally.summary);
  return [
    verdict(
      left <= before + FIRST_USE_DESCRIPTORS,
      `descriptors: ${before} before, ${left} after; ${megabytes(resident)} MB resident`,
    ),
    ...compare(scene, tally, code),
  ].every(Boolean);
}

/** The database, its log and what else is opened at the first use; connections to backends end later. */
const FIRST_USE_DESCRIPTORS = 16;

/** A gateway with few descriptors, whose output goes through a process that can be stopped. */
async function setUp(stage: Stage): Promise<Scene> {
  const backends = [await startMockProcess(stage, "one"), await startMockProcess(stage, "two")];
  const urls = backends.map(({ url }) => url);
  const pipes = stage.folder();
  const script = [
    `mkfifo ${pipes}/output`,
    `cat ${pipes}/output & echo $! > ${pipes}/reader`,
    `ulimit -n ${DESCRIPTORS}`,
    `exec "$0" "$@" > ${pipes}/output`,
  ].join("\n");
  const gateway = await startGateway(
    stage,
    {
      server: { max_in_flight: 5000 },
      health_check: { interval: "1s", timeout: "500ms" },
      routes: [
        { path: "/*", backends: urls },
        { path: LIMITED, backends: urls, rate_limit: 2 },
        { path: HURRIED, backends: urls, timeouts: { response: "500ms" } },
      ],
    },
    { command: ["/bin/sh", "-c", script, await gatewayBinary()] },
  );
  const reader = Number(readFileSync(join(pipes, "reader"), "utf8"));
  const kill = (signal: NodeJS.Signals) => void process.kill(reader, signal);
  // It ends by itself with the gateway, unless it has been stopped.
  stage.defer(() => {
    try {
      kill("SIGCONT");
    } catch {
      // Gone already.
    }
  });
  const kept = join(dirname(gateway.database), "kept");
  mkdirSync(kept);
  return {
    stage,
    gateway,
    configuration: join(dirname(gateway.database), "test-gateway.yaml"),
    ledger: new Ledger(gateway.database, kept),
    backends,
    reader: { kill },
    struck: new Map(),
  };
}

/** Each disaster once; one begins before the one before it has ended. */
async function oneRound(
  all: readonly Disaster[],
  struck: Scene["struck"],
  over: AbortSignal,
): Promise<void> {
  let endLast = async () => {};
  for (const disaster of all) {
    if (over.aborted) break;
    const end = await disaster.strike();
    struck.set(disaster.name, { disaster, times: (struck.get(disaster.name)?.times ?? 0) + 1 });
    await pause(RESPITE_MS, over);
    await endLast();
    endLast = async () => {
      await end();
      say(`${disaster.name}, and it is over`);
    };
    await pause(HARD_TIME_MS, over);
  }
  await endLast();
}

function compare({ gateway, ledger, struck }: Scene, tally: Tally, code: number): boolean[] {
  const { ids, strangers, missing, repeated } = ledger.compare(tally);
  const said = (pattern: RegExp) => Number(pattern.exec(gateway.lines.text)?.[1] ?? 0);
  const lost = said(/\] (\d+) rows? w(?:as|ere) lost: the access log is incomplete$/m);
  const cut = said(/\] (\d+) requests? w(?:as|ere) cut/m);
  const unread = [...gateway.lines.text.matchAll(/^\((\d+) lines dropped/gm)];
  const dropped = unread.reduce((sum, [, count]) => sum + Number(count), 0);
  const written = idsIn(gateway);
  // One alone may go unnoticed: a lock on a file that is then removed, for one.
  const unsaid = [...struck].flatMap(([name, { disaster, times }]) =>
    times < 2 || disaster.said?.test(gateway.lines.text) !== false ? [] : [name],
  );
  const expected = lost > 0 ? 3 : cut > 0 ? 1 : 0;
  const isTold =
    struck.size === 0 ||
    verdict(
      unsaid.length === 0,
      `the log: ${[...struck].map(([name, { times }]) => `${name} (${times} ×)`).join(", ")}` +
        (unsaid.length === 0 ? "" : `; but nothing of: ${unsaid.join(", ")}`),
    );
  return [
    isTold,
    verdict(
      ids.size + lost === tally.exchanges && missing.length === lost,
      `access log: ${tally.exchanges} exchanges = ${ids.size} rows + ${lost} said to be lost` +
        (missing.length === lost ? "" : `; ${missing.length} are missing: ${some(missing)}`),
    ),
    verdict(
      repeated.length === 0 && strangers === 0,
      `rows: ${repeated.length} exchanges with several (${some(repeated)}), ${strangers} of nobody's`,
    ),
    verdict(
      written + dropped >= tally.exchanges && written <= tally.exchanges,
      `standard output: ${written} lines of exchanges, ${dropped} lines said to be dropped`,
    ),
    verdict(code === expected, `exit code ${code}: ${lost} rows lost, ${cut} requests cut`),
    verdict(
      gateway.errors.text === "" && gateway.lines.matching(/failed in the gateway/).length === 0,
      `standard error and the log: no crash of the gateway's own ${gateway.errors.text.slice(0, 500)}`,
    ),
  ];
}

/** How many exchanges have a line. */
function idsIn({ lines }: GatewayProcess): number {
  const ids = lines.all.flatMap((line) => / - Id: (\S+)/.exec(line)?.[1] ?? []);
  return new Set(ids).size;
}

function some(numbers: readonly number[]): string {
  return numbers.length <= 5 ? numbers.join(", ") : `${numbers.slice(0, 5).join(", ")}, …`;
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, key: Math.random() }))
    .toSorted((one, other) => one.key - other.key)
    .map(({ item }) => item);
}
