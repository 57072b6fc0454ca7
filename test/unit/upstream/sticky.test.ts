import { describe, expect, test } from "bun:test";
import { FieldList } from "../../../src/http/field-list.ts";
import type { ClientIdentity } from "../../../src/http/forwarded.ts";
import { Backend } from "../../../src/upstream/backend.ts";
import { RoundRobin } from "../../../src/upstream/balancers/round-robin.ts";
import { cookieText, readCookieValue, withId } from "../../../src/upstream/sticky/cookie-value.ts";
import type { StickyConfig } from "../../../src/upstream/sticky/schema.ts";
import { Sticky } from "../../../src/upstream/sticky/sticky.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { openExchange } from "../pipeline/opening.ts";
import { letters, pool } from "./pool.ts";

const DEFAULTS: StickyConfig = { enabled: true, cookie: "gateway_backend", same_site: "lax" };

interface Setting {
  readonly config?: Partial<StickyConfig>;
  readonly ownSecret?: string;
  readonly backends?: readonly Backend[];
}

/** A sticky balancer, and clients that keep the cookie they are given. */
function world({ config = {}, ownSecret = "a secret", backends = pool(1, 1, 1) }: Setting = {}) {
  const clock = new FakeClock();
  const sticky = new Sticky(new RoundRobin(), { ...DEFAULTS, ...config }, { clock, ownSecret });
  sticky.balance(backends);
  const client = (identity: Partial<ClientIdentity> = {}) => {
    let cookie: string | undefined;
    const ask = (also = "") => {
      const cookies = [also, cookie].filter(Boolean).join("; ");
      return openExchange({ fields: cookies === "" ? {} : { cookie: cookies }, client: identity });
    };
    /** What the answer of a backend sets, which the client keeps. */
    const answer = (backend: Backend, { status = 200, fields = new FieldList() } = {}) => {
      sticky.mark(ask(), backend, { status, fields });
      const set = fields.get("set-cookie");
      if (set !== null) [cookie] = set.split(";");
      return set;
    };
    return {
      ask,
      answer,
      pick: (except?: ReadonlySet<Backend>) => sticky.pick(ask(), except),
      /** Sends a request and gets the answer. */
      visit: () => {
        const backend = sticky.pick(ask())!;
        return { backend, set: answer(backend) };
      },
      get cookie() {
        return cookie;
      },
    };
  };
  return { clock, sticky, backends, client };
}

describe("a client with a sticky session", () => {
  test("stays with the backend that answered it first, and others are balanced", () => {
    const { client } = world();
    const clients = [client(), client(), client()];
    expect(letters(3, () => clients.shift()!.visit().backend)).toBe("abc");
    const { client: another } = world();
    const one = another();
    one.visit();
    another().visit();
    expect(letters(4, () => one.visit().backend)).toBe("aaaa");
  });

  test("gets the cookie once, with what protects it", () => {
    const { client } = world();
    const one = client();
    expect(one.visit().set).toMatch(
      /^gateway_backend=[A-Za-z0-9_-]{16}; Path=\/; HttpOnly; SameSite=Lax$/,
    );
    expect(one.visit().set).toBeNull();
  });

  test("over https gets a secure cookie", () => {
    const { client } = world();
    expect(client({ protocol: "https" }).visit().set).toEndWith("; SameSite=Lax; Secure");
  });

  test("whose cookie is for requests of other sites gets that only over https", () => {
    const { client } = world({ config: { same_site: "none" } });
    expect(client({ protocol: "https" }).visit().set).toEndWith("; SameSite=None; Secure");
    expect(client().visit().set).toEndWith("; HttpOnly");
  });

  test("moves on when its backend is gone or unhealthy, and stays there", () => {
    const { sticky, client, backends } = world();
    const one = client();
    const { backend: first } = one.visit();
    const others = backends.filter((backend) => backend !== first);
    sticky.balance(others);
    const { backend: second, set } = one.visit();
    expect(others).toContain(second);
    expect(set).not.toBeNull();
    sticky.balance(backends);
    expect(one.visit()).toEqual({ backend: second, set: null });
  });

  test("moves on when its backend is full", () => {
    const backends = pool(1, 1).map(
      (address) => new Backend({ address, weight: 1, health: address.health, maxInFlight: 2 }),
    );
    const { client } = world({ backends });
    const one = client();
    const { backend: first } = one.visit();
    first.inFlight = 2;
    const second = one.visit();
    expect(second.backend).not.toBe(first);
    expect(second.set).not.toBeNull();
    first.inFlight = 0;
    expect(one.visit()).toEqual({ backend: second.backend, set: null });
  });

  test("is bound to the backend of the attempt that succeeded", () => {
    const { client, backends } = world();
    const one = client();
    const { backend: first } = one.visit();
    const next = one.pick(new Set([first]))!;
    expect(next).not.toBe(first);
    expect(one.answer(next)).not.toBeNull();
    expect(one.visit().backend).toBe(next);
    expect(one.pick(new Set(backends))).toBeUndefined();
  });

  test("is not bound by a failure of the server, nor freed by one", () => {
    const { client, backends } = world();
    const one = client();
    expect(one.answer(backends[0]!, { status: 503 })).toBeNull();
    expect(one.answer(backends[0]!, { status: 404 })).not.toBeNull();
    expect(one.answer(backends[0]!, { status: 503 })).toBeNull();
    expect(one.visit().backend).toBe(backends[0]!);
  });

  test("keeps a cookie with an age, and gets a new one when half of it has passed", () => {
    const { client, clock } = world({ config: { max_age: 3_600_000 } });
    const one = client();
    expect(one.visit().set).toMatch(/=[\w-]{16}\.[0-9a-z]+; Path=\/; HttpOnly; Max-Age=3600; /);
    clock.advance(1_799_000);
    const { backend, set } = one.visit();
    expect(set).toBeNull();
    clock.advance(1_000);
    expect(one.visit()).toMatchObject({ backend, set: expect.stringContaining("Max-Age=3600") });
    expect(one.visit().set).toBeNull();
  });
});

