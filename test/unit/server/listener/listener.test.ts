import { afterEach, describe, expect, test } from "bun:test";
import { Answer } from "../../../../src/pipeline/answer.ts";
import type { ClientRequest } from "../../../../src/pipeline/client-request.ts";
import type { Delivery } from "../../../../src/pipeline/delivery.ts";
import { GatewayError } from "../../../../src/pipeline/errors.ts";
import { Admission, type ConnectionLimits } from "../../../../src/server/listener/admission.ts";
import { Listener } from "../../../../src/server/listener/listener.ts";
import { addressSet } from "../../../support/address-set.ts";
import { eventually } from "../../../support/eventually.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { connectRaw, GET } from "../../../support/raw-client.ts";
import { createStage } from "../../../support/stage.ts";

const stage = createStage(afterEach);
const HEADER = "PROXY TCP4 203.0.113.7 198.51.100.1 56324 443\r\n";

/** A port that answers with the client's address, or when `finish` is called. */
function listen(limits: Partial<ConnectionLimits> = {}, { proxies = "", holds = false } = {}) {
  const clock = new FakeClock();
  const lines: string[] = [];
  const held: (() => void)[] = [];
  const admission = new Admission({
    clock,
    logger: { log: (level, message) => lines.push(`${level}: ${message}`) },
    limits: { maxConnections: 100, maxConnectionsPerClient: 0, ...limits },
    hasIdle: () => listener.idleSince !== undefined,
    closeOldestIdle: () => {
      const hasIdle = listener.idleSince !== undefined;
      listener.closeOldestIdle();
      return hasIdle;
    },
    clients: () => listener.clients(),
  });
  const reply = ({ connection: { peer, peerPort }, target }: ClientRequest): Delivery => ({
    answer: new Answer(`${target} ${peer} ${peerPort};`),
    sent: () => {},
    ended: () => {},
  });
  const listener: Listener = new Listener({
    host: "127.0.0.1",
    port: 0,
    limits: {
      maxHeaderSize: 8_192,
      headerTimeout: 10_000,
      keepAliveTimeout: 0,
      http2: false,
      proxies: addressSet(proxies === "" ? [] : [proxies]),
    },
    clock,
    admission,
    onProxyFailure: ({ address }, reason) => lines.push(`${address}: ${reason}`),
    handle: (request) =>
      holds
        ? new Promise<Delivery>((resolve) => held.push(() => resolve(reply(request))))
        : reply(request),
    onError: (error) => lines.push(String(error)),
  });
  stage.defer(() => listener.stop(true));
  const port = Number(listener.url.port);
  return { listener, admission, clock, lines, held, open: () => connectRaw(stage, port) };
}

