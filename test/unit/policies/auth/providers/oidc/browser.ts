import { Answer } from "../../../../../../src/pipeline/answer.ts";
import { Chain } from "../../../../../../src/pipeline/chain.ts";
import type { Exchange } from "../../../../../../src/pipeline/exchange.ts";
import type { PolicyServices } from "../../../../../../src/pipeline/policy.ts";
import { problemMaker } from "../../../../../../src/pipeline/problems.ts";
import { authPolicy } from "../../../../../../src/policies/auth/auth.ts";
import { oidc } from "../../../../../../src/policies/auth/providers/oidc/oidc.ts";
import { FakeClock } from "../../../../../support/fake-clock.ts";
import {
  CLIENT_ID,
  CLIENT_SECRET,
  FakeOpenidProvider,
  ISSUER,
} from "../../../../../support/fake-openid-provider.ts";
import { policyServices } from "../../../../../support/policy-services.ts";
import { type Opening, openExchange } from "../../../../pipeline/opening.ts";
import { through } from "../../../../pipeline/through.ts";
import { decode } from "../../../chain.ts";

export const HOST = "app.example.com";
export const APP = `https://${HOST}`;
export const KEY = "0123456789abcdef0123456789abcdef";

export const policy = authPolicy([oidc]);

/** A gateway with one provider, `login`, and an issuer. */
export class FakeGateway {
  readonly clock: FakeClock;
  readonly issuer: FakeOpenidProvider;
  readonly logged: string[] = [];
  /** What reached the backend. */
  readonly passed: Exchange[] = [];
  readonly #open: Chain;
  readonly #closed: Chain;

  constructor(
    options: Record<string, unknown> = {},
    { shared, passes = false }: { shared?: FakeGateway; passes?: boolean } = {},
  ) {
    this.clock = shared?.clock ?? new FakeClock();
    this.issuer = shared?.issuer ?? new FakeOpenidProvider(this.clock);
    const { fetch } = this.issuer;
    const log: PolicyServices["log"] = (level, message) => this.logged.push(`${level} ${message}`);
    const services = policyServices({ clock: this.clock, fetch, log });
    const config = {
      issuer: ISSUER,
      client_id: CLIENT_ID,
      client_secret: CLIENT_SECRET,
      external_url: [APP],
      keys: [KEY],
      ...options,
    };
    const written = { login: { oidc: config, pass_credentials: passes } };
    const { global, route } = policy;
    const providers = global?.create(decode(global, written), services, "default");
    const own = route?.create(decode(route, ["login"]), services, "/things", providers);
    const toProblem = problemMaker((_exchange, error) => {
      throw error;
    });
    const chain = (...policies: (typeof own)[]) =>
      new Chain(
        policies.filter((one) => one !== undefined),
        toProblem,
      );
    this.#open = chain(providers);
    this.#closed = chain(providers, own);
  }

  /** Sends a request, to a route with `auth: login` unless `isOpen`. */
  async send(opening: Opening, isOpen = false): Promise<Response> {
    const exchange = openExchange(opening);
    return through(isOpen ? this.#open : this.#closed, exchange, {
      handle: (exchange) => {
        this.passed.push(exchange);
        return new Answer("ok");
      },
    });
  }
}

/** What a browser sends when a person opens a page. */
const NAVIGATION = {
  accept: "text/html,application/xhtml+xml",
  "sec-fetch-mode": "navigate",
  "sec-fetch-site": "none",
};

interface Visit extends Opening {
  readonly fields?: Record<string, string>;
  readonly isOpen?: boolean;
}

/** A browser that keeps cookies, of one host. */
export class Browser {
  readonly cookies = new Map<string, string>();
  readonly #gateway: FakeGateway;

  constructor(gateway: FakeGateway) {
    this.#gateway = gateway;
  }

  /** A browser with the same cookies that another gateway gets. */
  at(gateway: FakeGateway): Browser {
    const copy = new Browser(gateway);
    for (const [name, value] of this.cookies) copy.cookies.set(name, value);
    return copy;
  }

  /** Opens a page, by its path or address. Redirects are not followed. */
  async open(page: string, { fields = {}, isOpen = false, ...others }: Visit = {}) {
    return this.ask(page, { fields: { ...NAVIGATION, ...fields }, isOpen, ...others });
  }

  /** Asks as a script does. */
  async ask(page: string, { fields = {}, isOpen = false, client, ...others }: Visit = {}) {
    const url = new URL(page, APP);
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const protocol = url.protocol === "https:" ? "https" : "http";
    const answer = await this.#gateway.send(
      {
        url: url.href,
        fields: { ...(cookie !== "" && { cookie }), ...fields },
        client: { protocol, ...client },
        ...others,
      },
      isOpen,
    );
    this.#keep(answer);
    return answer;
  }

  /** Opens a page, logs in at the issuer and comes back to the gateway. */
  async logIn(page = "/things?a=1", subject = "ada"): Promise<Response> {
    const away = await this.open(page);
    const address = away.headers.get("location") ?? "";
    return this.open(this.#gateway.issuer.logIn(address, subject));
  }

  #keep(answer: Response): void {
    for (const cookie of answer.headers.getSetCookie()) {
      const [pair = "", ...attributes] = cookie.split("; ");
      const equals = pair.indexOf("=");
      const name = pair.slice(0, equals);
      if (attributes.includes("Max-Age=0")) this.cookies.delete(name);
      else this.cookies.set(name, pair.slice(equals + 1));
    }
  }
}

export async function problemOf(answer: Response) {
  const { code, detail } = (await answer.json()) as { code: string; detail: string };
  return { status: answer.status, code, detail };
}