describe("the names of backends in the cookie", () => {
  const valueOf = (setting: Setting) => {
    const { client } = world(setting);
    return client().visit().set;
  };

  test("are the same in every gateway with the secret, and others without", () => {
    const config = { secret: "a secret of sixteen" };
    expect(valueOf({ config, ownSecret: "x" })).toBe(valueOf({ config, ownSecret: "y" }));
    expect(valueOf({ ownSecret: "x" })).not.toBe(valueOf({ ownSecret: "y" }));
  });

  test("are known to every upstream that has the backend", () => {
    const backends = pool(1, 1, 1);
    const one = world({ backends });
    const other = world({ backends: backends.toReversed() });
    const client = one.client();
    const { backend } = client.visit();
    for (let visit = 0; visit < 3; visit += 1) {
      expect(other.sticky.pick(client.ask())).toBe(backend);
    }
  });

  test("stand beside those of other upstreams", () => {
    const [a, b, c, d] = pool(1, 1, 1, 1);
    const one = world({ backends: [a!, b!] });
    const other = world({ backends: [c!, d!] });
    const client = one.client();
    client.visit();
    const fields = new FieldList();
    other.sticky.mark(client.ask(), d!, { status: 200, fields });
    const [cookie = ""] = fields.get("set-cookie")!.split(";");
    const both = openExchange({ fields: { cookie } });
    for (let visit = 0; visit < 3; visit += 1) {
      expect(one.sticky.pick(both)).toBe(a);
      expect(other.sticky.pick(both)).toBe(d);
    }
  });

  test.each([
    "",
    "nonsense",
    "http://a0:9000",
    "a".repeat(16),
    `${"a".repeat(16)}.`.repeat(1_000),
    "..",
    "0.0",
  ])("are ignored if they are not the gateway's: %p", (value) => {
    const { sticky, backends } = world();
    const exchange = openExchange({ fields: { cookie: `gateway_backend=${value}` } });
    expect(letters(3, () => sticky.pick(exchange))).toBe("abc");
    const fields = new FieldList();
    sticky.mark(exchange, backends[0]!, { status: 200, fields });
    const set = fields.get("set-cookie")!;
    expect(set).toMatch(/^gateway_backend=(?:[\w-]{16}\.){0,7}[\w-]{16}; Path=/);
  });

  test("are at most eight, the latest", () => {
    const ids = Array.from({ length: 10 }, (_, index) => `${index}`.repeat(16));
    let kept: string[] = [];
    for (const id of ids) kept = withId(kept, id);
    expect(kept).toEqual(ids.slice(2));
    expect(withId(kept, ids[4]!).at(-1)).toBe(ids[4]);
    expect(withId(kept, ids[4]!)).toHaveLength(8);
    const value = { ids: kept, setAt: 1_767_225_600 };
    expect(readCookieValue(cookieText(value))).toEqual(value);
  });
});

