import { describe, expect, test } from "bun:test";
import { targetOf } from "../../../src/http/target.ts";
import type { Outgoing } from "../../../src/pipeline/outgoing.ts";
import type { OutgoingRules } from "../../../src/pipeline/outgoing-fields.ts";
import { type Opening, openExchange } from "./opening.ts";

/** The fields that a backend gets for a request with these. */
function prepared(
  fields: Record<string, string>,
  client: Opening["client"] = {},
  rules: Partial<OutgoingRules> = {},
) {
  const exchange = openExchange({ fields, client });
  exchange.outgoingRules = { preserveHost: true, sendForwarded: false, ...rules };
  return asRecord(exchange.outgoing.fields);
}

/** Fields by name; one that is there twice fails. */
function asRecord(fields: readonly string[]): Record<string, string> {
  const record: Record<string, string> = {};
  for (let at = 0; at < fields.length; at += 2) {
    const [name = "", value = ""] = fields.slice(at, at + 2);
    expect(record).not.toHaveProperty([name]);
    record[name] = value;
  }
  return record;
}

const added = {
  host: "gateway.test",
  "x-forwarded-for": "192.0.2.1",
  "x-forwarded-proto": "http",
  "x-forwarded-host": "gateway.test",
  "x-real-ip": "192.0.2.1",
  "x-request-id": "request-1",
  via: "1.1 gateway",
};

const claimed = {
  forwarded: "for=203.0.113.9",
  "x-forwarded-for": "203.0.113.9",
  "x-forwarded-host": "shop.test",
  "x-forwarded-port": "8443",
  "x-forwarded-proto": "https",
  "x-real-ip": "203.0.113.9",
  "x-forwarded-prefix": "/shop",
  "true-client-ip": "203.0.113.9",
};

describe("the fields for the backend", () => {
  test("say who asked, for what, and through whom", () => {
    expect(prepared({ "x-mine": "1" })).toEqual({ ...added, "x-mine": "1" });
  });

  test.each([
    ["trailers", "trailers"],
    ["gzip;q=0.5, Trailers", "trailers"],
    ["gzip", undefined],
    ["trailersx", undefined],
  ])("say that the client takes trailers, and nothing else of TE: %s", (te, expected) => {
    expect(prepared({ te, connection: "te" })["te"]).toBe(expected as string);
  });

  test("announce trailers where some can follow", () => {
    const trailer = "X-Sum";
    const announced = (fields: Record<string, string>, body?: Opening["body"]) =>
      openExchange({ method: "POST", fields, ...(body !== undefined && { body }) }).outgoing.get(
        "trailer",
      );
    const chunked = { trailer, "transfer-encoding": "chunked" };
    expect(announced(chunked, "abc")).toBe(trailer);
    expect(announced({ trailer, "content-length": "3" }, "abc")).toBeNull();
    expect(announced({ ...chunked, connection: "trailer" }, "abc")).toBeNull();
    expect(announced({ trailer })).toBeNull();
  });

  test("hold nothing that was for this connection only, nor Expect", () => {
    expect(
      prepared({
        connection: "keep-alive, x-mine",
        "x-mine": "1",
        "keep-alive": "timeout=5",
        te: "gzip;q=0.5",
        "transfer-encoding": "chunked",
        upgrade: "websocket",
        expect: "100-continue",
      }),
    ).toEqual(added);
  });

  test("do not hold what a client claims about itself", () => {
    expect(prepared({ ...claimed, "x-request-id": "mine" })).toEqual(added);
  });

  test("hold the value of a trusted proxy, with the proxy after it", () => {
    const client = { peer: "10.0.0.1", address: "203.0.113.9", viaTrustedProxy: true };
    expect(prepared(claimed, client)).toEqual({
      ...added,
      ...claimed,
      "x-forwarded-for": "203.0.113.9, 10.0.0.1",
    });
  });

  test("name scheme and host for a trusted proxy that says nothing of them", () => {
    const client = { peer: "10.0.0.1", protocol: "https", viaTrustedProxy: true } as const;
    expect(prepared({}, client)).toMatchObject({
      "x-forwarded-proto": "https",
      "x-forwarded-host": "gateway.test",
    });
  });

  test("keep all proxies in Via", () => {
    expect(prepared({ via: "1.0 fred" })["via"]).toBe("1.0 fred, 1.1 gateway");
  });

  test("cannot lose what the gateway adds to a Connection field that names it", () => {
    const names = [...Object.keys(added), "user-agent"].join(", ");
    expect(prepared({ connection: names, "user-agent": "curl", ...claimed })).toEqual(added);
  });

  // Proxies pass Connection on more often than they should, and a client would hide behind that.
  test("keep what a trusted proxy says of the client, whatever a Connection field names", () => {
    const connection = ["close", ...Object.keys(claimed), "via", "x-mine"].join(", ");
    const client = { peer: "10.0.0.1", address: "203.0.113.9", viaTrustedProxy: true };
    expect(prepared({ connection, ...claimed, "x-mine": "1" }, client)).toEqual({
      ...added,
      ...claimed,
      "x-forwarded-for": "203.0.113.9, 10.0.0.1",
    });
  });

  test("have no X-Forwarded-Host for an HTTP/1.0 request without Host", () => {
    const exchange = openExchange({ host: null });
    exchange.outgoingRules = { preserveHost: true, sendForwarded: true };
    const fields = asRecord(exchange.outgoing.fields);
    expect(fields).not.toHaveProperty("x-forwarded-host");
    expect(fields["forwarded"]).toBe("for=192.0.2.1;proto=http");
  });

  test("name one host in X-Forwarded-Host, whose comma does not make two", () => {
    const fields = asRecord(openExchange({ host: "a,b.test" }).outgoing.fields);
    expect(fields["host"]).toBe("a,b.test");
    expect(fields["x-forwarded-host"]).toBe("a%2Cb.test");
  });

  test("hold the client's User-Agent, and none where it sent none", () => {
    expect(prepared({ "user-agent": "curl/8.0" })["user-agent"]).toBe("curl/8.0");
    expect(prepared({})).not.toHaveProperty("user-agent");
  });

  test("leave Host to the backend's own where the route says so", () => {
    const fields = prepared({}, {}, { preserveHost: false });
    expect(fields).not.toHaveProperty("host");
    expect(fields["x-forwarded-host"]).toBe("gateway.test");
  });

  test("leave the request as it came", () => {
    const exchange = openExchange({ fields: { upgrade: "websocket", connection: "upgrade" } });
    exchange.outgoing.set("x-mine", "1");
    expect(exchange.fields.has("x-mine")).toBe(false);
    expect(exchange.fields.get("upgrade")).toBe("websocket");
    expect(exchange.fields.has("via")).toBe(false);
  });

  test("hold Forwarded where that is wanted, in place of what a client claims", () => {
    const { forwarded } = prepared(claimed, {}, { sendForwarded: true });
    expect(forwarded).toBe('for=192.0.2.1;host="gateway.test";proto=http');
  });

  test("hold Forwarded after the value of a trusted proxy", () => {
    const client = { peer: "2001:db8::1", protocol: "https", viaTrustedProxy: true } as const;
    const { forwarded } = prepared(claimed, client, { sendForwarded: true });
    expect(forwarded).toBe('for=203.0.113.9, for="[2001:db8::1]";host="gateway.test";proto=http');
  });
});

