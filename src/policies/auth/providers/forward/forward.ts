import type { Answer } from "../../../../pipeline/answer.ts";
import type { Exchange } from "../../../../pipeline/exchange.ts";
import type { PolicyServices } from "../../../../pipeline/policy.ts";
import { removeCookies } from "../../../../pipeline/outgoing-cookies.ts";
import { type AuthProvider, defineProvider, type Proof } from "../../provider.ts";
import { type CacheSettings, Deciding, type Decision } from "./deciding.ts";
import { answerFor } from "./meaning.ts";
import { questionAbout } from "./question.ts";
import {
  checkForward,
  checkForwardTogether,
  forwardSchema,
  type ForwardSettings,
  secretsOf,
  settingsOf,
  usualSubject,
} from "./schema.ts";
import { AuthService } from "./service.ts";
import { readTls } from "./tls-files.ts";

/** Has a service decide who may go on, by asking it about each request. */
export const forward = defineProvider({
  kind: "forward",
  schema: forwardSchema,
  check: checkForward,
  checkTogether: checkForwardTogether,
  secrets: secretsOf,
  create: (config, services, name) => new ForwardProvider(settingsOf(config), services, name),
});

class ForwardProvider implements AuthProvider {
  readonly areSentUnasked: boolean;
  readonly fieldsForBackends: readonly string[];
  readonly #name: string;
  readonly #send: readonly string[];
  readonly #isOwnCookie: ((name: string) => boolean) | undefined;
  readonly #deciding: Deciding;

  constructor(settings: ForwardSettings, services: PolicyServices, name: string) {
    const { send, receive, cookies } = settings;
    this.#name = name;
    this.#send = lowerCase(send);
    this.#isOwnCookie = cookies.length === 0 ? undefined : cookieTest(cookies);
    this.areSentUnasked = cookies.length > 0;
    // Clients send Authorization by right, so it is replaced on this provider's routes alone.
    this.fieldsForBackends = lowerCase(receive).filter((field) => field !== "authorization");
    this.#deciding = keptDeciding(settings, services, name);
  }

  authenticate(exchange: Exchange): Proof | Promise<Proof | Answer> {
    const decided = this.#deciding.decide(exchange, questionAbout(exchange, this.#send));
    return decided instanceof Promise ? this.#verdict(exchange, decided) : decided;
  }

  challenge(): string {
    return `Forward realm="${this.#name}"`;
  }

  removeCredentials(outgoing: Exchange["outgoing"], exchange: Exchange): void {
    if (this.#isOwnCookie !== undefined) removeCookies(outgoing, "", this.#isOwnCookie);
    // On other routes Authorization is not for the service.
    if (exchange.identity?.provider === this.#name && this.#send.includes("authorization")) {
      outgoing.remove("authorization");
    }
  }

  async #verdict(exchange: Exchange, decided: Promise<Decision>): Promise<Proof | Answer> {
    const { meaning, answer } = await decided;
    return meaning.kind === "admitted"
      ? meaning.proof
      : answerFor(exchange, answer, this.challenge());
  }
}

/** What is known of clients outlives reloads that do not change the provider. */
function keptDeciding(
  settings: ForwardSettings,
  { clock, fetch, log, keep }: PolicyServices,
  name: string,
): Deciding {
  const { url, method, timeout, receive, lists, subject = usualSubject(receive) } = settings;
  const tls = readTls(settings.tls);
  const key = `forward ${JSON.stringify([name, settings, tls])}`;
  return keep(key, () => {
    const service = new AuthService(
      { url, method, timeout, maxInFlight: settings.max_in_flight, tls },
      { clock, fetch, log },
      name,
    );
    const received = {
      names: lowerCase(receive),
      lists: lowerCase(lists),
      subject: subject.toLowerCase(),
    };
    return new Deciding(service, received, clock, cacheOf(settings));
  });
}

function cacheOf({ cache, send }: ForwardSettings): CacheSettings | undefined {
  if (cache === undefined || cache === false || cache === 0) return undefined;
  if (typeof cache === "number") {
    return { forMs: cache, entries: 10_000, by: new Set(lowerCase(send)), perRequest: true };
  }
  const by = new Set(lowerCase(cache.by ?? send));
  return cache.for === 0
    ? undefined
    : { forMs: cache.for, entries: cache.max_entries, by, perRequest: cache.per === "request" };
}

function lowerCase(names: readonly string[]): string[] {
  return names.map((name) => name.toLowerCase());
}

/** Whether a cookie is one of these; `*` at the end of a name stands for any ending. */
function cookieTest(names: readonly string[]): (name: string) => boolean {
  const exact = new Set(names.filter((name) => !name.endsWith("*")));
  const beginnings = names.filter((name) => name.endsWith("*")).map((name) => name.slice(0, -1));
  return (name) => exact.has(name) || beginnings.some((beginning) => name.startsWith(beginning));
}
