/**
 * Compares the gateway with the least that a proxy on its runtime can do, and with other proxies.
 *
 *   npm run bench -- --help
 */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { type Backend, startBackend } from "./backend.ts";
import { type Check, checks, describeCheck } from "./checks.ts";
import { checkCompleteness, type Completeness } from "./completeness.ts";
import { compressing } from "./compression.ts";
import { hold } from "./contest.ts";
import { features } from "./features/all.ts";
import { compareFeatures } from "./features/compare.ts";
import { costTable } from "./features/cost.ts";
import { type Flush, measureFlush } from "./flush.ts";
import { runLogBench } from "./log/run.ts";
import { type Contestant, startContestant } from "./contestant.ts";
import { type IdleConnections, measureIdleConnections } from "./idle-connections.ts";
import { gatewayContestants, grownGateways, plainGateway, secureGateway } from "./gateway.ts";
import { describeMachine, divideCores, moveToLoad } from "./machine.ts";
import { idleNginx, nativeContestants } from "./native.ts";
import { type Options, readOptions, USAGE } from "./options.ts";
import { Results } from "./results.ts";
import { scriptedContestants } from "./scripted.ts";
import { Stage } from "./stage.ts";
import { measureStartUp, type StartUp } from "./start-up.ts";
import { formatTable, workloadTable } from "./table.ts";
import { type Workload, workloads } from "./workloads.ts";

const GATEWAY = resolve(import.meta.dir, "../../dist/gateway");
const STARTS = 10;
const FLUSHES = 300;
/** Requests; where other programs take most of the time, a few seconds do not bring so many. */
const COMPILED_AFTER = 60_000;

process.exitCode = await main();

