import { describe, expect, test } from "bun:test";
import { Answer, type AnswerBody } from "../../../../src/pipeline/answer.ts";
import type { ContentReader } from "../../../../src/pipeline/content.ts";
import { IncomingContent } from "../../../../src/pipeline/incoming-content.ts";
import { compress } from "../../../../src/policies/compress/compress.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { answerWith } from "../../pipeline/answers.ts";
import { rejection } from "../../proxy/network.ts";
import { type Asked, Chain, decode as decodeConfig, issuesOf, policyFrom } from "../chain.ts";
import { decoded, jsonOf } from "./decoding.ts";

const JSON_10K = jsonOf(10_000);
const TYPE = { "content-type": "application/json" };
const ACCEPT = { "accept-encoding": "gzip, deflate, br, zstd" };

interface Backend {
  readonly body?: AnswerBody | (() => AnswerBody);
  readonly fields?: Record<string, string>;
  readonly status?: number;
}

function chain(
  { body = JSON_10K, fields = TYPE, status = 200 }: Backend = {},
  config: unknown = true,
) {
  return new Chain([policyFrom(compress.route, config)], () =>
    answerWith(typeof body === "function" ? body() : body, fields, status),
  );
}

const get = (fields: Record<string, string> = ACCEPT): Asked => ({ fields });

/** Content whose sender is done, or not yet. */
function content(
  pieces: readonly string[],
  { isOver = true, length }: { isOver?: boolean; length?: number } = {},
) {
  const incoming = new IncomingContent(length, { pause() {}, resume() {}, abandon() {} });
  for (const piece of pieces) incoming.push(Buffer.from(piece));
  if (isOver) incoming.finish();
  return incoming;
}

async function codingOf(backend: Backend, asked = get(), config: unknown = true) {
  const response = await chain(backend, config).send(asked);
  const coding = response.headers.get("content-encoding");
  if (coding === null) await response.arrayBuffer();
  else await decoded(response);
  return coding;
}

describe("an answer for a client that accepts it", () => {
  test.each([
    ["gzip, deflate, br, zstd", "zstd"],
    ["gzip, deflate, br", "br"],
    ["gzip", "gzip"],
  ])("is compressed: %s", async (accepted, coding) => {
    const response = await chain().send(get({ "accept-encoding": accepted }));
    expect(response.headers.get("content-encoding")).toBe(coding);
    expect(response.headers.get("vary")).toBe("Accept-Encoding");
    expect(await decoded(response)).toBe(JSON_10K);
  });

  test("is compressed by the configuration's order and levels", async () => {
    const config = { algorithms: ["gzip", "zstd"], levels: { gzip: 1 } };
    const fast = await chain({}, config).send(get());
    const good = await chain({}, { algorithms: ["gzip"], levels: { gzip: 9 } }).send(get());
    expect(fast.headers.get("content-encoding")).toBe("gzip");
    const [least, most] = await Promise.all([fast.arrayBuffer(), good.arrayBuffer()]);
    expect(least.byteLength).toBeGreaterThan(most.byteLength);
  });

  test("keeps what it says about itself, but for what is not true any more", async () => {
    const fields = {
      ...TYPE,
      "content-length": "10000",
      etag: '"v1"',
      "accept-ranges": "bytes",
      "content-md5": "x",
      "content-digest": "sha-256=:x:",
      "repr-digest": "sha-256=:x:",
      digest: "sha-256=x",
      "last-modified": "Thu, 01 Jan 2026 00:00:00 GMT",
      vary: "Origin",
    };
    const response = await chain({ fields }).send(get());
    expect(Object.fromEntries(response.headers)).toEqual({
      "content-type": "application/json",
      "content-encoding": "zstd",
      etag: 'W/"v1"',
      "last-modified": "Thu, 01 Jan 2026 00:00:00 GMT",
      vary: "Origin, Accept-Encoding",
    });
  });

  test.each([
    ['"v1"', 'W/"v1"'],
    ['W/"v1"', 'W/"v1"'],
    ['""', 'W/""'],
    ["v1", "v1"],
  ])("has the tag %s as %s", async (tag, sent) => {
    const response = await chain({ fields: { ...TYPE, etag: tag } }).send(get());
    expect(response.headers.get("etag")).toBe(sent);
  });

  test.each([["Accept-Encoding"], ["origin, accept-encoding"], ["*"]])(
    "keeps a Vary that says it already: %s",
    async (vary) => {
      const response = await chain({ fields: { ...TYPE, vary } }).send(get());
      expect(response.headers.get("vary")).toBe(vary);
    },
  );

  test.each([[200], [201], [203], [301], [404], [500]])(
    "is compressed with status %d",
    async (status) => {
      expect(await codingOf({ status })).toBe("zstd");
    },
  );

  test("is compressed in full where it is text of several bytes per character", async () => {
    const text = "äöü€😀".repeat(500);
    const response = await chain({ body: text }).send(get());
    expect(await decoded(response)).toBe(text);
  });

  test("is compressed if its coding is called identity", async () => {
    expect(await codingOf({ fields: { ...TYPE, "content-encoding": "Identity" } })).toBe("zstd");
  });
});

