import { describe, expect, test } from "bun:test";
import { FieldList } from "../../../../src/http/field-list.ts";
import { Answer, type AnswerBody, isReader } from "../../../../src/pipeline/answer.ts";
import type { ContentReader } from "../../../../src/pipeline/content.ts";
import { GatewayError } from "../../../../src/pipeline/errors.ts";
import { transformResponse } from "../../../../src/policies/transform/response.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { fieldsOf, linesOf } from "../../../support/fields.ts";
import { type Opening, openExchange } from "../../pipeline/opening.ts";
import { rejection } from "../../proxy/network.ts";
import { issuesOf, policyFrom } from "../chain.ts";

const scope = transformResponse.route;
const JSON_TYPE = ["Content-Type", "application/json"];
const EDIT = { json: { set: { a: 2 } } };

function answerWith(body: AnswerBody, fields: readonly string[] = JSON_TYPE, status = 200) {
  return new Answer(body, { status, fields: new FieldList([...fieldsOf(...fields)]) });
}

/** The answer that the client gets. */
async function transformed(
  config: unknown,
  answer: Answer,
  opening: Opening = {},
  log: string[] = [],
): Promise<Answer> {
  const policy = policyFrom(scope, config, new FakeClock(), "/things", undefined, (_, message) =>
    log.push(message),
  );
  const exchange = openExchange(opening);
  void policy?.request?.(exchange);
  return (await policy?.response?.(exchange, answer)) ?? answer;
}

async function textOf({ body }: Answer): Promise<string> {
  if (body === null) return "";
  if (typeof body === "string") return body;
  if (!isReader(body)) return Buffer.from(body).toString();
  const pieces: Uint8Array[] = [];
  for (;;) {
    const { value } = await body.read();
    if (value === undefined) return Buffer.concat(pieces).toString();
    pieces.push(value);
  }
}

/** Content in pieces, of unknown length unless one is given. */
function pieces(list: readonly string[], length?: number): ContentReader & { cancelled: boolean } {
  const left = list.map((piece) => Buffer.from(piece));
  return {
    length,
    trailers: undefined,
    cancelled: false,
    async read() {
      await Promise.resolve();
      const value = left.shift();
      return { done: value === undefined, value };
    },
    cancel() {
      this.cancelled = true;
      return Promise.resolve();
    },
  };
}

describe("an answer's fields", () => {
  test("are removed, set and added in this order", async () => {
    const config = {
      headers: {
        set: { "X-Frame-Options": "DENY", "Cache-Control": "no-store" },
        add: { "Set-Cookie": ["a=1", "b=2"] },
        remove: ["Server", "x-powered-by"],
      },
    };
    const given = answerWith(
      "x",
      "server nginx cache-control public X-Powered-By php cache-control max-age=1 Set-Cookie c=3".split(
        " ",
      ),
    );
    const { fields } = await transformed(config, given);
    expect(linesOf(fields.list)).toBe(
      "Cache-Control: no-store\r\nSet-Cookie: c=3\r\nX-Frame-Options: DENY\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n",
    );
  });

  test("take values of the request, in which nothing can begin a field of its own", async () => {
    const config = { headers: { set: { "x-q": "{query.q}", "x-none": "{query.none}" } } };
    const url = "http://gateway.test/?q=a%0d%0aSet-Cookie:%20x";
    const { fields } = await transformed(config, answerWith("x", ["x-none", "1"]), { url });
    expect(linesOf(fields.list)).toBe("x-q: a%0D%0ASet-Cookie: x\r\n");
  });

  test("of the gateway's own errors stay as they are", async () => {
    const policy = policyFrom(scope, { headers: { set: { "cache-control": "max-age=3600" } } });
    const exchange = openExchange();
    exchange.fail("backend_timeout", "no answer");
    const answer = answerWith("{}");
    expect(policy?.response?.(exchange, answer)).toBeUndefined();
    expect(answer.fields.has("cache-control")).toBe(false);
  });

  test("of a WebSocket's refusal are the backend's, and are changed", () => {
    const policy = policyFrom(scope, { headers: { set: { "x-a": "1" } } });
    const exchange = openExchange();
    exchange.fail("websocket_refused", "no");
    const answer = answerWith("{}");
    void policy?.response?.(exchange, answer);
    expect(answer.fields.get("x-a")).toBe("1");
  });
});

