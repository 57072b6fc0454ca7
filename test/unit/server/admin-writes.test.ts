import { describe, expect, test } from "bun:test";
import { checkedWrite, CONTENT_MS, isWrite } from "../../../src/server/admin/writes.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const clock = new FakeClock();
const JSON_TYPE = { "content-type": "application/json" };

function write(headers: Record<string, string>, body: string | ReadableStream<Uint8Array> = "{}") {
  return checkedWrite(
    new Request("http://localhost:9090/admin/thing", {
      method: "POST",
      headers: { host: "localhost:9090", ...headers },
      body,
    }),
    clock,
  );
}

/** The status of the refusal; 0 for none. */
async function refusalOf(
  headers: Record<string, string>,
  body?: string | ReadableStream<Uint8Array>,
): Promise<number> {
  const checked = await write(headers, body);
  return checked instanceof Response ? checked.status : 0;
}

test("everything but GET and HEAD is a write", () => {
  expect(["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"].filter(isWrite)).toEqual([
    "POST",
    "PUT",
    "DELETE",
    "PATCH",
    "OPTIONS",
  ]);
});

describe("a write to the operator's pages", () => {
  test.each([
    ["by a program", {}],
    [
      "by a page of this port",
      { origin: "http://localhost:9090", "sec-fetch-site": "same-origin" },
    ],
    ["by a page of this port behind a proxy with TLS", { origin: "https://localhost:9090" }],
    ["by the address bar", { "sec-fetch-site": "none" }],
  ] as [string, Record<string, string>][])("%s is let through", async (_, headers) => {
    expect(await refusalOf({ ...JSON_TYPE, ...headers })).toBe(0);
  });

  test.each([
    ["another site", { "sec-fetch-site": "cross-site" }],
    ["another origin of this site", { "sec-fetch-site": "same-site" }],
    ["another origin", { origin: "http://evil.test" }],
    ["another port", { origin: "http://localhost:3000" }],
    ["no origin", { origin: "null" }],
    ["an origin that begins like this one", { origin: "http://localhost:9090.evil.test" }],
    [
      "another site, whatever Origin says",
      { origin: "http://localhost:9090", "sec-fetch-site": "cross-site" },
    ],
  ] as [string, Record<string, string>][])("for a page of %s is refused", async (_, headers) => {
    expect(await refusalOf({ ...JSON_TYPE, ...headers })).toBe(403);
  });

  test.each([
    ["nothing", ""],
    ["a form", "application/x-www-form-urlencoded"],
    ["text", "text/plain"],
    ["several parts", "multipart/form-data; boundary=x"],
    ["a type that begins like JSON's", "application/json-seq"],
    ["text that mentions JSON", "text/plain; application/json"],
  ])("that says it is %s is refused, as a form could send it", async (_, type) => {
    expect(await refusalOf({ "content-type": type })).toBe(415);
  });

  test("is given up when its content does not arrive", async () => {
    const endless = new ReadableStream<Uint8Array>({ pull: () => new Promise<void>(() => {}) });
    const refused = refusalOf(JSON_TYPE, endless);
    await Promise.resolve();
    clock.advance(CONTENT_MS);
    expect(await refused).toBe(408);
  });

  test("may name a charset", async () => {
    expect(await refusalOf({ "content-type": "Application/JSON; charset=utf-8" })).toBe(0);
  });

  test("arrives with its content", async () => {
    const checked = await write(JSON_TYPE, '{"path":"/a"}');
    if (checked instanceof Response) throw new Error("this was expected to pass");
    expect(await checked.json()).toEqual({ path: "/a" });
  });

  test("that is not JSON is a 400", async () => {
    expect(await refusalOf(JSON_TYPE, "{")).toBe(400);
    expect(await refusalOf(JSON_TYPE, "")).toBe(400);
  });

  test("with too much content is a 413, however much there is to come", async () => {
    let sent = 0;
    let isCancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 16_384;
        controller.enqueue(new Uint8Array(16_384));
      },
      cancel() {
        isCancelled = true;
      },
    });
    expect(await refusalOf(JSON_TYPE, endless)).toBe(413);
    expect(isCancelled).toBe(true);
    expect(sent).toBeLessThan(200_000);
  });
});