describe("an answer is not compressed", () => {
  test.each<[string, Backend]>([
    ["that is small", { body: jsonOf(1_023) }],
    ["without content", { body: null }],
    ["of a type that is compressed itself", { fields: { "content-type": "image/png" } }],
    ["without a type", { fields: {} }],
    ["with events", { fields: { "content-type": "text/event-stream" } }],
    ["that is compressed already", { fields: { ...TYPE, "content-encoding": "deflate" } }],
    ["that is a part", { status: 206, fields: { ...TYPE, "content-range": "bytes 0-9999/20000" } }],
    ["with a range, whatever its status", { fields: { ...TYPE, "content-range": "bytes 0-1/2" } }],
    ["that forbids it", { fields: { ...TYPE, "cache-control": "public, No-Transform" } }],
    ["that announces trailers", { fields: { ...TYPE, trailer: "Repr-Digest" } }],
    ["that sets a cookie", { fields: { ...TYPE, "set-cookie": "csrf=1" } }],
    ["that is private", { fields: { ...TYPE, "cache-control": 'private="x-user"' } }],
    ["that must not be stored", { fields: { ...TYPE, "cache-control": "no-store" } }],
  ])("%s", async (_name, backend) => {
    const { headers } = await chain(backend).send(get());
    expect(headers.get("content-encoding")).toBe(backend.fields?.["content-encoding"] ?? null);
    expect(headers.has("vary")).toBe(false);
  });

  test.each<[string, Record<string, string>]>([
    ["without Accept-Encoding", {}],
    ["that accepts nothing that there is", { "accept-encoding": "deflate, gzip;q=0" }],
    ["that forbids it", { ...ACCEPT, "cache-control": "no-transform" }],
    ["with a cookie", { ...ACCEPT, cookie: "a=b" }],
    ["with other credentials", { ...ACCEPT, authorization: "Bearer x" }],
  ])("for a request %s, but says that it could have been", async (_name, fields) => {
    const response = await chain({ fields: { ...TYPE, etag: '"v1"' } }).send({ fields });
    expect(response.headers.get("content-encoding")).toBeNull();
    expect(response.headers.get("vary")).toBe("Accept-Encoding");
    expect(response.headers.get("etag")).toBe('"v1"');
    expect(await response.text()).toBe(JSON_10K);
  });

  test("for a client that is known by a certificate or a provider", async () => {
    const seen: unknown[] = [];
    for (const mark of ["identity", "certificate"]) {
      const policy = policyFrom(compress.route, true)!;
      const marked = {
        name: "mark",
        request(exchange: Parameters<NonNullable<typeof policy.request>>[0]) {
          if (mark === "identity") {
            exchange.identity = { provider: "keys", subject: "me", claims: {} };
          } else Object.assign(exchange.request.connection, { tls: { certificate: {} } });
          return undefined;
        },
      };
      const response = await new Chain([marked, policy], () => answerWith(JSON_10K, TYPE)).send(
        get(),
      );
      seen.push(response.headers.get("content-encoding"));
    }
    expect(seen).toEqual([null, null]);
  });

  test("where that is turned off", () => {
    expect(policyFrom(compress.route, false)).toBeUndefined();
  });
});

describe("an answer to a request with credentials", () => {
  const COOKIE = { ...ACCEPT, cookie: "a=b" };

  test("is compressed if it says that it is the same for everybody", async () => {
    const fields = { ...TYPE, "cache-control": "max-age=60, Public" };
    expect(await codingOf({ fields }, get(COOKIE))).toBe("zstd");
  });

  test("is compressed if the configuration says so, whatever it holds", async () => {
    const config = { with_credentials: true };
    expect(await codingOf({}, get(COOKIE), config)).toBe("zstd");
    const fields = { ...TYPE, "cache-control": "private, no-store", "set-cookie": "a=b" };
    expect(await codingOf({ fields }, get(COOKIE), config)).toBe("zstd");
  });
});

