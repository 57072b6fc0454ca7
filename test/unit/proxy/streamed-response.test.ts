import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../src/pipeline/errors.ts";
import { type Opening } from "../pipeline/opening.ts";
import { drip, networkError, rejection, turn } from "./network.ts";
import { answered, left } from "./answered.ts";

describe("an answer that is passed on", () => {
  async function passing(length?: number, opening: Opening = {}, idle?: number) {
    const source = drip();
    const headers = length === undefined ? {} : { "content-length": String(length) };
    const { prepare, ...made } = answered(
      new Response(source.stream, { status: 203, statusText: "Odd", headers }),
      opening,
      idle,
    );
    const response = await prepare();
    expect(response.body).not.toBeNull();
    return { ...made, source, response, reader: response.body!.getReader() };
  }

  test("has its first bytes there before its last are sent", async () => {
    const { source, exchange, response, reader } = await passing();
    expect(response).toMatchObject({ status: 203, statusText: "Odd" });
    source.chunk(3);
    expect((await reader.read()).value?.length).toBe(3);
    expect(exchange.bytesOut).toBe(3);
    source.chunk(4);
    await reader.read();
    source.end();
    expect((await reader.read()).done).toBe(true);
    expect(exchange).toMatchObject({ bytesOut: 7, errorCode: undefined, status: 0 });
  });

  test("of a large known length ends well when all of it has come", async () => {
    const { source, exchange, reader } = await passing(70_000);
    source.chunk(70_000);
    await reader.read();
    source.end();
    expect((await reader.read()).done).toBe(true);
    expect(exchange.errorCode).toBeUndefined();
  });

  test("of a large known length breaks when less has come", async () => {
    const { source, exchange, reader } = await passing(70_000);
    source.chunk(69_999);
    await reader.read();
    source.end();
    expect(await rejection(reader.read())).toMatchObject({ code: "backend_answer_incomplete" });
    expect(exchange).toMatchObject({
      errorCode: "backend_answer_incomplete",
      errorDetail: "the backend promised 70000 bytes and sent 69999",
    });
  });

  test("breaks where the backend breaks it off, and the exchange says so", async () => {
    const { source, exchange, reader } = await passing();
    source.chunk(3);
    await reader.read();
    source.break(networkError("EPIPE"));
    await rejection(reader.read());
    expect(exchange).toMatchObject({
      errorCode: "backend_answer_incomplete",
      errorDetail: "the backend broke off its answer",
      bytesOut: 3,
    });
  });

  test("that ends because the client left is the client's doing", async () => {
    const { source, exchange, cancellation, reader } = await passing();
    cancellation.cancel(left());
    source.break(new DOMException("aborted", "AbortError"));
    await rejection(reader.read());
    expect(exchange).toMatchObject({ status: 499, errorCode: "client_closed" });
  });

  test("breaks where the backend falls silent, and keeps the status that was sent", async () => {
    const { source, clock, exchange, reader } = await passing();
    source.chunk(3);
    await reader.read();
    const failure = rejection(reader.read());
    await turn();
    clock.advance(20_000);
    source.break(new DOMException("aborted", "AbortError"));
    await failure;
    expect(exchange).toMatchObject({
      status: 0,
      errorCode: "backend_stalled",
      errorDetail: "the backend's answer stalled for 20000 ms",
      bytesOut: 3,
    });
    expect(clock.pending).toBe(0);
  });

  test("breaks where the client reads no further, and counts as 499", async () => {
    const { source, clock, cancellation, reader } = await passing();
    source.chunk(3);
    await reader.read();
    source.chunk(3);
    clock.advance(20_000);
    expect(cancellation.reason).toMatchObject({ code: "client_stalled" });
    expect(cancellation.reason?.message).toBe("the client read nothing of the answer for 20000 ms");
  });

  test("may fall silent forever if no idle timeout is set", async () => {
    const { clock, cancellation, reader } = await passing(undefined, {}, 0);
    const reading = reader.read();
    clock.advance(1e9);
    expect(cancellation.reason).toBeUndefined();
    await reader.cancel();
    await reading;
  });

  test("breaks when the exchange has taken too long, which the row says", async () => {
    const { source, exchange, cancellation, reader } = await passing();
    cancellation.cancel(new GatewayError("exchange_timeout", "too long"));
    source.break(new DOMException("aborted", "AbortError"));
    await rejection(reader.read());
    expect(exchange).toMatchObject({ status: 0, errorCode: "exchange_timeout" });
  });

  test("whose reader goes away lets go of the backend", async () => {
    const { source, reader } = await passing();
    source.chunk(3);
    await reader.read();
    await reader.cancel("gone");
    expect(source.state.cancelled).toBe("gone");
  });
});
