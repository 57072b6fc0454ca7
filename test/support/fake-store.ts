import {
  type SharedStore,
  type StoreReply,
  type StoreScript,
  StoreUnavailable,
} from "../../src/pipeline/shared-store.ts";

/** What a fake store has been asked. */
export interface Run {
  readonly script: StoreScript;
  readonly keys: readonly string[];
  readonly parameters: readonly (string | number)[];
}

/** A store whose answers a test gives. */
export class FakeStore implements SharedStore {
  readonly runs: Run[] = [];
  isAway = false;
  /** The answer to each run, in place of 1. */
  answer: (run: Run) => StoreReply | Promise<StoreReply> = () => 1;
  readonly onError: SharedStore["onError"];

  constructor(onError: SharedStore["onError"] = "local") {
    this.onError = onError;
  }

  async run(
    script: StoreScript,
    keys: readonly string[],
    parameters: readonly (string | number)[],
  ): Promise<StoreReply> {
    if (this.isAway) throw new StoreUnavailable("the store is away");
    const run = { script, keys, parameters };
    this.runs.push(run);
    return this.answer(run);
  }

  /** Everything that a script was asked to do. */
  of(name: string): Run[] {
    return this.runs.filter(({ script }) => script.name === name);
  }
}
