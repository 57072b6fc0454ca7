import type { BackendObstacle, BackendPassedOver } from "../pipeline/decisions/decisions.ts";
import { durationText } from "../units/duration.ts";
import type { Backend } from "./backend.ts";

/** At most this many backends of a pick are described. */
const MOST_DESCRIBED = 16;

/** What a pick was among. */
export interface Pick {
  readonly backends: readonly Backend[];
  /** Undefined if none was found. */
  readonly picked: Backend | undefined;
  readonly tried: ReadonlySet<Backend> | undefined;
}

/**
 * Why backends were not picked, by how they are now; and how many there are besides. If none was picked,
 * those are left out that nothing was in the way of: it was not because of them.
 */
export function passedOver({ backends, picked, tried }: Pick): {
  readonly others: BackendPassedOver[];
  readonly more: number;
} {
  const others: BackendPassedOver[] = [];
  let more = 0;
  for (const backend of backends) {
    if (backend === picked) continue;
    const why_not = tried?.has(backend) === true ? "tried" : obstacleOf(backend);
    if (picked === undefined && why_not === "weight") continue;
    if (others.length === MOST_DESCRIBED) {
      more += 1;
      continue;
    }
    const detail = detailOf(backend, why_not);
    others.push({ url: backend.url, why_not, ...(detail !== "" && { detail }) });
  }
  return { others, more };
}

/** What keeps requests from a backend, by how it is now; `weight` if nothing does. */
export function obstacleOf({
  drain,
  health,
  ejection,
  breaker,
  isFull,
  isBackup,
}: Backend): BackendObstacle {
  if (drain.isOn) return "drained";
  if (!health.healthy) return "down";
  if (ejection?.isEjected === true) return "ejected";
  if (breaker !== undefined && !breaker.passes) return "circuit_open";
  if (isFull) return "full";
  return isBackup ? "backup" : "weight";
}

/** What is known of a backend that has this obstacle; empty if that says it all. */
export function detailOf(backend: Backend, obstacle: BackendObstacle): string {
  const { health, ejection, breaker, inFlight } = backend;
  if (obstacle === "down") return health.lastError ?? "";
  if (obstacle === "full") return `${inFlight} in flight`;
  if (obstacle === "ejected" && ejection !== undefined) {
    return `for another ${shortly(ejection.leftFor)}`;
  }
  if (obstacle !== "circuit_open" || breaker === undefined) return "";
  return breaker.isOpen ? `for another ${shortly(breaker.opensFor)}` : "its trials are in flight";
}

function shortly(milliseconds: number): string {
  return durationText(Math.max(0, Math.round(milliseconds)));
}