describe("a listener with a limit on connections", () => {
  /** Two connections at work of two, and a third one, which was accepted while one was idle. */
  async function full() {
    const world = listen({ maxConnections: 2 }, { holds: true });
    const { open, held, admission } = world;
    const first = await open();
    first.send(GET);
    await eventually(() => held.length === 1);
    held[0]?.();
    await first.until("/things");
    const second = await open();
    await eventually(() => admission.connections === 2);
    for (const client of [first, second]) client.send(GET);
    await eventually(() => held.length === 3);
    const third = await open();
    third.send(GET.replace("things", "third"));
    return { ...world, first, second, third };
  }

  test("reads nothing from a connection that came too late, until another one leaves", async () => {
    const { open, held, first, second, third, admission } = await full();
    const fourth = await open();
    fourth.send(GET.replace("things", "fourth"));
    held[1]?.();
    await first.until("/things", 2);
    expect(held).toHaveLength(3);
    expect(admission.connections).toBe(2);

    first.end();
    await eventually(() => held.length === 4);
    held[3]?.();
    await third.until("/third");
    held[2]?.();
    await second.until("/things");
    second.end();
    await eventually(() => held.length === 5);
    held[4]?.();
    await fourth.until("/fourth");
  });

  test("closes one that waits when it stops, at once or when all is answered", async () => {
    for (const isForced of [true, false]) {
      const { listener, held, third, admission } = await full();
      const stopped = listener.stop(isForced);
      await third.closed;
      for (const finish of held) finish();
      await stopped;
      expect(admission.connections).toBe(0);
      expect(third.received()).toBe("");
    }
  });

  test("closes one that waits when everything is cut", async () => {
    const { listener, third } = await full();
    listener.cut(new GatewayError("gateway_stopping", "the gateway stops"));
    await third.closed;
  });

  test("closes the one that has been idle for longest, by earlier limits first", async () => {
    const { open, listener, clock } = listen({ maxConnections: 2 });
    const first = await open();
    first.send(GET);
    await first.until("/things");
    const limits = { maxHeaderSize: 8_192, headerTimeout: 0, keepAliveTimeout: 60_000 };
    listener.limit({ ...limits, http2: false });
    clock.advance(1_000);
    const second = await open();
    second.send(GET);
    await second.until("/things");
    expect(listener.idleSince).toBe(0);
    const third = await open();
    third.send(GET);
    await third.until("/things");
    await first.closed;
    expect(second.isOpen()).toBe(true);
    expect(listener.idleSince).toBe(1_000);
    clock.advance(60_000);
    await Promise.all([second.closed, third.closed]);
    expect(listener.idleSince).toBeUndefined();
  });
});

describe("a listener with PROXY headers", () => {
  test("takes the client from the header, in whatever pieces it comes", async () => {
    const { open, listener } = listen({ maxConnectionsPerClient: 1 }, { proxies: "127.0.0.1" });
    const client = await open();
    client.send(HEADER.slice(0, 9));
    await Bun.sleep(5);
    client.send(HEADER.slice(9) + GET.slice(0, 7));
    await Bun.sleep(5);
    client.send(GET.slice(7));
    await client.until("/things 203.0.113.7 56324;");
    expect([...listener.clients()]).toEqual(["203.0.113.7"]);

    const refused = await open();
    refused.send(HEADER + GET);
    await refused.closed;
    expect(refused.received()).toBe("");
    client.end();
    await client.closed;
    await eventually(() => [...listener.clients()].length === 0);
  });

  test("leaves the client the peer when the header names nobody", async () => {
    const { open } = listen({}, { proxies: "127.0.0.1" });
    const client = await open();
    client.send(`PROXY UNKNOWN\r\n${GET}`);
    await client.until("/things 127.0.0.1 ");
  });

  test("closes what does not begin with one, or not in time, and says why", async () => {
    const { open, clock, lines, admission } = listen({}, { proxies: "127.0.0.1" });
    const plain = await open();
    plain.send(GET);
    await plain.closed;
    const late = await open();
    late.send(HEADER.slice(0, 9));
    const checking = await open();
    await eventually(() => admission.connections === 2);
    checking.end();
    await checking.closed;
    await eventually(() => admission.connections === 1);
    clock.advance(10_000);
    await late.closed;
    expect(lines).toEqual([
      "127.0.0.1: the connection does not begin with a PROXY header",
      "127.0.0.1: no PROXY header has come within `server.header_timeout`",
    ]);
    expect(admission.connections).toBe(0);
  });

  test("closes those that have not named their client at a stop", async () => {
    const { open, listener, admission } = listen({}, { proxies: "127.0.0.1" });
    const client = await open();
    await eventually(() => admission.connections === 1);
    await listener.stop();
    await client.closed;
  });
});

test("connections that have given back memory go on as before", async () => {
  const { open, clock } = listen();
  const client = await open();
  for (let times = 1; times <= 6; times += 1) {
    client.send(GET.replace("things", `things-${times % 2}`));
    await client.until("/things-", times);
    if (times === 3) clock.advance(10_000);
  }
  const kinds = [...client.received().matchAll(/things-([01])/g)].map(([, kind]) => kind);
  expect(kinds.join("")).toBe("101010");
});
