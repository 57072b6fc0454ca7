import { expect, test } from "bun:test";
import { USUAL_REDACTION } from "../../../src/pipeline/redaction.ts";
import { keptFields } from "../../../src/telemetry/decisions/kept-fields.ts";
import { fieldsFrom } from "../../support/client-request.ts";

test("what the request's secret fields hold is not kept in a field of the answer either", () => {
  const request = fieldsFrom({
    "x-functions-key": "open-sesame",
    authorization: "Bearer abcdefgh",
  });
  const answer = fieldsFrom({ "x-echo": "got open-sesame", link: "</abcdefgh>" });
  const secrets = USUAL_REDACTION.secretsIn(request);
  expect(JSON.parse(keptFields(answer, USUAL_REDACTION, secrets))).toEqual([
    ["x-echo", "got [redacted]"],
    ["link", "</[redacted]>"],
  ]);
});
