import { readFileSync } from "node:fs";
import type { Logger } from "../../telemetry/logger.ts";
import type { Clock } from "../../time/clock.ts";
import { freeDescriptor } from "../../transport/descriptors.ts";
import type { Admission, DescriptorRoom } from "../listener/admission.ts";

const LOOK_EVERY_MS = 1_000;
/** Shares of the limit above which few are left, and below which there are enough again. */
const FEW_LEFT = 0.9;
const ENOUGH_LEFT = 0.8;

export interface DescriptorWatchOptions {
  readonly clock: Clock;
  readonly logger: Pick<Logger, "log">;
  /** Lets no client in while none is left. */
  readonly admission?: Pick<Admission, "hold" | "release">;
  /** See `freeDescriptor`. */
  readonly free?: () => number | undefined;
  /** How many descriptors the process may have; undefined if unknown. */
  readonly limit?: () => number | undefined;
}

type Condition = "enough" | "few" | "none";

/** Descriptors that are neither clients' nor backends', beyond those in use at the start. */
const SPARE = 8;

/**
 * How many clients can be connected so that there is a descriptor for a connection to a backend for
 * each. Called once the gateway's own files are open.
 */
export function descriptorRoom(
  free: () => number | undefined = freeDescriptor,
  limit: () => number | undefined = softLimit,
): DescriptorRoom {
  const most = limit();
  if (most === undefined) return { connections: Infinity, limit: undefined };
  const left = most - (free() ?? most) - SPARE;
  return { connections: Math.max(1, Math.floor(left / 2)), limit: most };
}

/** Reports to the operator when file descriptors run out, which no other message would say clearly. */
export class DescriptorWatch {
  readonly #options: DescriptorWatchOptions;
  readonly #free: () => number | undefined;
  readonly #limit: () => number | undefined;
  #most: number | undefined;
  #condition: Condition = "enough";
  #cancel = (): void => {};

  constructor(options: DescriptorWatchOptions) {
    this.#options = options;
    this.#free = options.free ?? freeDescriptor;
    this.#limit = options.limit ?? softLimit;
    this.#most = this.#limit();
  }

  start(): void {
    this.#cancel = this.#options.clock.schedule(LOOK_EVERY_MS, () => {
      this.#look();
      this.start();
    });
  }

  stop(): void {
    this.#cancel();
  }

  #look(): void {
    const free = this.#free();
    // Reading the limit takes a descriptor; without one, use the last known limit.
    this.#most = this.#limit() ?? this.#most;
    const most = this.#most;
    const condition = this.#judge(free, most);
    if (condition === "none") this.#options.admission?.hold();
    else this.#options.admission?.release();
    if (condition === this.#condition) return;
    this.#condition = condition;
    const { logger } = this.#options;
    const limit = most === undefined ? "" : ` (the limit is ${most})`;
    if (condition === "none") {
      logger.log(
        "error",
        `no file descriptor is left${limit}: clients wait and no connections to backends can be opened; ${REMEDY}`,
      );
    } else if (condition === "few") {
      logger.log("warn", `${free} file descriptors are in use${limit}; ${REMEDY}`);
    } else {
      logger.log("info", "there are enough file descriptors again");
    }
  }

  #judge(free: number | undefined, most: number | undefined): Condition {
    if (free === undefined) return "none";
    if (most === undefined) return "enough";
    const used = free / most;
    if (used >= FEW_LEFT) return "few";
    return used >= ENOUGH_LEFT && this.#condition !== "enough" ? "few" : "enough";
  }
}

const REMEDY = "raise their limit (`ulimit -n`, or LimitNOFILE of a systemd unit)";

function softLimit(): number | undefined {
  try {
    const limits = readFileSync("/proc/self/limits", "utf8");
    const limit = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1]);
    return Number.isNaN(limit) ? undefined : limit;
  } catch {
    return undefined; // Not Linux.
  }
}