describe("an answer's JSON content", () => {
  test("is changed, and what the fields say about it as well", async () => {
    const given = answerWith(Buffer.from('{"a":1}'), [
      ...JSON_TYPE,
      ...'Content-Length 7 ETag "abc" Accept-Ranges bytes Repr-Digest x Content-MD5 x'.split(" "),
      "Last-Modified",
      "yesterday",
    ]);
    const answer = await transformed({ json: { set: { a: 1000 } } }, given);
    expect(await textOf(answer)).toBe('{"a":1000}');
    expect(linesOf(answer.fields.list)).toBe(
      'Content-Type: application/json\r\nETag: W/"abc"\r\nLast-Modified: yesterday\r\nContent-Length: 10\r\n',
    );
  });

  test("has no validators if it depends on the exchange", async () => {
    const fields = [...JSON_TYPE, "ETag", '"abc"', "Last-Modified", "yesterday"];
    const config = { json: { set: { by: "{client.ip}" } } };
    const answer = await transformed(config, answerWith("{}", fields));
    expect(await textOf(answer)).toBe('{"by":"192.0.2.1"}');
    expect(answer.fields.has("etag")).toBe(false);
    expect(answer.fields.has("last-modified")).toBe(false);
  });

  test("keeps its status and its other fields", async () => {
    const given = new Answer('{"a":1}', {
      status: 404,
      statusText: "Nope",
      fields: new FieldList([...fieldsOf(...JSON_TYPE, "X-A", "1")]),
    });
    const answer = await transformed(EDIT, given);
    expect([answer.status, answer.statusText]).toEqual([404, "Nope"]);
    expect(answer.fields.get("x-a")).toBe("1");
  });

  test.each([undefined, 15])(
    "is read whole if it comes in pieces, of length %p",
    async (length) => {
      const body = pieces(['{"a":', "1", ',"b":[1]}'], length);
      const answer = await transformed(EDIT, answerWith(body));
      expect(await textOf(answer)).toBe('{"a":2,"b":[1]}');
      expect(answer.fields.get("content-length")).toBe("15");
      expect(body.cancelled).toBe(false);
    },
  );

  test("that turns out too large passes whole", async () => {
    const log: string[] = [];
    const body = pieces(['{"a":', "1", ',"b":[1]}']);
    const config = { json: { ...EDIT.json, max_size: 6 } };
    const answer = await transformed(config, answerWith(body), {}, log);
    expect(await textOf(answer)).toBe('{"a":1,"b":[1]}');
    expect(answer.fields.has("content-length")).toBe(false);
    expect(log.join()).toContain("an answer's content passed unchanged, because it is larger");
  });

  test("that is announced too large is not read", async () => {
    const body = pieces(["x"], 7);
    const given = answerWith(body);
    expect(await transformed({ json: { ...EDIT.json, max_size: 6 } }, given)).toBe(given);
  });

  test("that breaks off is an error", async () => {
    const body = pieces([]);
    body.read = () => Promise.reject(new GatewayError("backend_answer_incomplete", "cut"));
    expect(await rejection(transformed(EDIT, answerWith(body)))).toMatchObject({
      code: "backend_answer_incomplete",
    });
  });

  test("that is not valid passes as it came, with its trailers", async () => {
    const body = { ...pieces(['{"a":', "1"]), trailers: fieldsOf("x-sum", "1") };
    const answer = await transformed(EDIT, answerWith(body));
    expect(await textOf(answer)).toBe('{"a":1');
    expect(isReader(answer.body) && linesOf(answer.body.trailers ?? [])).toBe("x-sum: 1\r\n");
  });

  test.each([
    ["text/event-stream", [], 200],
    ["application/grpc+json", [], 200],
    ["application/json", ["Content-Encoding", "br"], 200],
    ["application/json", ["Content-Range", "bytes 0-6/100"], 206],
  ])("passes unread: %s %j %d", async (type, fields, status) => {
    const given = answerWith(pieces(['{"a":1}']), ["Content-Type", type, ...fields], status);
    expect(await transformed(EDIT, given)).toBe(given);
    expect(await textOf(given)).toBe('{"a":1}');
  });

  test("keeps its validators where nothing changes", async () => {
    const given = answerWith('{"b":1}', [...JSON_TYPE, "ETag", '"abc"']);
    expect(await transformed({ json: { remove: ["a"] } }, given)).toBe(given);
    expect(given.fields.get("etag")).toBe('"abc"');
  });

  test("that HEAD does not get is described as for GET, without a length", async () => {
    const fields = ["Content-Length", "7", "ETag", '"abc"', "X-A", "1"];
    const opening = { method: "HEAD" };
    const json = await transformed(EDIT, answerWith(null, [...JSON_TYPE, ...fields]), opening);
    expect(linesOf(json.fields.list)).toBe(
      'Content-Type: application/json\r\nETag: W/"abc"\r\nX-A: 1\r\n',
    );
    const html = ["Content-Type", "text/html", ...fields];
    const other = await transformed(EDIT, answerWith(null, html), opening);
    expect(linesOf(other.fields.list)).toContain('ETag: "abc"\r\n');
  });

  test("that the client has is confirmed under the tag that the client knows", async () => {
    const answer = await transformed(EDIT, answerWith(null, ["ETag", '"abc"'], 304));
    expect(answer.fields.get("etag")).toBe('W/"abc"');
  });

  test("is not there in a 204", async () => {
    const given = answerWith(null, [], 204);
    expect(await transformed(EDIT, given)).toBe(given);
  });
});

