import { rm } from "node:fs/promises";
import type { Backend } from "../backend.ts";
import { type Contestant, type Entrant, startContestant } from "../contestant.ts";
import { databaseOf, gateway } from "../gateway.ts";
import { cpuBetween, memoryOf, threadTimes } from "../proc.ts";
import type { Results } from "../results.ts";
import type { Stage } from "../stage.ts";
import { type Driven, drive, type Load, startDriving } from "../wrk.ts";
import { SIDES, workloadOf } from "./cost.ts";
import type { Feature } from "./feature.ts";

export interface Comparison {
  readonly stage: Stage;
  readonly backend: Backend;
  /** The executable. */
  readonly gateway: string;
  readonly features: readonly Feature[];
  readonly rounds: number;
  /** For each side, in each round. */
  readonly seconds: number;
  readonly warmUp: number;
  /** Requests before the first round at least; `warmUp` is repeated until there were so many. */
  readonly warmUpRequests: number;
  readonly results: Results;
  readonly say: (line: string) => void;
}

/**
 * Rounds of one pair of processes. Where things lie in memory differs from process to process, and
 * makes one up to a few percent faster than the next.
 */
const ROUNDS_OF_A_PAIR = 5;

/**
 * How long a side is under load until it is the other one's turn. What other programs do to the caches
 * changes from second to second, and so it is the same for both.
 */
const SLICE_MS = 50;

const MOST_WARM_UPS = 6;

/** Answers to the last requests arrive, and their rows are written. */
const SETTLE_MS = 300;

/** A gateway, and how it is driven. */
interface Competitor extends Entrant {
  readonly load: Load;
}

/** Puts each feature's two gateways to its requests. */
export async function compareFeatures(comparison: Comparison): Promise<void> {
  for (const feature of comparison.features) {
    for (let done = 0; done < comparison.rounds; done += ROUNDS_OF_A_PAIR) {
      await comparePair(comparison, feature, done);
    }
  }
}

async function comparePair(comparison: Comparison, feature: Feature, done: number): Promise<void> {
  const { stage, rounds, results, say } = comparison;
  const pair: Competitor[] = [];
  for (const side of SIDES) pair.push(await start(comparison, feature, side));
  const last = Math.min(rounds, done + ROUNDS_OF_A_PAIR);
  for (let round = done + 1; round <= last; round += 1) {
    // Every other round begins with the other side.
    const sides = round % 2 === 1 ? pair : pair.toReversed();
    const before = sides.map(({ process }) => threadTimes(process.pid));
    const found = await driveInTurn(
      stage,
      sides.map(({ load }) => load),
    );
    await Bun.sleep(SETTLE_MS);
    for (const [at, { contestant, process }] of sides.entries()) {
      results.add({
        ...found[at]!,
        ...memoryOf(process.pid),
        workload: workloadOf(feature.key),
        contestant: contestant.key,
        round,
        cpu: cpuBetween(before[at]!, threadTimes(process.pid)),
      });
    }
    say(`${feature.key} ${round}/${rounds}`);
  }
  for (const { process, contestant } of pair) {
    await process.stop();
    // It has many rows by now, and the next process is to begin with none.
    await rm(databaseOf(stage.folder, contestant.key));
  }
}

async function start(
  comparison: Comparison,
  feature: Feature,
  side: (typeof SIDES)[number],
): Promise<Competitor> {
  const { stage, backend, gateway: path, seconds } = comparison;
  const entrant = await startContestant(contestantOf(path, feature, side), stage, backend);
  const origin = `http://127.0.0.1:${entrant.ports.http}`;
  const script = await feature[side].script(origin);
  const load: Load = { url: origin + feature.path, connections: 64, seconds, script };
  await warm(comparison, load);
  return { ...entrant, load };
}

async function warm({ stage, warmUp, warmUpRequests }: Comparison, load: Load): Promise<void> {
  let requests = 0;
  for (let times = 0; times < MOST_WARM_UPS; times += 1) {
    requests += (await drive(stage, { ...load, seconds: warmUp })).requests;
    if (requests >= warmUpRequests) return;
  }
}

function contestantOf(path: string, feature: Feature, side: (typeof SIDES)[number]): Contestant {
  const { settings, routes } = feature[side].setup;
  const name = `${feature.key}, ${side} it`;
  return gateway({ key: side, name, path, general: false, speaks: [], settings, routes });
}

/** Applies several loads in slices of time, so that there is never more than one. */
async function driveInTurn(stage: Stage, loads: readonly Load[]) {
  const driven: Driven[] = [];
  for (const [at, load] of loads.entries()) {
    const seconds = load.seconds * loads.length;
    driven.push(await startDriving(stage, { ...load, seconds }, `load-${at}`));
  }
  let current = 0;
  const turn = () => {
    driven[current]?.pause();
    current = (current + 1) % driven.length;
    driven[current]?.resume();
  };
  for (const one of driven.slice(1)) one.pause();
  const timer = setInterval(turn, SLICE_MS);
  try {
    return await Promise.all(driven.map(({ result }) => result));
  } finally {
    clearInterval(timer);
    for (const one of driven) one.resume();
  }
}