describe("an answer to HEAD", () => {
  const head: Asked = { method: "HEAD", fields: ACCEPT };

  test("has the fields that GET would have, without a length", async () => {
    const fields = { ...TYPE, "content-length": "10000", etag: '"v1"', "accept-ranges": "bytes" };
    const response = await chain({ body: null, fields }).send(head);
    expect(Object.fromEntries(response.headers)).toEqual({
      ...TYPE,
      "content-encoding": "zstd",
      etag: 'W/"v1"',
      vary: "Accept-Encoding",
    });
  });

  test("keeps the length of what is small", async () => {
    const fields = { ...TYPE, "content-length": "100" };
    const response = await chain({ body: null, fields }).send(head);
    expect(Object.fromEntries(response.headers)).toEqual(fields);
  });

  test("keeps its fields for a client that accepts nothing", async () => {
    const fields = { ...TYPE, "content-length": "10000" };
    const response = await chain({ body: null, fields }).send({ method: "HEAD" });
    expect(Object.fromEntries(response.headers)).toEqual({ ...fields, vary: "Accept-Encoding" });
  });
});

describe("a 304", () => {
  const revalidated = async (
    fields: Record<string, string>,
    asked: Record<string, string>,
    config: unknown = true,
  ) =>
    Object.fromEntries(
      (await chain({ body: null, status: 304, fields }, config).send(get(asked))).headers,
    );
  const TAG = { etag: '"v1"' };
  const WEAK = { etag: 'W/"v1"', vary: "Accept-Encoding" };

  test("has the weak tag that the compressed answer has", async () => {
    expect(await revalidated(TAG, { ...ACCEPT, "if-none-match": 'W/"v1"' })).toEqual(WEAK);
    expect(await revalidated(TAG, { ...ACCEPT, "if-none-match": '"v0", W/"v1"' })).toEqual(WEAK);
    const since = { "if-modified-since": "Thu, 01 Jan 2026 00:00:00 GMT" };
    expect(await revalidated(TAG, { ...ACCEPT, ...since })).toEqual(WEAK);
  });

  test("keeps the strong tag for a client that knows that one", async () => {
    expect(await revalidated(TAG, { ...ACCEPT, "if-none-match": '"v1"' })).toEqual(TAG);
  });

  test("keeps its tag where the answer is not compressed", async () => {
    const weak = { "if-none-match": 'W/"v1"' };
    expect(await revalidated(TAG, weak)).toEqual(TAG);
    expect(await revalidated(TAG, { ...ACCEPT, ...weak, cookie: "a=b" })).toEqual(TAG);
    const image = { ...TAG, "content-type": "image/png" };
    expect(await revalidated(image, { ...ACCEPT, ...weak })).toEqual(image);
    const own = { ...TAG, "cache-control": "private" };
    expect(await revalidated(own, { ...ACCEPT, ...weak })).toEqual(own);
  });
});

describe("If-Match", () => {
  const asked = async (answered: string, ifMatch: string) => {
    const tagged = chain({ fields: { ...TYPE, etag: answered } });
    await tagged.send(get());
    await tagged.send({ method: "PUT", fields: { "if-match": ifMatch } });
    return tagged.asked.at(-1)?.outgoing.get("if-match");
  };

  test("reaches the backend with the strong tags that it has given", async () => {
    expect(await asked('"v1"', 'W/"v1"')).toBe('"v1"');
    expect(await asked('"v1"', 'W/"v,1", "v2" , W/"W/"')).toBe('"v,1", "v2" , "W/"');
    expect(await asked('"v1"', "*")).toBe("*");
  });

  test("stays as it is where the backend gives weak tags itself, or none so far", async () => {
    expect(await asked('W/"v1"', 'W/"v1"')).toBe('W/"v1"');
    expect(await asked("", 'W/"v1"')).toBe('W/"v1"');
  });
});