describe("what a backend is asked for an answer whose JSON is changed", () => {
  const asked = (fields: Record<string, string>, config: unknown = EDIT) => {
    const exchange = openExchange({ fields });
    void policyFrom(scope, config)?.request?.(exchange);
    return exchange.outgoing;
  };

  test("is all of it, without a coding", () => {
    const outgoing = asked({ "accept-encoding": "br, gzip", range: "bytes=0-", "if-range": '"a"' });
    expect(outgoing.get("accept-encoding")).toBe("identity");
    expect(outgoing.get("range")).toBeNull();
    expect(outgoing.get("if-range")).toBeNull();
  });

  test("names the backend's tags, not the weakened ones", () => {
    expect(asked({ "if-match": 'W/"a", "b",W/"W/c"' }).get("if-match")).toBe('"a", "b","W/c"');
    expect(asked({ "if-match": "*" }).get("if-match")).toBe("*");
    expect(asked({ "if-none-match": 'W/"a"' }).get("if-none-match")).toBe('W/"a"');
  });

  test("stays as it is if only fields are changed", () => {
    const outgoing = asked({ range: "bytes=0-" }, { headers: { remove: ["server"] } });
    expect(outgoing.get("range")).toBe("bytes=0-");
  });
});

describe("an answer's transformation", () => {
  test("is none under `false`", () => {
    expect(policyFrom(scope, false)).toBeUndefined();
  });

  test.each([
    [{ headers: { set: { "Content-Length": "1" } } }, "framing"],
    [{ headers: { remove: ["transfer-encoding"] } }, "framing"],
    [{ headers: { add: { "X-Request-ID": "1" } } }, "id in the log"],
    [{ headers: { remove: ["Sec-WebSocket-Accept"] } }, "handshake"],
    [{ json: { set: { "*..a": 1 } } }, "missing"],
  ])("is refused: %j", (config, message) => {
    const issues = issuesOf(scope, config);
    expect(issues).toHaveLength(1);
    expect(issues[0]?.message).toContain(message);
  });
});
