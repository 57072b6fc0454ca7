import type { Clock } from "../time/clock.ts";
import { errorLine } from "../units/error-line.ts";

const FIRST_RESTART = 100;
const LAST_RESTART = 30_000;

/** What every worker answers: `ready` when it has started, and `written` when it works. */
interface WorkerAnswer {
  readonly kind: string;
}

export interface WorkerThreadOptions<Request, Answer> {
  /** The first request, of each worker. */
  readonly open: Request;
  readonly clock: Clock;
  readonly createWorker: () => Worker;
  /** What of a request is transferred and not copied. */
  readonly transferred?: (request: Request) => ArrayBuffer[];
  onAnswer(answer: Answer): void;
  /** The worker and its batch are gone; another worker starts in `delay` milliseconds. */
  onDeath(cause: string, delay: number): void;
}

/** The main thread's side of a worker; restarts it when it dies, until stopped. */
export class WorkerThread<Request, Answer extends WorkerAnswer> {
  readonly #options: WorkerThreadOptions<Request, Answer>;
  #worker: Worker | undefined;
  #ready = false;
  #stopped = false;
  #delay = FIRST_RESTART;
  #cancelRestart = (): void => {};

  constructor(options: WorkerThreadOptions<Request, Answer>) {
    this.#options = options;
    this.#start();
  }

  /** False until the worker has started, so that nothing is sent to one that cannot start. */
  get ready(): boolean {
    return this.#ready;
  }

  post(request: Request): void {
    this.#worker?.postMessage(request, this.#options.transferred?.(request) ?? []);
  }

  stop(): void {
    this.#stopped = true;
    this.#ready = false;
    this.#cancelRestart();
    this.#worker?.terminate();
    this.#worker = undefined;
  }

  #start(): void {
    let cause = "it exited";
    const worker = this.#options.createWorker();
    this.#worker = worker;
    worker.addEventListener("message", ({ data: answer }: MessageEvent<Answer>) => {
      if (worker === this.#worker) this.#answered(answer);
    });
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      cause = errorLine(event.message);
    });
    // Also follows every error: in Bun an uncaught error ends the worker.
    worker.addEventListener("close", () => {
      if (worker === this.#worker && !this.#stopped) this.#died(cause);
    });
    this.post(this.#options.open);
  }

  #answered(answer: Answer): void {
    if (answer.kind === "ready") this.#ready = true;
    if (answer.kind === "written") this.#delay = FIRST_RESTART;
    this.#options.onAnswer(answer);
  }

  #died(cause: string): void {
    this.#worker = undefined;
    this.#ready = false;
    const delay = this.#delay;
    this.#delay = Math.min(delay * 2, LAST_RESTART);
    this.#cancelRestart = this.#options.clock.schedule(delay, () => this.#start());
    this.#options.onDeath(cause, delay);
  }
}
