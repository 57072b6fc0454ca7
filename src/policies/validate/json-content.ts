import type { ContentJudge } from "./content-judge.ts";
import { type Fault, faultsOf } from "./faults.ts";
import { jsonOf } from "./json.ts";
import type { Judge } from "./schemas/compiler.ts";

/** Content that is JSON, judged by a schema. */
export class JsonContent implements ContentJudge {
  readonly #judge: Judge;

  constructor(judge: Judge) {
    this.#judge = judge;
  }

  faults(content: Uint8Array): Fault[] {
    const json = jsonOf(content);
    return "problem" in json
      ? [{ pointer: "#", detail: json.problem }]
      : faultsOf(this.#judge(json.value));
  }
}
