import type { Clock } from "../../time/clock.ts";
import { errorLine } from "../../units/error-line.ts";
import type { WriterAnswer, WriterRequest } from "./messages.ts";

const FIRST_RESTART = 100;
const LAST_RESTART = 30_000;

export interface WriterThreadOptions {
  readonly open: WriterRequest;
  readonly clock: Clock;
  readonly createWorker: () => Worker;
  onAnswer(answer: WriterAnswer): void;
  /** The worker and its batch are gone; another worker starts in `delay` milliseconds. */
  onDeath(cause: string, delay: number): void;
}

/** The main thread's side of the worker; restarts it when it dies, until stopped. */
export class WriterThread {
  readonly #options: WriterThreadOptions;
  #worker: Worker | undefined;
  #ready = false;
  #stopped = false;
  #delay = FIRST_RESTART;
  #cancelRestart = (): void => {};

  constructor(options: WriterThreadOptions) {
    this.#options = options;
    this.#start();
  }

  /** False until the worker has started, so that no rows are sent to one that cannot start. */
  get ready(): boolean {
    return this.#ready;
  }

  post(request: WriterRequest): void {
    const transferred = request.kind === "batch" ? [request.packed.numbers.buffer] : [];
    this.#worker?.postMessage(request, transferred);
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
    worker.addEventListener("message", ({ data: answer }: MessageEvent<WriterAnswer>) => {
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

  #answered(answer: WriterAnswer): void {
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
