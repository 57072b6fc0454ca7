import { describe, expect, test } from "bun:test";
import {
  AdminClient,
  AdminError,
  configuredAdmin,
  namedAdmin,
  NoGatewayError,
} from "../../../src/cli/admin-client.ts";
import { createStage } from "../../support/stage.ts";
import { configFrom } from "../runtime/world.ts";
import { given, refusal } from "./fake-console.ts";

const stage = createStage();

const ROUTES = `routes: [{ path: /*, respond: { body: ok } }]`;

function configured(top: string, flags = {}) {
  return configuredAdmin(configFrom(`${top}\n${ROUTES}`), given({ flags }));
}

describe("the address of a running gateway", () => {
  test.each([
    ["", "http://127.0.0.1:9090"],
    ["admin: { listen: 127.0.0.1:9999 }", "http://127.0.0.1:9999"],
    ["admin: { listen: localhost:9999 }", "http://localhost:9999"],
    ['admin: { listen: "[::1]:9999" }', "http://[::1]:9999"],
    ["admin: { listen: 0.0.0.0:9999, token: t }", "http://127.0.0.1:9999"],
    ['admin: { listen: "[::]:9999", token: t }', "http://[::1]:9999"],
    [
      "admin: { listen: off, main_port: token, token: t }\nserver: { port: 80 }",
      "http://127.0.0.1:80",
    ],
  ])("by %j is %s", (top, origin) => {
    expect(configured(top).origin).toBe(origin);
  });

  test("has the configuration's token, or that of --token", () => {
    const top = "admin: { listen: 127.0.0.1:9999, token: secret }";
    expect(configured(top).token).toBe("secret");
    expect(configured(top, { token: "other" }).token).toBe("other");
    expect(configured("").token).toBeUndefined();
  });

  test.each([
    ["admin: { listen: off }", "the configuration has no operator port (admin.listen is off)"],
    ["admin: { listen: 127.0.0.1:0 }", "the gateway's log says which port it is"],
  ])("cannot be found by %j", (top, message) => {
    expect(() => configured(top)).toThrow(AdminError);
    expect(() => configured(top)).toThrow(message);
  });

  test("is that of --admin", () => {
    const named = (admin?: string, token?: string) =>
      namedAdmin(given({ flags: { admin, token } }));
    expect(named()).toBeUndefined();
    expect(named("http://gateway:9090", "t")).toEqual({
      origin: "http://gateway:9090",
      token: "t",
    });
    expect(named("https://gateway/admin/")?.origin).toBe("https://gateway");
    expect(named("127.0.0.1:9090")?.origin).toBe("http://127.0.0.1:9090");
  });

  test.each(["", "http://", "http://a b", "http://gateway?x=1", "http://user:secret@gateway"])(
    "is not --admin %j",
    async (admin) => {
      const message = await refusal(() => namedAdmin(given({ flags: { admin } })));
      expect(message).toStartWith("--admin takes ");
    },
  );
});

describe("asking a running gateway", () => {
  function answering(answer: (request: Request) => Response | Promise<Response>, token?: string) {
    const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: answer });
    stage.defer(() => server.stop(true));
    return new AdminClient({ origin: server.url.origin, token });
  }
  const failure = async (client: AdminClient): Promise<AdminError> => {
    try {
      await client.get("/admin/x");
    } catch (error) {
      if (error instanceof AdminError) return error;
    }
    throw new Error("it did not fail");
  };

  test("sends the token, parameters that there are, and JSON", async () => {
    const asked: string[] = [];
    const client = answering(async (request) => {
      const { method, url, headers } = request;
      const { pathname, search } = new URL(url);
      asked.push(`${method} ${pathname}${search} ${headers.get("authorization")}`);
      return Response.json({ sent: await request.text(), type: headers.get("content-type") });
    }, "secret");
    await client.get("/admin/x", { key: "a&b", none: undefined });
    const answer = await client.post("/admin/x", { a: 1 });
    expect(asked).toEqual(["GET /admin/x?key=a%26b Bearer secret", "POST /admin/x Bearer secret"]);
    expect(answer).toEqual({ sent: '{"a":1}', type: "application/json" });
  });

  test("says that none answers", async () => {
    const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
    const { origin } = server.url;
    await server.stop(true);
    const error = await failure(new AdminClient({ origin, token: undefined }));
    expect(error).toBeInstanceOf(NoGatewayError);
    expect(error.message).toBe(
      `no gateway answers at ${origin} (connection refused); is it running? \`--admin URL\` names another address`,
    );
  });

  test.each([
    ["wanted", 401, undefined, "the gateway wants its token: set admin.token"],
    ["wanted", 401, "wrong", "the token is wrong: set admin.token"],
    ["only local\nmore", 403, undefined, "only local"],
    ["no such page; GET /admin\n", 404, undefined, "no such page; GET /admin"],
    ["<html>", 404, undefined, "is no gateway's operator port"],
    ["hello", 200, undefined, "is no gateway's operator port"],
    ["\u001B[31m", 500, undefined, "answered with status 500"],
  ])("says what is wrong with %p (%p)", async (text, status, token, message) => {
    const error = await failure(answering(() => new Response(text, { status }), token));
    expect(error.message).toContain(message);
    expect(error).not.toBeInstanceOf(NoGatewayError);
  });
});
