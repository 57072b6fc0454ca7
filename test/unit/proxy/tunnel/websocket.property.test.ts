import { expect, setDefaultTimeout, test } from "bun:test";
import * as fc from "fast-check";
import { GatewayError } from "../../../../src/pipeline/errors.ts";
import { Tunnels } from "../../../../src/proxy/tunnel/tunnel.ts";
import { WebSocketTunnel } from "../../../../src/proxy/tunnel/websocket.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { TEST_TIMEOUT_MS } from "../../../support/patience.ts";
import { closing, frame, framesIn, opcodes } from "../../../wire/frames.ts";
import { FakeChannel, FakeRecord } from "./fake-channel.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const LARGEST = 300;

/** What an end may send: mostly frames, some of them forbidden or too large. */
const sayings = (masked: boolean) =>
  fc
    .array(
      fc.oneof(
        { weight: 20, arbitrary: fc.tuple(fc.constantFrom(1, 2, 9, 10), fc.nat(120)) },
        { weight: 2, arbitrary: fc.tuple(fc.constantFrom(1, 2), fc.nat(1_000)) },
        { weight: 1, arbitrary: fc.tuple(fc.constantFrom(3, 0), fc.nat(10)) },
        { weight: 1, arbitrary: fc.constant(undefined) },
      ),
      { maxLength: 12 },
    )
    .map((said) =>
      Buffer.concat(
        said.map((one) =>
          one === undefined
            ? frame(opcodes.close, closing(1000), { masked })
            : frame(one[0], Buffer.alloc(one[1], 0x2e), { masked }),
        ),
      ),
    );

/** Events in the order in which they come. */
const events = fc.array(
  fc.oneof(
    {
      weight: 10,
      arbitrary: fc.record({ end: fc.boolean(), bytes: fc.integer({ min: 1, max: 400 }) }),
    },
    { weight: 2, arbitrary: fc.constantFrom("full", "room") },
    { weight: 1, arbitrary: fc.constantFrom("stop", "second", "idle") },
  ),
  { maxLength: 40 },
);

test("both ends get whole frames in order, at most one close, and nothing after it", () => {
  fc.assert(
    fc.property(sayings(true), sayings(false), events, (fromClient, fromBackend, happens) => {
      const clock = new FakeClock();
      const tunnels = new Tunnels(2_000);
      const ends = { client: new FakeChannel(), backend: new FakeChannel() };
      const options = { idleTimeout: 60_000, clock, tunnels, maxMessageSize: LARGEST };
      const tunnel = new WebSocketTunnel(new FakeRecord(), ends.backend, options);
      tunnel.open(ends.client);
      const left = { client: fromClient, backend: fromBackend };
      for (const event of happens) {
        if (event === "stop") tunnel.stop(new GatewayError("gateway_stopping", "stopping"));
        else if (event === "idle") clock.advance(60_000);
        else if (event === "second") clock.advance(1_000);
        else if (event === "full") ends.client.hasRoom = ends.backend.hasRoom = false;
        else if (event === "room") {
          ends.client.drains();
          ends.backend.drains();
        } else {
          const who = event.end ? "client" : "backend";
          ends[who].receives(left[who].subarray(0, event.bytes));
          left[who] = left[who].subarray(event.bytes);
        }
      }
      expectWhole(ends.client.take(), false, fromBackend);
      expectWhole(ends.backend.take(), true, fromClient);
      tunnel.interrupt(new GatewayError("gateway_stopping", "stopping"));
      tunnel.interrupt(new GatewayError("gateway_stopping", "stopping"));
      expect(tunnels.size).toBe(0);
      expect(tunnels.queued.total).toBe(0);
      expect(clock.pending).toBe(0);
    }),
    { numRuns: 500 },
  );
});

/** What an end got: the beginning of what the other sent, with frames of the gateway's in between. */
function expectWhole(got: Buffer, masked: boolean, sent: Buffer): void {
  const frames = framesIn(got, { mayBreakOff: true });
  expect(frames.every((one) => one.masked === masked)).toBe(true);
  const closes = frames.filter(({ opcode }) => opcode === opcodes.close);
  expect(closes.length).toBeLessThanOrEqual(1);
  if (closes.length > 0) expect(frames.at(-1)?.opcode).toBe(opcodes.close);
  const messages = (bytes: Buffer) =>
    framesIn(bytes, { mayBreakOff: true })
      .filter(({ opcode }) => opcode < opcodes.close)
      .map(({ opcode, payload }) => `${opcode} ${payload.length}`);
  const [passed, said] = [messages(got), messages(sent)];
  expect(passed).toEqual(said.slice(0, passed.length));
}
