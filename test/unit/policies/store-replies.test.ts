import { describe, expect, test } from "bun:test";
import type { StoreReply, StoreScript } from "../../../src/pipeline/shared-store.ts";
import * as concurrency from "../../../src/policies/concurrency/shared-scripts.ts";
import * as limits from "../../../src/policies/limits/shared-scripts.ts";
import * as quotas from "../../../src/policies/quota/shared/scripts.ts";

/** What a script replies for so many keys. */
const REPLIES: readonly (readonly [script: StoreScript, keys: number, reply: StoreReply])[] = [
  [concurrency.TAKE, 1, 0],
  [concurrency.TAKE, 1, 1],
  [concurrency.RELEASE, 1, 1],
  [concurrency.RENEW, 3, 1],
  [limits.TAKE, 2, [1, 500, -3]],
  [limits.GIVE_BACK, 2, 1],
  [quotas.DRAW, 2, [1, 5, 0]],
  [quotas.GIVE_BACK, 2, 1],
  [quotas.ADJUST, 2, 1],
  [quotas.LIST, 4, [["ada", 3, 0, "bob", 2, 1], []]],
];

/** What other programs reply, or a server whose replies have shifted. */
const OTHERS: readonly StoreReply[] = [
  null,
  "OK",
  "1",
  -1,
  7,
  Number.NaN,
  [],
  [1],
  ["1", "2", "3"],
  [1, null, 3],
  [["ada", 3, 0]],
  [["ada", 3], []],
  [[1, 2, 3], []],
];

describe("a script at a shared store", () => {
  test.each(REPLIES.map(([script, keys, reply]) => [script.name, script, keys, reply] as const))(
    "%s: its replies are known from those of others",
    (_, script, keys, reply) => {
      expect(script.gives(reply, keys)).toBe(true);
      expect(OTHERS.filter((other) => script.gives(other, keys))).toEqual([]);
    },
  );
});
