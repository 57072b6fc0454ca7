import { describe, expect, test } from "bun:test";
import { type BodyObserver, countedBody } from "../../../src/pipeline/content.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { drip, rejection, turn } from "../proxy/network.ts";

const IDLE = 1_000;

function counted(
  source: ReadableStream<Uint8Array>,
  observer: BodyObserver = { onChunk: () => undefined },
) {
  const { signal } = new AbortController();
  return countedBody(source.getReader(), observer, {
    idleTimeout: IDLE,
    signal,
    clock: new FakeClock(),
  });
}

function observed(changes: Partial<BodyObserver> = {}, idleTimeout = IDLE) {
  const source = drip();
  const clock = new FakeClock();
  const told: string[] = [];
  const observer: BodyObserver = {
    onChunk: (bytes) => void told.push(`chunk ${bytes}`),
    onEnd: () => void told.push("end"),
    onError: (error) => void told.push(`error ${String(error)}`),
    onCancel: (reason) => void told.push(`cancel ${String(reason)}`),
    onIdle: (waitingFor) => void told.push(`idle ${waitingFor}`),
    ...changes,
  };
  const cancellation = new AbortController();
  const { signal } = cancellation;
  const body = countedBody(source.stream.getReader(), observer, { idleTimeout, signal, clock });
  return { source, clock, cancellation, told, body, reader: body.getReader() };
}

describe("a body that is counted", () => {
  test("passes on every chunk and reports each, and the end", async () => {
    const { source, told, reader } = observed();
    source.chunk(3);
    expect((await reader.read()).value?.length).toBe(3);
    source.chunk(5);
    expect((await reader.read()).value?.length).toBe(5);
    source.end();
    expect((await reader.read()).done).toBe(true);
    expect(told).toEqual(["chunk 3", "chunk 5", "end"]);
  });

  test("is read only when somebody asks for more", async () => {
    let pulls = 0;
    const source = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulls += 1;
          controller.enqueue(new Uint8Array(1));
        },
      },
      { highWaterMark: 0 },
    );
    const reader = counted(source).getReader();
    await Promise.resolve();
    expect(pulls).toBe(0);
    await reader.read();
    await reader.read();
    expect(pulls).toBe(2);
    await reader.cancel();
  });

  test("breaks where its source breaks", async () => {
    const { source, told, reader } = observed();
    source.chunk(3);
    await reader.read();
    source.break("torn");
    expect(await rejection(reader.read())).toBe("torn");
    expect(told).toEqual(["chunk 3", "error torn"]);
  });

  test("breaks where its observer objects, and lets go of the source", async () => {
    const { source, told, reader } = observed({
      onChunk() {
        throw "too much";
      },
    });
    source.chunk(3);
    expect(await rejection(reader.read())).toBe("too much");
    expect(told).toEqual(["error too much"]);
    expect(source.state.cancelled).toBe("too much");
  });

  test("does not end whole when its observer objects to the end", async () => {
    const { source, told, reader } = observed({
      onEnd() {
        throw "too little";
      },
    });
    source.end();
    expect(await rejection(reader.read())).toBe("too little");
    expect(told).toEqual(["error too little"]);
  });

  test("reports when the rest is not wanted, to its source too", async () => {
    const { source, told, reader } = observed();
    await reader.cancel("enough");
    expect(told).toEqual(["cancel enough"]);
    expect(source.state.cancelled).toBe("enough");
  });

  test("needs nobody who listens to more than chunks", async () => {
    const whole = drip();
    const broken = drip();
    const left = drip();
    const bodies = [whole, broken, left].map(({ stream }) => counted(stream));
    const [first, second, third] = bodies.map((body) => body.getReader());
    whole.end();
    expect((await first?.read())?.done).toBe(true);
    broken.break("torn");
    expect(await rejection(second?.read())).toBe("torn");
    await third?.cancel("enough");
    expect(left.state.cancelled).toBe("enough");
  });

  test("can be let go of although its source refuses to be", async () => {
    const source = new ReadableStream<Uint8Array>({
      cancel() {
        throw new Error("no");
      },
    });
    const body = counted(source);
    expect(await body.cancel()).toBeUndefined();
  });
});

