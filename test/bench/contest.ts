import type { Backend } from "./backend.ts";
import { type Contestant, type Entrant, startContestant } from "./contestant.ts";
import { cpuOf, forgetPeak, memoryOf } from "./proc.ts";
import type { Results } from "./results.ts";
import type { Stage } from "./stage.ts";
import { UpgradeRefused } from "./websocket.ts";
import { drive } from "./wrk.ts";
import { paths } from "./backend.ts";
import type { Workload } from "./workloads.ts";

export interface Contest {
  readonly stage: Stage;
  readonly backend: Backend;
  readonly contestants: readonly Contestant[];
  readonly workloads: readonly Workload[];
  readonly rounds: number;
  readonly seconds: number;
  /** Seconds under load before the first round. */
  readonly warmUp: number;
  readonly results: Results;
  /** Hears how far it has come. */
  readonly say: (line: string) => void;
}

/** What is written at the end of a request is counted too: the access log's last batch. */
const SETTLE_MS = 300;

/** Puts all contestants to all workloads, in turn within each round. */
export async function hold(contest: Contest): Promise<void> {
  const { stage, backend, workloads, rounds, say } = contest;
  const started = new Map<Contestant, Entrant>();
  for (const contestant of contest.contestants) {
    if (!workloads.some((workload) => takesPart(contestant, workload))) continue;
    const entrant = await startContestant(contestant, stage, backend);
    started.set(contestant, entrant);
    await warmUp(stage, entrant, contest.warmUp);
  }
  const refused = new Set<string>();
  for (const workload of workloads) {
    for (let round = 1; round <= rounds; round += 1) {
      for (const [contestant, entrant] of inTurn([...started], round)) {
        if (!takesPart(contestant, workload)) continue;
        const turn = `${workload.key} ${contestant.key}`;
        if (refused.has(turn)) continue;
        try {
          // What only this workload's protocol uses has not been compiled yet.
          if (round === 1 && workload.needs !== undefined) {
            await workload.run(stage, entrant, contest.warmUp);
          }
          await measure(contest, workload, entrant, round);
          say(`${turn} ${round}/${rounds}`);
        } catch (error) {
          if (!(error instanceof UpgradeRefused)) throw error;
          refused.add(turn);
          say(`${turn} left out: ${error.message}`);
        }
      }
    }
  }
  for (const { process } of started.values()) await process.stop();
}

function takesPart(contestant: Contestant, { among, needs }: Workload): boolean {
  if (needs !== undefined && !contestant.speaks.includes(needs)) return false;
  return among === undefined ? contestant.general : among.includes(contestant.key);
}

/** Every other round runs backwards, so that no contestant always follows the same one. */
function inTurn<T>(items: readonly T[], round: number): readonly T[] {
  return round % 2 === 1 ? items : items.toReversed();
}

async function warmUp(stage: Stage, { ports }: Entrant, seconds: number): Promise<void> {
  const url = `http://127.0.0.1:${ports.http}`;
  const path = paths.below;
  // Below /echo/ there is a route in all configurations.
  await drive(stage, { url: `${url}${path}r1/x`, connections: 64, seconds });
}

async function measure(
  { stage, seconds, results }: Contest,
  workload: Workload,
  entrant: Entrant,
  round: number,
): Promise<void> {
  const { pid } = entrant.process;
  forgetPeak(pid);
  const before = cpuOf(pid);
  const result = await workload.run(stage, entrant, seconds);
  await Bun.sleep(SETTLE_MS);
  const cpu = cpuOf(pid) - before;
  results.add({
    ...result,
    ...memoryOf(pid),
    workload: workload.key,
    contestant: entrant.contestant.key,
    round,
    cpu,
  });
}
