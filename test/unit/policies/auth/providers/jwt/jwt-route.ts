import { authPolicy } from "../../../../../../src/policies/auth/auth.ts";
import { providerRegistry } from "../../../../../../src/policies/auth/providers/registry.ts";
import type { PolicyServices } from "../../../../../../src/pipeline/policy.ts";
import { FakeClock } from "../../../../../support/fake-clock.ts";
import { policyServices } from "../../../../../support/policy-services.ts";
import type { SigningKey } from "../../../../../support/token-issuer.ts";
import { Chain, decode } from "../../../chain.ts";

const { global, route } = authPolicy(providerRegistry);

/** A route whose `auth` is the provider `corp` of this configuration. */
export class JwtRoute {
  readonly clock: FakeClock;
  readonly chain: Chain;

  constructor(
    config: object,
    {
      clock = new FakeClock(),
      services = {},
      others = {},
    }: {
      clock?: FakeClock;
      services?: Partial<PolicyServices>;
      /** Further providers, asked after `corp`. */
      others?: Record<string, object>;
    } = {},
  ) {
    this.clock = clock;
    const all = policyServices({ clock, ...services });
    const named = { corp: { jwt: config }, ...others };
    const providers = global!.create(decode(global, named), all, "default");
    const own = route!.create(decode(route, Object.keys(named)), all, "/things", providers);
    this.chain = new Chain([providers, own]);
  }

  /** Seconds since 1970. */
  get now(): number {
    return this.clock.wall() / 1_000;
  }

  /** The claims of a token that is good for five minutes. */
  claims(more: object = {}): object {
    return { sub: "ada", exp: this.now + 300, ...more };
  }

  async ask(token: string, fields: Record<string, string> = {}): Promise<Reply> {
    const answer = await this.chain.send({
      fields: { authorization: `Bearer ${token}`, ...fields },
    });
    const { status } = answer;
    const body = status === 200 ? {} : ((await answer.json()) as { detail: string });
    return { status, challenge: answer.headers.get("www-authenticate"), ...body };
  }

  /** Sends a token with these claims, signed with a key that the configuration knows. */
  async with(key: SigningKey, claims: object = {}, header: object = {}): Promise<Reply> {
    return this.ask(await key.sign(this.claims(claims), header));
  }
}

interface Reply {
  readonly status: number;
  readonly challenge: string | null;
  readonly detail?: string;
}

/** What a client gets whose token is not valid. */
export function invalid(reason: string): object {
  return {
    status: 401,
    detail: reason,
    challenge: `Bearer realm="corp", error="invalid_token", error_description="${reason}"`,
  };
}
