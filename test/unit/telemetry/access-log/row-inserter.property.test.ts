import { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import { array, assert, constantFrom, property } from "fast-check";
import { COLUMNS, valuesOf } from "../../../../src/telemetry/access-log/columns.ts";
import { RowInserter } from "../../../../src/telemetry/access-log/row-inserter.ts";
import { accessLogSchema } from "../../../../src/telemetry/access-log/schema.ts";
import type { ExchangeRecord } from "../../../../src/telemetry/record.ts";
import { TEST_TIMEOUT_MS } from "../../../support/patience.ts";
import { record } from "./support.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const kinds: readonly Partial<ExchangeRecord>[] = [
  {},
  { query: "", subject: "ada", provider: "keys", traceId: "0af7" },
  { errorCode: "rate_limited", endedBy: "client", refusedBy: "rate_limit" },
  { attemptOutcomes: "http://a 503 1ms; http://b 200 2ms" },
  { statusCode: 101, messagesIn: 0, messagesOut: 3 },
  { grpcStatus: 0 },
  { model: "m", tokensIn: 0 },
  { tokensOut: 7 },
  { decisions: "{}", requestFields: "[]", responseFields: "[]" },
  { requestBody: "a" },
  { responseBody: "b" },
];
/** Mostly ordinary ones, so that they come in runs. */
const rows = array(constantFrom(...Array.from({ length: 40 }, () => kinds[0]!), ...kinds), {
  maxLength: 60,
});

test("rows are inserted in their order with all their values, ordinary and others mixed", () => {
  assert(
    property(rows, (changes) => {
      using db = new Database(":memory:");
      accessLogSchema.migrate(db);
      const inserter = new RowInserter(db);
      const records = changes.map((one, at) => record({ requestId: `${at}`, ...one }));
      expect(inserter.insert(records)).toBe(records.length);
      inserter.close();
      const names = COLUMNS.map(({ name }) => name).join(", ");
      expect(db.query(`SELECT id, ${names} FROM logs ORDER BY id`).values()).toEqual(
        records.map((one, at) => [at + 1, ...valuesOf(one)]),
      );
    }),
  );
});
