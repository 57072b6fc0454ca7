import { describe, expect, test } from "bun:test";
import { wholeContent } from "../../../src/http/whole-content.ts";

describe("a message's whole content", () => {
  test("comes in one piece, up to the given length", async () => {
    expect((await wholeContent(new Response("four"), 4))?.toString()).toBe("four");
    expect(await wholeContent(new Response("four!"), 4)).toBeUndefined();
    expect((await wholeContent(new Response(null), 4))?.length).toBe(0);
  });

  test("is not read on once it is too long", async () => {
    let isCancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(10)),
      cancel: () => {
        isCancelled = true;
      },
    });
    expect(await wholeContent(new Response(endless), 100)).toBeUndefined();
    expect(isCancelled).toBe(true);
  });

  test("rejects if it breaks off", async () => {
    const broken = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.error(new Error("broke off")),
    });
    const error = await wholeContent(new Response(broken), 100).catch((reason: unknown) => reason);
    expect(error).toEqual(new Error("broke off"));
  });
});
