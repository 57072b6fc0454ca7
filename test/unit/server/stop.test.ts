import { describe, expect, test } from "bun:test";
import { rowsIn } from "../telemetry/access-log/support.ts";
import { ask, problemOf } from "../../support/ask.ts";
import { eventually } from "../../support/eventually.ts";
import { answer, startRawBackend } from "../../support/raw-backend.ts";
import { createStage } from "../../support/stage.ts";
import { mockBackend, start, UNCHECKED } from "./running.ts";

const stage = createStage();

async function refuses(url: string): Promise<boolean> {
  try {
    await ask(url);
    return false;
  } catch {
    return true;
  }
}

describe("stopping", () => {
  test("with nothing in flight cuts nothing and closes the ports", async () => {
    const { url, adminUrl, stop } = start(
      stage,
      `
admin: { listen: "127.0.0.1:0" }
routes: [{ path: /a, backends: ["${mockBackend(stage)}"] }]`,
    );
    expect(await stop()).toEqual({ cut: 0, lostRows: 0 });
    expect(await refuses(`${url}/health`)).toBe(true);
    expect(await refuses(`${adminUrl}/admin/log`)).toBe(true);
  });

  test("lets exchanges in flight finish, accepts nothing new, and writes the log out", async () => {
    const backend = await startRawBackend(stage);
    const asked = backend.next();
    const { url, stop, database } = start(
      stage,
      UNCHECKED + `routes: [{ path: /a, backends: ["${backend.url}"] }]`,
    );
    const slow = ask(`${url}/a`);
    const request = await asked;
    const stopped = stop();
    await eventually(() => refuses(`${url}/health`));
    request.send(answer(["Content-Type: text/plain"], "late"));
    expect(await (await slow).text()).toBe("late");
    expect(await stopped).toEqual({ cut: 0, lostRows: 0 });
    expect(rowsIn(database)).toMatchObject([{ path: "/a", status_code: 200 }]);
  });

  test("in a hurry cuts exchanges in flight at once", async () => {
    const backend = await startRawBackend(stage);
    const asked = backend.next();
    const { url, stop, database } = start(
      stage,
      UNCHECKED + `routes: [{ path: /a, backends: ["${backend.url}"] }]`,
      { server: ", shutdown_timeout: 30d" },
    );
    const outcome = ask(`${url}/a`);
    await asked;
    const hurry = new AbortController();
    const stopped = stop(hurry.signal);
    hurry.abort();
    expect(await stopped).toEqual({ cut: 1, lostRows: 0 });
    expect((await outcome).status).toBe(503);
    expect(rowsIn(database)).toMatchObject([{ path: "/a", error_code: "gateway_stopping" }]);
  });

  test("cuts exchanges in flight when time is up, and says how many", async () => {
    const backend = await startRawBackend(stage);
    const asked = backend.next();
    const { url, stop, database } = start(
      stage,
      UNCHECKED + `routes: [{ path: /a, backends: ["${backend.url}"] }]`,
      {
        server: ", shutdown_timeout: 50ms",
      },
    );
    const outcome = ask(`${url}/a`);
    const request = await asked;
    expect(await stop()).toEqual({ cut: 1, lostRows: 0 });
    expect(await problemOf(await outcome)).toMatchObject({ code: "gateway_stopping" });
    await request.closed;
    expect(rowsIn(database)).toMatchObject([{ path: "/a", error_code: "gateway_stopping" }]);
  });
});
