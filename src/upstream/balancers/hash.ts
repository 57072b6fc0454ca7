import { clientNetwork } from "../../http/address.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import { type ParsedText, PlaceholderText, Template } from "../../pipeline/placeholders.ts";
import { TextProblem } from "../../pipeline/section.ts";
import type { Backend } from "../backend.ts";
import { type Balancer, defineBalancer } from "./balancer.ts";
import { Rendezvous } from "./rendezvous.ts";
import { RoundRobin } from "./round-robin.ts";

/**
 * A backend has at most this many times its share of the requests in flight; beyond, its keys overflow
 * to others (Mirrokni, Thorup and Zadimoghaddam, Consistent hashing with bounded loads, 2018). Less
 * would move keys that are no hotter than others, more would let a hot key take what others need.
 */
const MOST_OF_SHARE = 1.25;
/** A backend always takes this many in flight: so few cannot drown it, and one page asks for as many. */
const ALWAYS_TAKEN = 8;

type KeyOf = (exchange: Exchange) => string;

/**
 * Sends what has the same key to the same backend, in every gateway that has the same backends.
 * Requests without a key take turns.
 */
class Hash implements Balancer {
  readonly #keyOf: KeyOf;
  #healthy: readonly Backend[] = [];
  #owners = new Rendezvous([]);
  /** For requests without a key; absent until the first one. */
  #turns: RoundRobin | undefined;

  constructor(keyOf: KeyOf) {
    this.#keyOf = keyOf;
  }

  balance(healthy: readonly Backend[]): void {
    this.#healthy = healthy;
    this.#owners = new Rendezvous(healthy);
    this.#turns?.balance(healthy);
  }

  pick(exchange: Exchange, except?: ReadonlySet<Backend>): Backend | undefined {
    const key = this.#keyOf(exchange);
    if (key === "") return this.#byTurns().pick(exchange, except);
    const hash = Bun.hash.xxHash32(key);
    const owner =
      except === undefined
        ? this.#owners.owner(hash)
        : this.#owners.owner(hash, (backend) => !except.has(backend));
    if (owner === undefined || owner.load.inFlight < ALWAYS_TAKEN) return owner;
    return this.#withRoom(hash, except) ?? owner;
  }

  /** The first in the key's order of backends that is below its bound. */
  #withRoom(hash: number, except: ReadonlySet<Backend> | undefined): Backend | undefined {
    // With the request that is to be placed.
    let inFlight = 1;
    let weights = 0;
    for (const { load, currentWeight } of this.#healthy) {
      inFlight += load.inFlight;
      weights += currentWeight;
    }
    const most = (MOST_OF_SHARE * inFlight) / weights;
    return this.#owners.owner(
      hash,
      (backend) =>
        backend.load.inFlight < Math.max(ALWAYS_TAKEN, Math.ceil(most * backend.currentWeight)) &&
        except?.has(backend) !== true,
    );
  }

  #byTurns(): RoundRobin {
    if (this.#turns === undefined) {
      this.#turns = new RoundRobin();
      this.#turns.balance(this.#healthy);
    }
    return this.#turns;
  }
}

/** A client as `rate_limit` knows it. */
const CLIENT = "client_ip";

export const hash = defineBalancer({
  name: "hash",
  description:
    "requests with the same key to the same backend, `client_ip` or a text with placeholders, like `{header.x-tenant}`; when a backend leaves, only its keys move. Above 1.25 times its share of the requests in flight a backend's keys overflow to others, so that one hot key cannot drown it. Requests without a key take turns",
  schema: PlaceholderText({
    description:
      "What requests to the same backend have in common: `client_ip`, or a text with placeholders. Where all placeholders are empty, requests take turns.",
    expected: 'client_ip, or a text with placeholders, like "{header.x-tenant}"',
    check,
  }),
  example: "{header.x-tenant}",
  create: (key) =>
    new Hash(key.text === CLIENT ? ({ client }) => clientNetwork(client.address) : keyOf(key)),
});

function keyOf(parsed: ParsedText): KeyOf {
  // Literal text is the same in all keys, and one that is empty without it has no values.
  const template = new Template(parsed, {
    literal: () => "",
    value: (value) => (value === "" ? "" : `${value}\0`),
  });
  return (exchange) => template.text(exchange);
}

function check({ text, parts }: ParsedText): TextProblem | undefined {
  if (text === CLIENT) return undefined;
  const placeholders = parts.filter((part) => typeof part !== "string");
  const backend = placeholders.find(({ source }) => source === "backend.url");
  if (backend !== undefined) {
    return new TextProblem("the backend is not known before it is picked", backend.offset);
  }
  if (placeholders.length > 0) return undefined;
  return new TextProblem(
    `without a placeholder every request would have the same key; ${adviceFor(text)}`,
    0,
  );
}

/** What to write instead of a key as other software has it. */
function adviceFor(text: string): string {
  const known = KEYS.find(([names]) => names.test(text))?.[1];
  if (known !== undefined) return `write \`${known}\``;
  return /^(?:header|cookie|query|path|auth\.claims)\.[^{}]+$/.test(text)
    ? `write \`"{${text}}"\``
    : 'write `client_ip`, or a text like `"{header.x-tenant}"`';
}

const KEYS: readonly (readonly [RegExp, string])[] = [
  [
    /^\$?(?:ip|client|source|src|source_ip|remote_addr|remote_ip|binary_remote_addr|client\.ip)$/i,
    CLIENT,
  ],
  [/^\$?(?:path|uri|url|request_uri|request\.path)$/i, '"{request.path}"'],
  [/^\$?(?:host|http_host|request\.host)$/i, '"{request.host}"'],
];
