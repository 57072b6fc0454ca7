import { describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { converse, mocks, rawRequest } from "./support.ts";

const start = mocks();

describe("/bytes", () => {
  test.each([
    ["0", 0],
    ["1024", 1024],
    ["64KiB", 65_536],
    ["1.5KB", 1500],
    ["3MiB", 3 * 2 ** 20],
  ])("%s is so many bytes with a Content-Length", async (size, bytes) => {
    const answer = await converse(start().port, rawRequest("GET", `/bytes/${size}`));
    const end = answer.indexOf("\r\n\r\n") + 4;
    expect(answer.slice(0, end)).toContain(`Content-Length: ${bytes}\r\n`);
    expect(answer.slice(0, end)).not.toContain("chunked");
    expect(answer.length - end).toBe(bytes);
  });

  test("the bytes are the same every time", async () => {
    const answer = await fetch(`${start().url}/bytes/20`);
    expect(await answer.text()).toBe("0123456789abcdef0123");
  });

  test("HEAD reports the size of a GiB and sends none of it", async () => {
    const answer = await converse(start().port, rawRequest("HEAD", "/bytes/1GiB"));
    expect(answer).toContain("Content-Length: 1073741824\r\n");
    expect(answer).toEndWith("\r\n\r\n");
  });

  test("a client that leaves in the middle leaves the mock unharmed", async () => {
    const { port, url } = start();
    const socket = connect(port, "127.0.0.1", () => socket.write(rawRequest("GET", "/bytes/1GiB")));
    await new Promise((resolve) => socket.once("data", resolve));
    socket.destroy();
    await new Promise((resolve) => socket.once("close", resolve));
    expect(await (await fetch(`${url}/bytes/3`)).text()).toBe("012");
  });

  test.each(["1.1GiB", "2000000000", "10XB", "-1", "many"])(
    "%s is answered with 400",
    async (size) => {
      const answer = await fetch(`${start().url}/bytes/${size}`);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({
        error: expect.stringContaining("expected a size from 0 to 1GiB"),
      });
    },
  );
});

describe("/stream", () => {
  test("every chunk is one chunk on the wire", async () => {
    const target = "/stream/3?size=4&interval=1ms";
    const answer = await converse(start().port, rawRequest("GET", target));
    expect(answer).toContain("Transfer-Encoding: chunked\r\n");
    expect(answer).toEndWith("\r\n\r\n4\r\n0123\r\n4\r\n0123\r\n4\r\n0123\r\n0\r\n\r\n");
  });

  test("without a size a chunk has 1KiB", async () => {
    expect((await (await fetch(`${start().url}/stream/2`)).bytes()).length).toBe(2048);
  });

  test("HEAD is answered at once, whatever the interval", async () => {
    const answer = await fetch(`${start().url}/stream/9?interval=10m`, { method: "HEAD" });
    expect(answer.status).toBe(200);
  });

  test.each(["100001", "x", "1?size=0", "1?size=2MiB", "1?interval=1", "2000?size=1MiB"])(
    "%s is answered with 400",
    async (rest) => {
      expect((await fetch(`${start().url}/stream/${rest}`)).status).toBe(400);
    },
  );
});

describe("/sse", () => {
  test("with a count the events end", async () => {
    const answer = await fetch(`${start().url}/sse?count=2&interval=1ms`);
    expect(answer.headers.get("content-type")).toBe("text/event-stream");
    expect(await answer.text()).toBe(
      'id: 1\nevent: tick\ndata: {"server":"Mock-1","number":1}\n\n' +
        'id: 2\nevent: tick\ndata: {"server":"Mock-1","number":2}\n\n',
    );
  });

  test("without a count they go on until the client leaves", async () => {
    const abort = new AbortController();
    const answer = await fetch(`${start().url}/sse?interval=1ms`, { signal: abort.signal });
    const decoder = new TextDecoder();
    let seen = "";
    try {
      for await (const piece of answer.body!) {
        seen += decoder.decode(piece);
        if (seen.includes('"number":5')) abort.abort();
      }
    } catch {
      // The abort shows here.
    }
    expect(seen).toContain("id: 5\n");
  });

  test("the first event does not wait for the interval", async () => {
    const answer = await fetch(`${start().url}/sse?interval=10m`);
    const reader = answer.body!.getReader();
    const first = await reader.read();
    expect(new TextDecoder().decode(first.value)).toStartWith("id: 1\n");
    await reader.cancel();
  });

  test.each(["count=x", "count=1000001", "interval=0ms", "interval=11m"])(
    "?%s is answered with 400",
    async (query) => {
      expect((await fetch(`${start().url}/sse?${query}`)).status).toBe(400);
    },
  );
});

describe("/drop", () => {
  test("the connection is closed before any answer", async () => {
    const { port } = start();
    expect(await converse(port, rawRequest("GET", "/drop"))).toBe("");
    expect(await converse(port, rawRequest("DELETE", "/drop"))).toBe("");
  });

  test.each(["0", "5", "300KiB"])(
    "after %s bytes the connection is closed with more promised",
    async (size) => {
      const answer = await converse(start().port, rawRequest("GET", `/drop/${size}`));
      const end = answer.indexOf("\r\n\r\n") + 4;
      const promised = Number(/Content-Length: (\d+)/.exec(answer)?.[1]);
      expect(answer).toStartWith("HTTP/1.1 200 OK\r\n");
      expect(answer.length - end).toBe(size === "300KiB" ? 307_200 : Number(size));
      expect(promised).toBeGreaterThan(answer.length - end);
    },
  );

  test("a size that cannot be is answered with 400", async () => {
    expect((await fetch(`${start().url}/drop/all`)).status).toBe(400);
  });

  test("the mock goes on after a drop", async () => {
    const { port, url } = start();
    await converse(port, rawRequest("GET", "/drop"));
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });
});