async function main(): Promise<number> {
  let options: Options | "help";
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    await say(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return 2;
  }
  if (options === "help") {
    await say(USAGE);
    return 0;
  }
  const absent = whatIsAbsent();
  if (absent !== undefined) {
    await say(`${absent}\n`);
    return 1;
  }
  const cores = divideCores();
  if (cores !== undefined) moveToLoad(cores);
  const stage = new Stage(cores);
  // Otherwise the processes would outlive an impatient user.
  const leave = () => void stage.clear().then(() => process.exit(130));
  process.once("SIGINT", leave);
  process.once("SIGTERM", leave);
  try {
    await run(stage, options);
    return 0;
  } catch (error) {
    await say(`\n${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  } finally {
    await stage.clear();
  }
}

function whatIsAbsent(): string | undefined {
  if (process.platform !== "linux") return "The benchmark reads /proc, which only Linux has.";
  if (Bun.which("wrk") === null) return "wrk is not installed: apt-get install wrk";
  if (!existsSync(GATEWAY)) return `There is no ${GATEWAY}: npm run build`;
  return undefined;
}

async function run(stage: Stage, options: Options): Promise<void> {
  if (options.features) return runFeatures(stage, options);
  if (options.log) return runLog(stage, options);
  const contestants = await choose(options);
  const chosen = await chooseWorkloads(options);
  const backend = await startBackend(stage, GATEWAY);
  const results = new Results();
  const { rounds, seconds, warmUp } = options;
  const all = [...contestants, ...grownGateways(GATEWAY), ...compressing(GATEWAY)];
  await hold({
    stage,
    backend,
    contestants,
    workloads: chosen.filter(({ among }) => among === undefined),
    rounds,
    seconds,
    warmUp,
    results,
    say: progress,
  });
  await hold({
    stage,
    backend,
    contestants: all,
    workloads: chosen.filter(({ among }) => among !== undefined),
    rounds,
    seconds,
    warmUp,
    results,
    say: progress,
  });
  const startUp = wants(options, "start-up")
    ? await measureStartUp(stage, plainGateway(GATEWAY, "started"), backend, STARTS)
    : undefined;
  const completeness = wants(options, "access-log")
    ? await checkCompleteness(
        stage,
        await startContestant(plainGateway(GATEWAY, "logged"), stage, backend),
        seconds,
      )
    : undefined;
  const flush = wants(options, "flush") ? await measureFlush(stage, FLUSHES) : undefined;
  const idle = wants(options, "idle-connections")
    ? await measureIdleConnections(
        stage,
        [secureGateway(GATEWAY, "gateway"), ...(Bun.which("nginx") === null ? [] : [idleNginx()])],
        backend,
      )
    : undefined;
  const outcome = checks({ results, startUp, completeness, flush, idle });
  await sayHeading(options, backend);
  for (const workload of chosen) {
    const rows = workloadTable(workload, all, results);
    if (rows.length === 0) continue;
    const title = options.markdown ? `### ${workload.title}\n` : workload.title;
    await say(`\n${title}\n${formatTable(rows, options.markdown)}`);
  }
  await tellRest({ outcome, startUp, completeness, flush, idle }, options);
  await keep(options, backend, {
    checks: outcome,
    startUp,
    completeness,
    flush,
    idle,
    measurements: results.measurements,
  });
}

async function runFeatures(stage: Stage, options: Options): Promise<void> {
  const { rounds, seconds, warmUp, only, markdown, smoke } = options;
  const chosen = features.filter(({ key }) => only?.includes(key) ?? true);
  const backend = await startBackend(stage, GATEWAY);
  const results = new Results();
  await compareFeatures({
    stage,
    backend,
    gateway: GATEWAY,
    features: chosen,
    rounds,
    seconds,
    warmUp,
    warmUpRequests: smoke ? 0 : COMPILED_AFTER,
    results,
    say: progress,
  });
  await sayHeading(options, backend);
  await say(`\n${formatTable(costTable(chosen, results), markdown)}`);
  const outcome = checks({ results }).filter(({ value }) => value !== undefined);
  await sayChecks(outcome, options);
  await keep(options, backend, { checks: outcome, measurements: results.measurements });
}

async function runLog(stage: Stage, options: Options): Promise<void> {
  const backend = await startBackend(stage, GATEWAY);
  await sayHeading(options, backend);
  const { rows, rounds, seconds, warmUp, markdown, smoke } = options;
  const found = await runLogBench({
    stage,
    backend,
    rows,
    rounds,
    seconds,
    warmUp,
    markdown,
    smoke,
    progress,
    say,
    gateway: GATEWAY,
    folder: resolve(options.folder ?? stage.path("log")),
  });
  await keep(options, backend, found);
}

function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${line}`);
}

async function sayHeading({ rounds, seconds }: Options, { name }: Backend): Promise<void> {
  progress("");
  const machine = describeMachine();
  await say(
    `${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Linux ${machine.kernel}, ` +
      `Bun ${machine.bun}, backend ${name}, ${rounds} rounds of ${seconds} s, ${machine.date}\n`,
  );
}

async function keep(
  { json, rounds, seconds }: Options,
  { name }: Backend,
  found: object,
): Promise<void> {
  if (json === undefined) return;
  const all = { machine: describeMachine(), backend: name, rounds, seconds, ...found };
  await Bun.write(json, `${JSON.stringify(all, undefined, 2)}\n`);
}

function wants({ workloads }: Options, key: string): boolean {
  return workloads?.includes(key) ?? true;
}

async function chooseWorkloads(options: Options): Promise<Workload[]> {
  const wanted = workloads.filter(({ key }) => wants(options, key));
  for (const { key, missing } of wanted) {
    if (missing !== undefined) await say(`left out, not installed: ${key} (${missing})\n`);
  }
  return wanted.filter(({ missing }) => missing === undefined);
}

async function choose(options: Options): Promise<Contestant[]> {
  const [floor, ...scripted] = scriptedContestants();
  const every = [
    ...(floor === undefined ? [] : [floor]),
    ...gatewayContestants(GATEWAY, options.builds),
    ...nativeContestants(),
    ...scripted,
  ];
  const builds = new Set(options.builds.map(({ name }) => name));
  const wanted = every.filter(
    ({ key }) => builds.has(key) || (options.only?.includes(key) ?? true),
  );
  for (const { name, missing } of wanted) {
    if (missing !== undefined) await say(`left out, not installed: ${name} (${missing})\n`);
  }
  return wanted.filter(({ missing }) => missing === undefined);
}

interface Rest {
  readonly outcome: readonly Check[];
  readonly startUp: StartUp | undefined;
  readonly completeness: Completeness | undefined;
  readonly flush: Flush | undefined;
  readonly idle: IdleConnections | undefined;
}

async function tellRest(
  { outcome, startUp, completeness, flush, idle }: Rest,
  options: Options,
): Promise<void> {
  if (startUp !== undefined) {
    await say(
      `\nfirst proxied answer ${startUp.firstAnswer.toFixed(0)} ms after exec; gateway version ${startUp.version.toFixed(0)} ms\n`,
    );
  }
  if (completeness !== undefined) {
    await say(`access log: ${completeness.rows} rows of ${completeness.answered} answers\n`);
  }
  if (flush !== undefined) {
    await say(
      `handing a batch to the access log: ${flush.p99.toFixed(2)} ms (p99), ${flush.longest.toFixed(2)} ms (longest)\n`,
    );
  }
  if (idle !== undefined) {
    const each = Object.entries(idle.bytesEach).map(
      ([key, bytes]) => `${key} ${Math.round(bytes)}`,
    );
    await say(
      `bytes of memory for each of ${idle.connections} idle connections: ${each.join(", ")}\n`,
    );
  }
  await sayChecks(outcome, options);
}

async function sayChecks(outcome: readonly Check[], options: Options): Promise<void> {
  if (options.smoke) return;
  const bullet = options.markdown ? "- " : "";
  await say(`\n${outcome.map((check) => `${bullet}${describeCheck(check)}\n`).join("")}`);
}

async function say(text: string): Promise<void> {
  await Bun.write(Bun.stdout, text);
}