describe("a backend", () => {
  const hidden = (fields: [string, string][]) => {
    const { sticky } = world();
    const exchange = openExchange({ fields });
    sticky.hide(exchange);
    const { fields: sent } = exchange.outgoing;
    return sent.filter((_, at) => at % 2 === 1 && sent[at - 1] === "cookie");
  };

  test("does not get the cookie, but all others", () => {
    expect(hidden([["cookie", "a=1; gateway_backend=x; b=2"]])).toEqual(["a=1; b=2"]);
    expect(hidden([["cookie", "gateway_backend=x;gateway_backend=y"]])).toEqual([]);
    expect(hidden([["cookie", "my_gateway_backend=x; gateway_backend"]])).toEqual([
      "my_gateway_backend=x; gateway_backend",
    ]);
    expect(
      hidden([
        ["cookie", "a=1"],
        ["cookie", "gateway_backend=x"],
        ["cookie", "b=2"],
      ]),
    ).toEqual(["a=1; b=2"]);
  });

  test("gets its cookies as they came where there is nothing to hide", () => {
    expect(hidden([["cookie", "a=1;;b=2"]])).toEqual(["a=1;;b=2"]);
  });
});

describe("an answer that sets the cookie", () => {
  test.each([
    [null, "private"],
    ["max-age=60, must-revalidate", "private, max-age=60, must-revalidate"],
    ["no-store", "no-store"],
    ["PRIVATE, max-age=1", "PRIVATE, max-age=1"],
    ["public, no-store", "public, no-store"],
    ['private="x-a, x-b"', 'private, private="x-a, x-b"'],
    ['ext="a, public", x-public=1', 'private, ext="a, public", x-public=1'],
    [",, ,", "private"],
  ])("with Cache-Control %p is not for shared caches: %p", (given, sent) => {
    const { client, backends } = world();
    const fields = new FieldList();
    if (given !== null) fields.append("Cache-Control", given);
    client().answer(backends[0]!, { fields });
    expect(fields.get("cache-control")).toBe(sent);
  });

  test("sets it once for all that use it", () => {
    const one = world();
    const other = world({ backends: pool(1, 1, 1, 1, 1).slice(3) });
    const fields = new FieldList();
    fields.append("Set-Cookie", "gateway_backend_of_mine=1");
    one.sticky.mark(openExchange(), one.backends[0]!, { status: 200, fields });
    other.sticky.mark(openExchange(), other.backends[1]!, { status: 200, fields });
    const set = fields.list.filter(({ name }) => name === "set-cookie").map(({ value }) => value);
    expect(set).toHaveLength(2);
    const [cookie = ""] = set[1]!.split(";");
    const next = openExchange({ fields: { cookie } });
    expect(one.sticky.pick(next)).toBe(one.backends[0]);
    expect(other.sticky.pick(next)).toBe(other.backends[1]);
  });

  test.each(["public, max-age=60", "max-age=60, S-MAXAGE=600", 'ext=",", Public'])(
    "is never one for everyone: %p",
    (cacheControl) => {
      const { client, backends } = world();
      const fields = new FieldList();
      fields.append("Cache-Control", cacheControl);
      expect(client().answer(backends[0]!, { fields })).toBeNull();
      expect(fields.get("cache-control")).toBe(cacheControl);
    },
  );

  test("keeps the backend's own cookies, and other answers are as they were", () => {
    const { client, backends } = world();
    const one = client();
    const fields = new FieldList();
    fields.append("Set-Cookie", "session=1");
    one.answer(backends[0]!, { fields });
    expect(fields.list.filter(({ name }) => name === "set-cookie")).toHaveLength(2);
    const second = new FieldList();
    const known = openExchange({ fields: { cookie: fields.list[1]!.value.split(";")[0]! } });
    world({ backends }).sticky.mark(known, backends[0]!, { status: 200, fields: second });
    expect(second.list).toEqual([]);
  });
});