describe("a body that is broken off", () => {
  test("breaks at once, although nobody reads it just then", async () => {
    const { source, clock, cancellation, told, reader } = observed();
    source.chunk(3);
    await reader.read();
    cancellation.abort("stop");
    expect(told).toEqual(["chunk 3", "error stop"]);
    expect(source.state.cancelled).toBe("stop");
    expect(clock.pending).toBe(0);
    expect(await rejection(reader.read())).toBe("stop");
    expect(told).toEqual(["chunk 3", "error stop"]);
  });

  test("breaks for a reader that waits for more", async () => {
    const { cancellation, told, reader } = observed();
    const failure = rejection(reader.read());
    await turn();
    cancellation.abort("stop");
    expect(await failure).toBe("stop");
    await turn();
    expect(told).toEqual(["error stop"]);
  });

  test.each([
    ["has ended", ({ source }: ReturnType<typeof observed>) => source.end(), "end"],
    ["was left", ({ reader }: ReturnType<typeof observed>) => reader.cancel("x"), "cancel x"],
    ["is broken", ({ source }: ReturnType<typeof observed>) => source.break("torn"), "error torn"],
  ])("is not told of when it %s already", async (_how, stop, last) => {
    const made = observed();
    await stop(made);
    await made.reader.read().catch(() => undefined);
    made.cancellation.abort("stop");
    expect(made.told).toEqual([last]);
  });
});

describe("a body in which nothing moves", () => {
  test("is its source's fault while somebody waits for more", async () => {
    const { source, clock, told, reader } = observed();
    clock.advance(500);
    const reading = reader.read();
    await turn();
    clock.advance(999);
    expect(told).toEqual([]);
    clock.advance(1);
    expect(told).toEqual(["idle source"]);
    source.chunk(1);
    await reading;
    await reader.cancel();
  });

  test("is its reader's fault while nobody asks for more", async () => {
    const { source, clock, told, reader } = observed();
    source.chunk(3);
    await reader.read();
    source.chunk(3);
    clock.advance(999);
    expect(told).toEqual(["chunk 3"]);
    clock.advance(1);
    expect(told).toEqual(["chunk 3", "idle reader"]);
    clock.advance(100_000);
    expect(told).toEqual(["chunk 3", "idle reader"]);
    await reader.cancel();
  });

  test("is its reader's fault when it is never read at all", () => {
    const { clock, told } = observed();
    clock.advance(1_000);
    expect(told).toEqual(["idle reader"]);
  });

  test("is idle only when no chunk comes for the whole of the time", async () => {
    const { source, clock, told, reader } = observed();
    for (let chunk = 0; chunk < 10; chunk += 1) {
      const reading = reader.read();
      await turn();
      clock.advance(900);
      source.chunk(1);
      await reading;
      clock.advance(900);
    }
    expect(told).toEqual(Array<string>(10).fill("chunk 1"));
    await reader.cancel();
  });

  test("may last forever if no time is set", async () => {
    const { clock, told, reader } = observed({}, 0);
    expect(clock.pending).toBe(0);
    clock.advance(1e9);
    await reader.cancel("enough");
    expect(told).toEqual(["cancel enough"]);
  });

  test.each([
    ["ended", ({ source }: ReturnType<typeof observed>) => source.end()],
    ["broke", ({ source }: ReturnType<typeof observed>) => source.break("torn")],
    ["was left", ({ reader }: ReturnType<typeof observed>) => reader.cancel()],
  ])("is watched no longer when it %s", async (_how, stop) => {
    const made = observed();
    await stop(made);
    await made.reader.read().catch(() => undefined);
    expect(made.clock.pending).toBe(0);
  });

  test("needs nobody who listens to that", () => {
    const clock = new FakeClock();
    const { signal } = new AbortController();
    const options = { idleTimeout: IDLE, signal, clock };
    countedBody(drip().stream.getReader(), { onChunk: () => undefined }, options);
    clock.advance(IDLE);
    expect(clock.pending).toBe(0);
  });
});
