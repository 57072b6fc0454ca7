import type { PolicyServices } from "../../../pipeline/policy.ts";
import { WorkerThread } from "../../../sqlite/worker-thread.ts";
import type { Clock } from "../../../time/clock.ts";
import type {
  CountChange,
  CountFile,
  CountPlace,
  CountQuery,
  ListedCount,
  SheetId,
  Usage,
} from "../count-file.ts";
import {
  type FileAnswer,
  type FileRequest,
  NUMBERS_PER_KEY,
  type PackedCounts,
  type Usages,
} from "./messages.ts";

export interface WorkerFileOptions {
  /** Path of the SQLite file. */
  readonly database: string;
  readonly clock: Clock;
  readonly log: PolicyServices["log"];
  /** Called each time that the file turns out to have no counts. */
  readonly onEmpty: () => void;
  readonly createWorker: () => Worker;
}

type Saved = readonly Usage[] | "lost" | "refused";

/** Counts in SQLite, read and written by a worker. */
export class WorkerFile implements CountFile {
  readonly #options: WorkerFileOptions;
  readonly #thread: WorkerThread<FileRequest, FileAnswer>;
  /** What has been asked before the worker was there. */
  #waiting: FileRequest[] = [];
  /** By the ids of questions. */
  readonly #asked = new Map<number, (answer: FileAnswer | undefined) => void>();
  #lastId = 0;
  #onSaved: ((outcome: Saved) => void) | undefined;
  #closed: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  constructor(options: WorkerFileOptions) {
    this.#options = options;
    const { database, clock, createWorker } = options;
    this.#thread = new WorkerThread<FileRequest, FileAnswer>({
      open: { kind: "open", database },
      clock,
      createWorker,
      onAnswer: (answer) => this.#answered(answer),
      onDeath: (cause, delay) => this.#died(cause, delay),
    });
  }

  async find(places: readonly CountPlace[]): Promise<readonly Usage[] | undefined> {
    const packed = pack(places.map(({ sheet, key }) => ({ sheet, key, used: 0, granted: 0 })));
    const answer = await this.#ask((id) => ({ kind: "find", id, packed }));
    if (answer?.kind !== "found" || answer.usages === undefined) return undefined;
    return unpack(answer.usages);
  }

  save(changes: readonly CountChange[]): Promise<Saved> {
    const { promise, resolve } = Promise.withResolvers<Saved>();
    this.#onSaved = resolve;
    this.#post({ kind: "save", packed: pack(changes) });
    return promise;
  }

  async list(
    sheets: readonly SheetId[],
    query: CountQuery,
  ): Promise<readonly ListedCount[] | undefined> {
    const answer = await this.#ask((id) => ({
      kind: "list",
      id,
      sheets: sheets.map(plain),
      query,
    }));
    if (answer?.kind !== "listed" || answer.rows === undefined) return undefined;
    return answer.rows.flatMap(({ sheet: at, key, used, granted }) => {
      const sheet = sheets[at];
      return sheet === undefined ? [] : [{ sheet, key, used, granted }];
    });
  }

  close(deadlineMs: number): Promise<void> {
    if (this.#closed !== undefined) return this.#closed.promise;
    const closed = Promise.withResolvers<void>();
    const cancel = this.#options.clock.schedule(deadlineMs, () => this.#end());
    this.#closed = {
      promise: closed.promise,
      resolve: () => {
        cancel();
        closed.resolve();
      },
    };
    this.#post({ kind: "close" });
    return closed.promise;
  }

  #ask(request: (id: number) => FileRequest): Promise<FileAnswer | undefined> {
    this.#lastId += 1;
    const id = this.#lastId;
    const { promise, resolve } = Promise.withResolvers<FileAnswer | undefined>();
    this.#asked.set(id, resolve);
    this.#post(request(id));
    return promise;
  }

  #post(request: FileRequest): void {
    if (this.#thread.ready) this.#thread.post(request);
    else this.#waiting.push(request);
  }

  #answered(answer: FileAnswer): void {
    switch (answer.kind) {
      case "ready":
        for (const request of this.#waiting.splice(0)) this.#thread.post(request);
        return;
      case "empty":
        this.#options.onEmpty();
        return;
      case "report":
        this.#options.log(answer.level, answer.message);
        return;
      case "written":
        this.#settle(unpack(answer.usages));
        return;
      case "refused":
        this.#settle("refused");
        return;
      case "found":
      case "listed":
        this.#asked.get(answer.id)?.(answer);
        this.#asked.delete(answer.id);
        return;
      case "closed":
        this.#end();
    }
  }

  /** What it was asked is asked of nobody again; what it was to write may be in the file or not. */
  #died(cause: string, delay: number): void {
    this.#options.log(
      "error",
      `quotas: the worker died (${cause}); another starts in ${delay} ms, counts go on in memory`,
    );
    this.#waiting = [];
    for (const resolve of this.#asked.values()) resolve(undefined);
    this.#asked.clear();
    this.#settle("lost");
    if (this.#closed !== undefined) this.#end();
  }

  #settle(outcome: Saved): void {
    const onSaved = this.#onSaved;
    this.#onSaved = undefined;
    onSaved?.(outcome);
  }

  #end(): void {
    this.#thread.stop();
    for (const resolve of this.#asked.values()) resolve(undefined);
    this.#asked.clear();
    this.#closed?.resolve();
  }
}

function plain({ quota, begins, ends }: SheetId): SheetId {
  return { quota, begins, ends };
}

function pack(changes: readonly CountChange[]): PackedCounts {
  const places = new Map<SheetId, number>();
  const sheets: SheetId[] = [];
  const numbers = new Float64Array(changes.length * NUMBERS_PER_KEY);
  const keys = changes.map(({ sheet, key, used, granted }, at) => {
    let place = places.get(sheet);
    if (place === undefined) {
      place = sheets.push(plain(sheet)) - 1;
      places.set(sheet, place);
    }
    numbers.set([place, used, granted], at * NUMBERS_PER_KEY);
    return key;
  });
  return { sheets, keys, numbers };
}

function unpack(usages: Usages): Usage[] {
  const unpacked: Usage[] = [];
  for (let at = 0; at < usages.length; at += 2) {
    unpacked.push({ used: usages[at] ?? 0, granted: usages[at + 1] ?? 0 });
  }
  return unpacked;
}
