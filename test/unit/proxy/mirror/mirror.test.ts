import { describe, expect, test } from "bun:test";
import type { Exchange } from "../../../../src/pipeline/exchange.ts";
import type { ContentReader } from "../../../../src/pipeline/content.ts";
import { Mirror, noCopies } from "../../../../src/proxy/mirror/mirror.ts";
import { Timeout } from "../../../../src/time/timeout.ts";
import type { Attempt } from "../../../../src/transport/attempt.ts";
import { Upstream } from "../../../../src/upstream/upstream.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { openExchange } from "../../pipeline/opening.ts";
import { switchedPool } from "../../upstream/pool.ts";
import { network, networkError, type Sent, turn } from "../network.ts";

function mirrored({
  share = 1,
  random = () => 0.5,
  preserveHost = true,
  answer = () => new Response("thrown away"),
}: {
  share?: number;
  random?: () => number;
  preserveHost?: boolean;
  answer?: (sent: Sent) => Response | Promise<Response>;
} = {}) {
  const { transport, sent } = network(answer);
  const clock = new FakeClock();
  const [switched] = switchedPool(1);
  const { backend } = switched!;
  const timeout = new Timeout<Attempt>(clock, 1_000, (attempt) =>
    attempt.timeIsUp("backend_timeout", "no answer"),
  );
  const upstream = new Upstream([backend]);
  const settings = { name: "shadow", upstream, preserveHost, share, maxBody: 8, timeout };
  const mirror = new Mirror(settings, noCopies(), { transport, clock, random });
  return { mirror, sent, clock, backend, fail: () => switched!.turn(false) };
}

const bytes = (text: string) => new TextEncoder().encode(text);
const whole = (text: string | null) => ({
  body: text === null ? null : bytes(text),
  sent: undefined,
  repeatable: undefined,
});

async function settled(): Promise<void> {
  for (let turns = 0; turns < 5; turns += 1) await turn();
}

function piecesOf(...pieces: string[]): ContentReader {
  const left = pieces.map(bytes);
  return {
    read() {
      const value = left.shift();
      return value === undefined ? { done: true } : { done: false, value };
    },
    async cancel() {},
  };
}

function readAll(reader: ContentReader): void {
  while (!(reader.read() as { done: boolean }).done);
}

describe("a mirror", () => {
  test("sends a copy as it goes to the backend, with a mark, and throws the answer away", async () => {
    const { mirror, sent, backend } = mirrored();
    const exchange: Exchange = openExchange({
      method: "POST",
      url: "http://shop.test/things?x=1",
      fields: { "content-length": "4", "x-a": "b", connection: "x-b", "x-b": "gone" },
    });
    const content = whole("body");
    expect(mirror.copy(exchange, content)).toBe(content);
    expect(sent).toHaveLength(0);
    await settled();
    expect(sent[0]?.url).toBe("http://a0:9000/things?x=1");
    expect(sent[0]?.request).toMatchObject({ method: "POST", body: content.body });
    const { headers } = sent[0]!;
    expect(headers.get("x-mirrored")).toBe("true");
    expect(headers.get("x-a")).toBe("b");
    expect(headers.has("x-b")).toBe(false);
    expect(headers.get("host")).toBe("shop.test");
    expect(exchange.attempts).toEqual([]);
    expect(exchange.outgoing.get("x-mirrored")).toBeNull();
    expect(mirror.counts).toEqual({ answered: 1, failed: 0, too_large: 0, dropped: 0 });
    expect(backend.inFlight).toBe(0);
  });

  test("marks a copy once, and clients cannot mark their requests", async () => {
    const { mirror, sent } = mirrored();
    const fields = { "x-mirrored": "true" };
    const claimed = openExchange({ fields });
    expect(claimed.outgoing.get("x-mirrored")).toBeNull();
    const ofProxy = openExchange({ fields, client: { viaTrustedProxy: true } });
    mirror.copy(ofProxy, whole(null));
    await settled();
    expect(sent[0]?.request.fields.filter((name) => name === "x-mirrored")).toHaveLength(1);
  });

  test("copies the share of the requests that it is for", async () => {
    let at = 0;
    const { mirror, sent } = mirrored({ share: 0.1, random: () => (at++ % 10) / 10 });
    for (let request = 0; request < 50; request += 1) mirror.copy(openExchange(), whole(null));
    await settled();
    expect(sent).toHaveLength(5);
  });

  test("leaves the Host to backends that want their own, unless a policy has set one", async () => {
    const { mirror, sent } = mirrored({ preserveHost: false });
    mirror.copy(openExchange(), whole(null));
    const chosen = openExchange();
    chosen.outgoing.host = "chosen.test";
    mirror.copy(chosen, whole(null));
    await settled();
    expect(sent.map(({ headers }) => headers.get("host"))).toEqual([null, "chosen.test"]);
  });

  test("copies content as it passes, and sends it with its length", async () => {
    const { mirror, sent } = mirrored();
    const { body } = mirror.copy(openExchange(), {
      body: piecesOf("ab", "cd"),
      sent: undefined,
      repeatable: undefined,
    });
    await settled();
    expect(sent).toHaveLength(0);
    readAll(body as ContentReader);
    await settled();
    expect(sent[0]?.request.body).toEqual(Buffer.from("abcd"));
    expect(sent[0]?.headers.get("content-length")).toBe("4");
  });

  test("copies no request with more content than max_body", async () => {
    const { mirror, sent } = mirrored();
    mirror.copy(openExchange(), whole("123456789"));
    const { body } = mirror.copy(openExchange(), {
      body: piecesOf("12345", "6789", "0"),
      sent: undefined,
      repeatable: undefined,
    });
    readAll(body as ContentReader);
    await settled();
    expect(sent).toHaveLength(0);
    expect(mirror.counts).toMatchObject({ too_large: 2, dropped: 0 });
  });

  test("copies no content that breaks off or is not wanted", async () => {
    const { mirror, sent } = mirrored();
    const { body } = mirror.copy(openExchange(), {
      body: piecesOf("ab", "cd"),
      sent: undefined,
      repeatable: undefined,
    });
    const reader = body as ContentReader;
    void reader.read();
    await reader.cancel("left");
    void reader.read();
    void reader.read();
    await settled();
    expect(sent).toHaveLength(0);
  });

  test("counts copies that fail, that get no answer in time, and for which there is no backend", async () => {
    const answers = [
      () => Promise.reject(networkError("ECONNRESET")),
      () => new Promise<never>(() => {}),
    ];
    const { mirror, clock, fail, backend } = mirrored({ answer: () => answers.shift()!() });
    mirror.copy(openExchange(), whole(null));
    mirror.copy(openExchange(), whole(null));
    await settled();
    expect(backend.inFlight).toBe(1);
    clock.advance(1_000);
    await settled();
    fail();
    mirror.copy(openExchange(), whole(null));
    await settled();
    expect(mirror.counts).toEqual({ answered: 0, failed: 2, too_large: 0, dropped: 1 });
    expect(backend.inFlight).toBe(0);
  });

  test("copies nothing while too many copies are in flight", async () => {
    const { mirror, sent } = mirrored({ answer: () => new Promise<never>(() => {}) });
    for (let request = 0; request < 300; request += 1) mirror.copy(openExchange(), whole(null));
    await settled();
    expect(sent).toHaveLength(256);
    expect(mirror.counts.dropped).toBe(44);
  });
});
