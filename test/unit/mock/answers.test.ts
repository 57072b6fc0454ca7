import { describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { converse, mocks, rawRequest } from "./support.ts";

const start = mocks();

function bodyOf(answer: string): unknown {
  return JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4));
}

describe("/echo", () => {
  test("target and fields are reported exactly as they came", async () => {
    const target = "/echo/a%2Fb/../c//d?x=1&y=%20&x=2";
    const fields = ["X-Two: 1", "x-two: 2"];
    const answer = await converse(start().port, rawRequest("PURGE", target, fields));
    expect(bodyOf(answer)).toMatchObject({
      server: "Mock-1",
      method: "PURGE",
      path: "/echo/a%2Fb/../c//d",
      query: "x=1&y=%20&x=2",
      fields: [
        ["Host", "mock"],
        ["Connection", "close"],
        ["X-Two", "1"],
        ["x-two", "2"],
      ],
      body: "",
      body_bytes: 0,
      body_truncated: false,
    });
  });

  test("the body is reported as text with its size in bytes", async () => {
    const answer = await fetch(`${start().url}/echo`, { method: "POST", body: "grüße" });
    expect(await answer.json()).toMatchObject({ method: "POST", body: "grüße", body_bytes: 7 });
  });

  test("a GET may have a body too", async () => {
    const request = `${rawRequest("GET", "/echo", ["Content-Length: 3"])}abc`;
    expect(bodyOf(await converse(start().port, request))).toMatchObject({ body: "abc" });
  });

  test("the client's own socket address is reported", async () => {
    const { port } = start();
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    const pieces: Buffer[] = [];
    const socket = connect(port, "127.0.0.1", () => {
      resolve(socket.localPort);
      socket.write(rawRequest("GET", "/echo"));
    });
    socket.on("data", (piece: Buffer) => pieces.push(piece));
    await new Promise((ended) => socket.on("close", ended));
    expect(bodyOf(Buffer.concat(pieces).toString())).toMatchObject({
      client: { address: "127.0.0.1", port: await promise },
    });
  });

  test("of a large body the first MiB is reported, and all of it counted", async () => {
    const body = new Uint8Array(3 * 2 ** 20 + 1).fill(97);
    const answer = await fetch(`${start().url}/echo`, { method: "PUT", body });
    const told = (await answer.json()) as { body: string };
    expect(told.body.length).toBe(2 ** 20);
    expect(told).toMatchObject({ body_bytes: body.length, body_truncated: true });
  });

  test("a client that leaves in the middle of its body leaves the mock unharmed", async () => {
    const { port, url } = start();
    const socket = connect(port, "127.0.0.1");
    socket.write(rawRequest("POST", "/echo", ["Content-Length: 10"]) + "abc");
    await fetch(url);
    socket.destroy();
    await new Promise((resolve) => socket.on("close", resolve));
    expect((await fetch(`${url}/echo`)).status).toBe(200);
  });
});

describe("/status", () => {
  test.each([200, 299, 404, 429, 500, 599])("%d is answered with that status", async (status) => {
    const answer = await fetch(`${start().url}/status/${status}`, { redirect: "manual" });
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ server: "Mock-1", status });
  });

  test.each([204, 205, 304])("%d comes without a body", async (status) => {
    const answer = await converse(start().port, rawRequest("GET", `/status/${status}`));
    expect(answer).toStartWith(`HTTP/1.1 ${status} `);
    expect(answer).not.toContain("chunked");
    expect(answer).toEndWith("\r\n\r\n");
  });

  test.each(["100", "101", "199", "600", "abc", "20x"])(
    "%s, which is no final status, is answered with 400 and the range",
    async (status) => {
      const answer = await fetch(`${start().url}/status/${status}`);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toEqual({
        server: "Mock-1",
        error: `code is "${status}"; expected a whole number from 200 to 599`,
      });
    },
  );

  test("a request body that nobody reads does not disturb the next request", async () => {
    const { port } = start();
    const body = "x".repeat(200_000);
    const answer = await converse(
      port,
      `POST /status/200 HTTP/1.1\r\nHost: mock\r\nContent-Length: ${body.length}\r\n\r\n${body}` +
        rawRequest("GET", "/status/418"),
    );
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 418"]);
  });
});

describe("/delay", () => {
  test("the answer comes after that long", async () => {
    const begun = performance.now();
    const answer = await fetch(`${start().url}/delay/20ms`);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(19);
    expect(await answer.json()).toEqual({ server: "Mock-1", delay: "20ms" });
  });

  test("no delay at all is a delay, too", async () => {
    expect((await fetch(`${start().url}/delay/0`)).status).toBe(200);
  });

  test.each(["10", "601s", "-1s", "2h", "1e3ms"])("%s is answered with 400", async (duration) => {
    const answer = await fetch(`${start().url}/delay/${duration}`);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      error: expect.stringContaining("expected a duration from 0ms to 10m"),
    });
  });
});

describe("/redirect", () => {
  test.each([301, 302, 303, 307, 308])("%d points to the given target", async (status) => {
    const target = `${start().url}/redirect/${status}?to=/echo%3Fa=1`;
    const answer = await fetch(target, { redirect: "manual" });
    expect(answer.status).toBe(status);
    expect(answer.headers.get("location")).toBe("/echo?a=1");
  });

  test("without ?to= it points to the root", async () => {
    const answer = await fetch(`${start().url}/redirect/302`, { redirect: "manual" });
    expect(answer.headers.get("location")).toBe("/");
  });

  test.each(["300", "304", "200", "302?to=", "302?to=/a%0d%0aX:1"])(
    "%s is answered with 400",
    async (rest) => {
      const answer = await fetch(`${start().url}/redirect/${rest}`, { redirect: "manual" });
      expect(answer.status).toBe(400);
    },
  );
});

describe("/cookies and /gzip", () => {
  test("two cookies come in two Set-Cookie fields", async () => {
    const answer = await fetch(`${start().url}/cookies`);
    expect(answer.headers.getSetCookie()).toEqual([
      "session=mock; Path=/; HttpOnly",
      "theme=dark; Path=/",
    ]);
  });

  test("the gzip body is compressed and its Content-Length that of the compressed bytes", async () => {
    const answer = await fetch(`${start().url}/gzip`, { decompress: false });
    const body = await answer.bytes();
    expect(answer.headers.get("content-encoding")).toBe("gzip");
    expect(answer.headers.get("content-length")).toBe(String(body.length));
    expect(
      JSON.parse(new TextDecoder().decode(Bun.gunzipSync(new Uint8Array(body)))),
    ).toMatchObject({
      server: "Mock-1",
    });
  });
});