describe("Max-Forwards", () => {
  const sent = (value: string, method = "OPTIONS") =>
    openExchange({ method, fields: { "max-forwards": value } }).outgoing.get("max-forwards");

  test("of an OPTIONS request is one less for the backend", () => {
    expect(sent("3")).toBe("2");
  });

  test.each(["", "-1", "many", "1.5", "12345678901"])("that is %p is passed on", (value) => {
    expect(sent(value)).toBe(value);
  });

  test("of another method is passed on", () => {
    expect(sent("0", "GET")).toBe("0");
  });
});

describe("a field that a policy sets", () => {
  const sent = (
    fields: NonNullable<Opening["fields"]>,
    change: (outgoing: Outgoing) => void,
  ): string[] => {
    const { outgoing } = openExchange({ fields });
    change(outgoing);
    return outgoing.fields.flatMap((text, at) =>
      at % 2 === 0 && /x.user/.test(text) ? [`${text}: ${outgoing.fields[at + 1]}`] : [],
    );
  };
  const claims: [string, string][] = [
    ["X-User", "mallory"],
    ["x-USER", "eve"],
    ["x_user", "mallory"],
    ["X.User", "mallory"],
    ["x~user", "mallory"],
  ];

  test("stands in the place of all that could be taken for it", () => {
    expect(sent(claims, (outgoing) => outgoing.set("X-User", "alice"))).toEqual(["x-user: alice"]);
  });

  test("is what the last policy has set", () => {
    expect(
      sent(claims, (outgoing) => {
        outgoing.set("x-user", "bob");
        outgoing.set("X_User", "alice");
      }),
    ).toEqual(["x_user: alice"]);
  });

  test("may be appended to existing ones, under its own name only", () => {
    expect(sent(claims, (outgoing) => outgoing.append("X-User", "alice"))).toEqual([
      "x-user: mallory",
      "x-user: eve",
      "x-user: alice",
    ]);
  });

  test("may be removed in all spellings", () => {
    expect(sent(claims, (outgoing) => outgoing.remove("X-User"))).toEqual([]);
  });

  test("leaves names alone that differ in a letter or in length", () => {
    const others: [string, string][] = [
      ["x-users", "1"],
      ["xx-user", "2"],
      ["x1user", "3"],
    ];
    expect(sent(others, (outgoing) => outgoing.set("x-user", "alice"))).toEqual([
      "x-users: 1",
      "xx-user: 2",
      "x1user: 3",
      "x-user: alice",
    ]);
  });

  test("is the value without the blanks around it", () => {
    expect(sent({}, (outgoing) => outgoing.set("x-user", " \talice b\t "))).toEqual([
      "x-user: alice b",
    ]);
  });

  test.each(["a\r\nx-admin: 1", "a\nb", "a\0", "a\u007F", "\u0416"])(
    "cannot have the value %p",
    (value) => {
      expect(() => openExchange().outgoing.set("x-user", value)).toThrow("not a field value");
    },
  );

  test.each(["", "x user", "x-user:", "x\r\n", "\u00E4"])("cannot have the name %p", (name) => {
    expect(() => openExchange().outgoing.set(name, "alice")).toThrow("not a field name");
  });

  test.each(["Connection", "Transfer-Encoding", "Content-Length", "TE", "Upgrade", "Expect"])(
    "cannot be %s, which is not a policy's to decide",
    (name) => {
      const { outgoing } = openExchange();
      for (const change of ["set", "append"] as const) {
        expect(() => outgoing[change](name, "1")).toThrow(`the field ${name.toLowerCase()}`);
      }
      expect(() => outgoing.remove(name)).toThrow(`the field ${name.toLowerCase()}`);
    },
  );
});