describe("content that is not there as a whole", () => {
  test("is compressed as it passes if it is large", async () => {
    const text = jsonOf(500_000);
    const body = () =>
      content([text.slice(0, 200_000), text.slice(200_000)], { length: text.length });
    const response = await chain({ body }).send(get());
    expect(response.headers.get("content-encoding")).toBe("zstd");
    expect(await decoded(response)).toBe(text);
  });

  test("is compressed at once if all of it came in pieces and it is small", async () => {
    const policy = policyFrom(compress.route, true)!;
    const given = answerWith(content(["[", JSON_10K, "]"]), TYPE);
    const { exchange } = await opened();
    const answer = policy.response!(exchange, given);
    expect(answer).toBeInstanceOf(Answer);
    expect((answer as Answer).body).toBeInstanceOf(Uint8Array);
  });

  test("is sent as it is if all of it came in pieces and it is too small", async () => {
    const response = await chain({ body: () => content(["{", "}"]) }).send(get());
    expect(response.headers.get("content-encoding")).toBeNull();
    expect(await response.text()).toBe("{}");
  });

  test("is waited for until the end of the turn, so that little of it is sent as it is", async () => {
    const body = () => {
      const incoming = content(["{"], { isOver: false });
      queueMicrotask(() => {
        incoming.push(Buffer.from("}"));
        incoming.finish();
      });
      return incoming;
    };
    const response = await chain({ body }).send(get());
    expect(response.headers.get("content-encoding")).toBeNull();
    expect(await response.text()).toBe("{}");
  });

  test("is not waited for any longer", async () => {
    const incoming = content(["{"], { isOver: false });
    const response = await chain({ body: incoming }).send(get());
    expect(response.headers.get("content-encoding")).toBe("zstd");
    incoming.push(Buffer.from("}"));
    incoming.finish();
    expect(await decoded(response)).toBe("{}");
  });

  test("becomes a problem if it breaks off before anything of it has been sent", async () => {
    const incoming = content(["{"], { isOver: false });
    queueMicrotask(() => incoming.fail(new Error("the backend left")));
    const failure = await rejection(chain({ body: incoming }).send(get()));
    expect(failure).toEqual(new Error("the backend left"));
  });

  test("is compressed as it passes if it has trailers that nobody announced", async () => {
    const incoming = content([JSON_10K], { isOver: false });
    incoming.finish([{ name: "x-sum", value: "1", line: "x-sum: 1\r\n" }]);
    const policy = policyFrom(compress.route, true)!;
    const { exchange } = await opened();
    const answer = (await policy.response!(exchange, answerWith(incoming, TYPE)))!;
    const reader = answer.body as ContentReader;
    let result = await reader.read();
    while (!result.done) result = await reader.read();
    expect(reader.trailers?.map(({ name }) => name)).toEqual(["x-sum"]);
  });

  test("is sent as it is while too much is being compressed", async () => {
    const policy = policyFrom(compress.route, { algorithms: ["br"] }, new FakeClock())!;
    const text = jsonOf(100_000);
    const codings: (string | null)[] = [];
    const open: Answer[] = [];
    for (let count = 0; count < 100; count += 1) {
      const { exchange } = await opened();
      const given = answerWith(content([text], { length: text.length }), TYPE);
      const answer = (await policy.response!(exchange, given)) ?? given;
      codings.push(answer.fields.get("content-encoding"));
      open.push(answer);
    }
    expect(codings[0]).toBe("br");
    expect(codings.at(-1)).toBeNull();
    expect(open.at(-1)!.fields.get("vary")).toBe("Accept-Encoding");
    for (const answer of open) answer.discard("enough");
    const { exchange } = await opened();
    const given = answerWith(content([text], { length: text.length }), TYPE);
    const answer = (await policy.response!(exchange, given))!;
    expect(answer.fields.get("content-encoding")).toBe("br");
    answer.discard("enough");
  });

  /** An exchange that accepts everything. */
  async function opened() {
    const seen = new Chain([], () => new Answer(null));
    await seen.send(get());
    return { exchange: seen.asked[0]! };
  }
});

describe("the configuration", () => {
  test("has defaults", () => {
    expect(decodeConfig(compress.route, {})).toEqual({
      algorithms: ["zstd", "br", "gzip"],
      levels: { zstd: 3, br: 4, gzip: 5 },
      min_size: 1_024,
      types: [],
      with_credentials: false,
    });
  });

  test("may say how small answers are, and of which types", async () => {
    expect(await codingOf({ body: "x".repeat(100) }, get(), { min_size: 100 })).toBe("zstd");
    expect(await codingOf({}, get(), { types: ["text/*"] })).toBeNull();
    for (const body of [null, "", () => content([])]) {
      expect(await codingOf({ body }, get(), { min_size: 0 })).toBeNull();
    }
    const fields = { "content-type": "model/gltf" };
    expect(await codingOf({ fields }, get(), { types: ["model/*"] })).toBe("zstd");
  });

  test("is told what cannot be", () => {
    expect(issuesOf(compress.route, { algorithms: ["br", "gzip", "br"], types: ["json"] })).toEqual(
      [
        { path: ["algorithms", 2], message: "`br` is listed twice" },
        {
          path: ["types", 0],
          message: "`json` is not a media type; write one like application/json, text/* or *+json",
        },
      ],
    );
    expect(
      issuesOf(compress.route, { types: ["text/html", "image/*", "Application/ZIP"] }),
    ).toEqual(
      ["image/*", "Application/ZIP"].map((type, index) => ({
        path: ["types", index + 1],
        message: `content of \`${type}\` is compressed already, and will hardly get smaller`,
        severity: "warning",
      })),
    );
    expect(issuesOf(compress.route, true)).toEqual([]);
  });
});
