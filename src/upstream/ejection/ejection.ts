import type { Clock } from "../../time/clock.ts";
import { durationText } from "../../units/duration.ts";
import { BackendState } from "../backend-state.ts";
import { LONGEST_EJECTION } from "./schema.ts";

export interface EjectionServices {
  readonly clock: Clock;
  /** Called at each change with a line for the operator. */
  readonly report: (level: "info" | "warn", message: string) => void;
}

/** Whether one backend of an upstream is ejected, and how often it has been. */
export class Ejection extends BackendState {
  /** Failed requests in a row while it was not ejected. */
  failures = 0;
  /** How often it has been ejected; time makes nothing good here. */
  count = 0;
  /** `for`, in milliseconds. */
  readonly #span: number;
  readonly #services: EjectionServices;
  #times = 0;
  /** By the monotonic clock; undefined while it is not ejected. */
  #until: number | undefined;
  #returnedAt = 0;
  #cancel: () => void = () => {};
  #isGivenUp = false;
  /** Whether a check ended the last ejection. */
  #wasEndedByCheck = false;
  /**
   * Whether checks may end it. Not once they have ended one and requests failed again soon after: they do
   * not see what is wrong, and would end every further one long before its time.
   */
  #believesChecks = true;

  constructor(span: number, services: EjectionServices) {
    super();
    this.#span = span;
    this.#services = services;
  }

  get isEjected(): boolean {
    return this.#until !== undefined;
  }

  /** When it ends by itself, in Unix epoch milliseconds; undefined while it is not ejected. */
  get endsAt(): number | undefined {
    const { clock } = this.#services;
    return this.#until === undefined ? undefined : clock.wall() + this.#until - clock.monotonic();
  }

  /** Milliseconds for which it stays ejected; 0 if it is not. */
  get leftFor(): number {
    return this.#until === undefined
      ? 0
      : Math.max(0, this.#until - this.#services.clock.monotonic());
  }

  /** How often it has been ejected, less what time has made good; the next time counts as one more. */
  get times(): number {
    if (this.#until !== undefined) return this.#times;
    const back = this.#services.clock.monotonic() - this.#returnedAt;
    return Math.max(0, this.#times - Math.floor(back / this.#span));
  }

  /** Ejects it. `reason`: why, for the operator. */
  begin(reason: string): void {
    if (this.#isGivenUp) return;
    this.count += 1;
    const { clock, report } = this.#services;
    if (this.times === 0) this.#believesChecks = true;
    else if (this.#wasEndedByCheck) this.#believesChecks = false;
    this.#times = Math.min(this.times + 1, Math.ceil(LONGEST_EJECTION / this.#span));
    const time = Math.max(this.#span, Math.min(this.#span * this.#times, LONGEST_EJECTION));
    this.#until = clock.monotonic() + time;
    this.#cancel = clock.schedule(time, () => {
      this.#wasEndedByCheck = false;
      this.#end("its time is up");
    });
    const unseen = this.#believesChecks
      ? ""
      : "; health checks do not see that, so they cannot end it";
    report("warn", `is ejected for ${durationText(time)}: ${reason}${unseen}`);
    this.changed();
  }

  /** A health check that says that it is well has succeeded. */
  proven(): void {
    if (this.#until === undefined || !this.#believesChecks) return;
    this.#wasEndedByCheck = true;
    this.#end("a health check has succeeded");
  }

  /** It is not needed any more: its state stays as it is. */
  giveUp(): void {
    this.#isGivenUp = true;
    this.#cancel();
  }

  #end(why: string): void {
    const { clock, report } = this.#services;
    this.#cancel();
    this.#until = undefined;
    this.#returnedAt = clock.monotonic();
    this.failures = 0;
    report("info", `gets requests again: ${why}`);
    this.changed();
  }
}