describe("the outgoing request", () => {
  test("is the client's until a policy changes it", () => {
    const { outgoing } = openExchange({ url: "http://gateway.test/a%20b?c=d", method: "PUT" });
    expect(outgoing).toMatchObject({
      method: "PUT",
      path: "/a%20b",
      query: "?c=d",
      host: "gateway.test",
    });
  });

  test("takes another path, in the one spelling that the gateway sends", () => {
    const { outgoing } = openExchange();
    outgoing.path = "/v2//%41%c3%a9%2fb";
    expect(outgoing.path).toBe("/v2/A%C3%A9%2Fb");
  });

  test.each(["/a/../b", "/a/%2e%2e/b", "/a/..%2fb", "/a/.", "/a/..;b/c", "/%00", "/%zz"])(
    "refuses the path %p with the client's 400",
    (path) => {
      const { outgoing } = openExchange();
      expect(() => (outgoing.path = path)).toThrow("after rewriting, the path contains");
    },
  );

  test.each(["", "a", "/a b", "/a?b", "/a#b", "/a\r\n", "/\u00E4"])(
    "cannot be for the path %p",
    (path) => {
      const { outgoing } = openExchange();
      expect(() => (outgoing.path = path)).toThrow(TypeError);
    },
  );

  test("takes another query, or none", () => {
    const { outgoing } = openExchange({ url: "http://gateway.test/?a" });
    outgoing.query = "?b=/?";
    expect(outgoing.query).toBe("?b=/?");
    outgoing.query = "?b=\xE9\xFF";
    expect(outgoing.query).toBe("?b=\xE9\xFF");
    outgoing.query = "";
    expect(outgoing.query).toBe("");
  });

  test.each(["a=b", "?a b", "?a#b", "?a\n", "?\u0100"])("cannot have the query %p", (query) => {
    const { outgoing } = openExchange();
    expect(() => (outgoing.query = query)).toThrow(TypeError);
  });

  test("takes another host, or the backend's own", () => {
    const { outgoing } = openExchange();
    outgoing.host = "users.internal:81";
    expect(outgoing.host).toBe("users.internal:81");
    outgoing.host = undefined;
    expect(outgoing.host).toBeUndefined();
    expect(outgoing.fields).not.toContain("host");
    expect(() => (outgoing.host = "a b")).toThrow(TypeError);
  });

  test("is one for all who ask", () => {
    const exchange = openExchange();
    expect(exchange.outgoing).toBe(exchange.outgoing);
  });
});

describe("the path that a route preserves", () => {
  function pathOf(written: string) {
    const exchange = openExchange();
    exchange.target = targetOf("GET", written, "gateway.test");
    exchange.outgoingRules = { preserveHost: true, preservePath: true, sendForwarded: false };
    return exchange.outgoing.path;
  }

  test.each([
    "/a//b/./c",
    "/%61%c3%a9/%2E/b%2fc",
    "/caf\u00C3\u00A9",
    "//a",
    "/a/",
    '/"<>',
    "/..a",
  ])("is sent as it was written: %p", (written) => {
    expect(pathOf(written)).toBe(written);
  });

  test.each(["/a/../b", "/a//../b", "/a/%2e%2E/b", "/a/..", "/a/.%2e"])(
    "is refused if it leads elsewhere: %p",
    (written) => {
      expect(() => pathOf(written)).toThrow('the path contains a ".." segment');
    },
  );
});
