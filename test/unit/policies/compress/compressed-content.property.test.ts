import { setDefaultTimeout, test } from "bun:test";
import {
  array,
  assert,
  asyncProperty,
  constant,
  constantFrom,
  nat,
  oneof,
  record,
} from "fast-check";
import { IncomingContent } from "../../../../src/pipeline/incoming-content.ts";
import type { Coding, Level } from "../../../../src/policies/compress/codings.ts";
import { CompressedContent } from "../../../../src/policies/compress/compressed-content.ts";
import { Encoders } from "../../../../src/policies/compress/encoders.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { TEST_TIMEOUT_MS } from "../../../support/patience.ts";
import { decodeBytes, jsonOf, readAll } from "./decoding.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const TEXT = Buffer.from(jsonOf(600_000));
const RANDOM = crypto.getRandomValues(new Uint8Array(600_000));

const coding = constantFrom<Coding>("gzip", "br", "zstd");
const level = constantFrom<Level>(1, 3, 5, 6);
const size = oneof(nat(20), nat(5_000), nat(300_000));
/** What happens next: a piece of so many bytes, so many milliseconds, or what is ready being handled. */
const event = oneof(record({ push: size }), record({ pass: nat(15) }), constant("turn" as const));

test("content is the same after decoding, however it arrives", async () => {
  await assert(
    asyncProperty(
      coding,
      level,
      constantFrom(TEXT, RANDOM),
      array(event, { maxLength: 30 }),
      async (coding, level, all, events) => {
        const source = new IncomingContent(undefined, { pause() {}, resume() {}, abandon() {} });
        const clock = new FakeClock();
        const encoder = new Encoders().open(coding, level)!;
        const output = readAll(new CompressedContent(source, encoder, clock));
        const given: Uint8Array[] = [];
        for (const event of events) {
          if (event === "turn") await turn();
          else if ("pass" in event) clock.advance(event.pass);
          else {
            const piece = all.subarray(0, event.push);
            given.push(piece);
            source.push(piece);
          }
        }
        source.finish();
        const decoded = decodeBytes(coding, await output);
        if (!decoded.equals(Buffer.concat(given))) throw new Error("it is not the same");
        if (clock.pending > 0) throw new Error("a timer was left behind");
      },
    ),
    { numRuns: 60 },
  );
});

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
