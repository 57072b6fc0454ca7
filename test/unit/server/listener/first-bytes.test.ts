import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../../src/pipeline/errors.ts";
import { FirstBytes } from "../../../../src/server/listener/first-bytes.ts";
import type { Session } from "../../../../src/server/listener/session.ts";
import { PREFACE } from "../../../../src/wire/http2/frames.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { sessionServices } from "./session-services.ts";

/** A new connection; what became of it, and the bytes that came to its session. */
function open() {
  const clock = new FakeClock();
  const events: string[] = [];
  const first = new FirstBytes(
    {
      client: "192.0.2.1",
      become: (version) =>
        ({
          received: (bytes: Buffer) => events.push(`${version} ${bytes.toString()}`),
        }) as unknown as Session,
      close: (manner) => events.push(manner),
    },
    sessionServices(clock, () => new Promise(() => {}), { gone: () => events.push("gone") }),
  );
  return { first, clock, events };
}

describe("the first bytes of a connection", () => {
  test.each([
    ["a request", "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1"],
    ["something else", "\x16\x03", "HTTP/1.1"],
    ["the preface", PREFACE, "HTTP/2"],
    ["the preface and more", `${PREFACE}more`, "HTTP/2"],
    ["nearly the preface", PREFACE.replace("SM", "XX"), "HTTP/1.1"],
  ])("decide by %s, in whatever pieces it comes", (_, text, version) => {
    for (const size of [1, 3, 1000]) {
      const { first, clock, events } = open();
      let at = 0;
      while (events.length === 0) {
        first.received(Buffer.from(text.slice(at, at + size), "latin1"));
        at += size;
      }
      expect(events[0]).toStartWith(`${version} `);
      expect(text).toStartWith(events[0]!.slice(version.length + 1));
      expect(clock.pending).toBe(0);
    }
  });

  test("that do not come let the connection be closed", () => {
    const { first, clock, events } = open();
    clock.advance(75_000);
    expect(events).toEqual(["close"]);
    first.closed();
    expect(events.at(-1)).toBe("gone");
  });

  test("that stop in the middle of the preface are left to HTTP/1.1", () => {
    const { first, clock, events } = open();
    first.received(Buffer.from("P"));
    clock.advance(10_000);
    expect(events).toEqual(["HTTP/1.1 P"]);
    expect(clock.pending).toBe(0);
  });

  test("are not waited for when the gateway stops or the client leaves", () => {
    const ways: ((first: FirstBytes) => void)[] = [
      (first) => first.drain(),
      (first) => first.ended(),
      (first) => first.cut(new GatewayError("gateway_stopping", "stopping")),
      (first) => first.destroy(),
    ];
    const manners = ways.map((leave) => {
      const { first, clock, events } = open();
      expect(first.isIdle).toBe(true);
      first.drained();
      leave(first);
      expect(clock.pending).toBe(0);
      return events[0];
    });
    expect(manners).toEqual(["close", "close", "close", "cut"]);
  });
});
