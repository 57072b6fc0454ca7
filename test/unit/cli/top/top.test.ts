import { afterEach, expect, test } from "bun:test";
import type { Screen } from "../../../../src/cli/screen.ts";
import { topCommand } from "../../../../src/cli/top/top.ts";
import { eventually } from "../../../support/eventually.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { FakeConsole, given } from "../fake-console.ts";
import { row, second } from "./support.ts";

/** A terminal of memory: the last screen that was drawn. */
class FakeScreen implements Screen {
  width = 100;
  height = 20;
  shown = "";
  isClosed = false;
  type: (text: string) => void = () => {};
  resize: () => void = () => {};

  write(text: string): void {
    this.shown = text;
  }

  onInput(listener: (bytes: Uint8Array) => void): void {
    this.type = (text) => listener(Buffer.from(text));
  }

  onResize(listener: () => void): void {
    this.resize = listener;
  }

  close(): void {
    this.isClosed = true;
  }
}

const servers: Bun.Server<undefined>[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) void server.stop(true);
});

/** An operator's port that tells what a test says. */
function adminPort() {
  const asked: string[] = [];
  const streams = new Set<ReadableStreamDefaultController<Uint8Array>>();
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch({ url }) {
      const { pathname, search } = new URL(url);
      asked.push(pathname + search);
      if (pathname === "/admin/api/session") return Response.json({ authenticated: true });
      if (pathname === "/admin/api/backends") return Response.json({ backends: [] });
      if (pathname.startsWith("/admin/api/exchanges/")) {
        const decisions = { route: { outcome: "matched", id: "/api/users/*" } };
        return Response.json({ row: { ...row(), decisions } });
      }
      let own: ReadableStreamDefaultController<Uint8Array>;
      const stream = new ReadableStream<Uint8Array>({
        start(controller) {
          own = controller;
          streams.add(controller);
        },
        cancel() {
          streams.delete(own);
        },
      });
      return new Response(stream, { headers: { "content-type": "text/event-stream" } });
    },
  });
  servers.push(server);
  return {
    asked,
    url: `http://127.0.0.1:${server.port}`,
    streams,
    async tell(name: string, data: unknown) {
      await eventually(() => streams.size > 0);
      const text = `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
      for (const controller of streams) controller.enqueue(Buffer.from(text));
    },
    endStreams() {
      for (const controller of streams) controller.close();
      streams.clear();
    },
  };
}

function started(url: string, screen: Screen | undefined) {
  const console = new FakeConsole();
  const clock = new FakeClock();
  const command = topCommand(() => screen, { clock });
  return { console, clock, code: command.run(given({ flags: { admin: url } }), console) };
}

test("what a gateway tells is on the screen, until q is typed", async () => {
  const port = adminPort();
  const screen = new FakeScreen();
  const { code } = started(port.url, screen);
  await port.tell("second", second({ "/api/users/*": 42 }));
  await eventually(() => screen.shown.includes("/api/users/*"));
  expect(screen.shown).toContain("42 req/s");
  screen.width = 60;
  screen.resize();
  expect(screen.shown.split("\r\n").every((line) => Bun.stringWidth(line) <= 60)).toBe(true);
  screen.type("q");
  expect(await code).toBe(0);
  expect(screen.isClosed).toBe(true);
  expect(port.asked).toContain("/admin/api/live?rows=off&history=120");
});

test("a request is opened with everything that its row has", async () => {
  const port = adminPort();
  const screen = new FakeScreen();
  const { code } = started(port.url, screen);
  await port.tell("second", second({}));
  await eventually(() => screen.shown.includes("UTC"));
  screen.type("3");
  await eventually(() => port.asked.includes("/admin/api/live") && port.streams.size === 1);
  await port.tell("rows", { rows: [row({ request_id: "a/b" })], skipped: 0 });
  await eventually(() => screen.shown.includes("/api/users/1"));
  screen.type("\r");
  await eventually(() => screen.shown.includes("route: matched /api/users/*"));
  expect(port.asked).toContain("/admin/api/exchanges/a%2Fb");
  screen.type("\x03");
  expect(await code).toBe(0);
});

test("a gateway that goes away is waited for", async () => {
  const port = adminPort();
  const screen = new FakeScreen();
  const { code, clock } = started(port.url, screen);
  await port.tell("second", second({}));
  port.endStreams();
  await eventually(() => screen.shown.includes("no data: the gateway has ended the stream"));
  clock.advance(1_000);
  await port.tell("second", second({ "/back": 1 }));
  await eventually(() => screen.shown.includes("/back"));
  screen.type("q");
  expect(await code).toBe(0);
});

test("without a gateway it says where it looked", async () => {
  const { console, code } = started("http://127.0.0.1:1", new FakeScreen());
  expect(await code).toBe(1);
  expect(console.complaints).toContain("no gateway answers at http://127.0.0.1:1");
});

test("without a terminal it names what does without", async () => {
  const { console, code } = started(adminPort().url, undefined);
  expect(await code).toBe(1);
  expect(console.complaints).toContain("top needs a terminal; `gateway stats --watch`");
});
