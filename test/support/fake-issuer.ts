import {
  createHash,
  createPublicKey,
  type KeyObject,
  randomBytes,
  sign,
  verify,
  X509Certificate,
} from "node:crypto";
import {
  bitString,
  elementsOf,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  tagged,
  time,
  utf8String,
} from "../../src/server/acme/der.ts";
import { asPem, newKey } from "../../src/server/acme/x509.ts";

/** How an issuer finds out whether a name leads to who asks for its certificate. */
export interface Validation {
  /** The text at /.well-known/acme-challenge/TOKEN of a name; undefined if there is none. */
  http?(name: string, token: string): Promise<string | undefined>;
  /** The certificate in PEM that a name presents for acme-tls/1. */
  tls?(name: string): Promise<string | undefined>;
}

interface FakeOrder {
  readonly names: readonly string[];
  readonly authorizations: readonly string[];
  readonly account: string;
  status: string;
  certificate: string | undefined;
  replaces: unknown;
}

interface FakeAuthorization {
  readonly name: string;
  readonly token: string;
  status: string;
  error: unknown;
}

/** What requests may say. */
interface Payload {
  readonly termsOfServiceAgreed?: boolean;
  readonly contact?: unknown;
  readonly identifiers?: readonly { readonly value: string }[];
  readonly replaces?: unknown;
  readonly csr?: string;
}

/** An error that an issuer answers with. */
export interface Refusal {
  readonly type: string;
  readonly detail: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

const FORBIDDEN = {
  type: "urn:ietf:params:acme:error:caa",
  detail: "forbidden at the last moment",
};
const DAY_MS = 24 * 60 * 60 * 1_000;
const ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";

/**
 * An issuer of certificates as RFC 8555 describes them: it checks signatures, nonces and challenges like
 * a real one. Made for tests: it can be told to refuse, and keeps count of what it was asked.
 */
export class FakeIssuer {
  readonly origin: string;
  readonly #validation: Validation;
  readonly #key = newKey();
  readonly #keyId = randomBytes(20);
  readonly #accounts = new Map<string, { jwk: object; contact: unknown }>();
  readonly #orders = new Map<string, FakeOrder>();
  readonly #authorizations = new Map<string, FakeAuthorization>();
  readonly #nonces = new Set<string>();
  /** What was asked: the last part of each URL's path that is not an id. */
  readonly asked: string[] = [];
  /** Names of orders, in their sequence. */
  readonly ordered: string[] = [];
  /** Next answers to requests for a resource ("new-order"), instead of what they would be. */
  readonly refusals = new Map<string, Refusal[]>();
  /** Challenge types that are offered. */
  offers: readonly string[] = ["http-01", "tls-alpn-01"];
  lifetimeMs = 90 * DAY_MS;
  /** Wall clock. */
  now: () => number = () => Date.now();
  /** How often an order says "processing" before it is valid. */
  processing = 0;
  /** Refuses this many nonces although they are good. */
  staleNonces = 0;
  meta: Readonly<Record<string, unknown>> = { termsOfService: "https://issuer.test/terms" };
  /** Where renewal information is offered, when it says to renew. */
  renewalWindow: { start: number; end: number } | undefined;
  lastReplaced: unknown;
  /** Whether orders become invalid after the certification request. */
  failsOrders = false;
  /** Waited for before an order is answered. */
  pause: () => Promise<void> = () => Promise.resolve();

  constructor(validation: Validation, origin = "https://issuer.test") {
    this.#validation = validation;
    this.origin = origin;
  }

  get directory(): string {
    return `${this.origin}/directory`;
  }

  /** The contacts of accounts. */
  get contacts(): unknown[] {
    return [...this.#accounts.values()].map(({ contact }) => contact);
  }

  /** Forgets accounts, as a trial issuer does when it starts again. */
  forgetAccounts(): void {
    this.#accounts.clear();
  }

  refuseNext(resource: string, ...refusals: readonly Refusal[]): void {
    this.refusals.set(resource, [...(this.refusals.get(resource) ?? []), ...refusals]);
  }

  fetch = async (url: string, init: RequestInit = {}): Promise<Response> => {
    init.signal?.throwIfAborted();
    const { pathname } = new URL(url);
    const [, resource = "", id = ""] = pathname.split("/");
    this.asked.push(resource);
    const refusal = this.refusals.get(resource)?.shift();
    if (refusal !== undefined) return this.#refuse(refusal);
    if (resource === "directory") return this.#json(this.#directory());
    if (resource === "new-nonce") return this.#json({});
    if (resource === "renewal-info") return this.#renewalInfo();
    return this.#signedRequest(url, resource, id, init.body as string);
  };

  #directory() {
    const at = (path: string) => `${this.origin}/${path}`;
    return {
      newNonce: at("new-nonce"),
      newAccount: at("new-account"),
      newOrder: at("new-order"),
      ...(this.renewalWindow === undefined ? {} : { renewalInfo: at("renewal-info") }),
      meta: this.meta,
    };
  }

  #renewalInfo(): Response {
    const { start, end } = this.renewalWindow!;
    const suggestedWindow = {
      start: new Date(start).toISOString(),
      end: new Date(end).toISOString(),
    };
    return this.#json({ suggestedWindow }, { "retry-after": "21600" });
  }

  async #signedRequest(url: string, resource: string, id: string, body: string): Promise<Response> {
    const jws = JSON.parse(body) as { protected: string; payload: string; signature: string };
    const decode = (text: string): unknown => JSON.parse(Buffer.from(text, "base64url").toString());
    const head = decode(jws.protected) as {
      kid?: string;
      nonce?: string;
      url?: string;
      jwk?: object;
    };
    const account = this.#accounts.get(head.kid ?? "");
    if (!this.#nonces.delete(head.nonce ?? "") || this.staleNonces-- > 0) {
      return this.#refuse({ type: "badNonce", detail: "stale" });
    }
    if (head.url !== url) return this.#refuse({ type: "unauthorized", detail: "another URL" });
    const jwk: object | undefined = account?.jwk ?? head.jwk;
    if (jwk === undefined) {
      return this.#refuse({ type: "accountDoesNotExist", detail: "no such account" });
    }
    const isSigned = verify(
      "sha256",
      Buffer.from(`${jws.protected}.${jws.payload}`),
      { key: createPublicKey({ key: jwk, format: "jwk" }), dsaEncoding: "ieee-p1363" },
      Buffer.from(jws.signature, "base64url"),
    );
    if (!isSigned) return this.#refuse({ type: "malformed", detail: "bad signature" });
    const payload = jws.payload === "" ? {} : (decode(jws.payload) as Payload);
    return this.#answer(resource, id, payload, jwk, head.kid ?? "");
  }

  async #answer(resource: string, id: string, payload: Payload, jwk: object, kid: string) {
    switch (resource) {
      case "new-account": {
        if (payload.termsOfServiceAgreed !== true) {
          return this.#refuse({ type: "userActionRequired", detail: "agree to the terms" });
        }
        const url = `${this.origin}/account/${thumbprint(jwk)}`;
        this.#accounts.set(url, { jwk, contact: payload.contact });
        return this.#json({ status: "valid" }, { location: url }, 201);
      }
      case "account":
        this.#accounts.set(kid, { jwk, contact: payload.contact });
        return this.#json({ status: "valid" });
      case "new-order":
        await this.pause();
        return this.#newOrder(payload, kid);
      case "authorization":
        return this.#json(this.#showAuthorization(id));
      case "challenge":
        return this.#validate(id, jwk);
      case "order":
        return this.#json(this.#showOrder(id));
      case "finalize":
        return this.#finalize(id, payload.csr ?? "");
      case "certificate":
        return new Response(this.#orders.get(id)?.certificate, {
          headers: { "replay-nonce": this.#nonce() },
        });
      default:
        return this.#refuse({ type: "malformed", detail: "no such resource", status: 404 });
    }
  }

  #newOrder(payload: Payload, account: string): Response {
    const names = (payload.identifiers ?? []).map(({ value }) => value);
    this.ordered.push(...names);
    this.lastReplaced = payload.replaces;
    const id = randomBytes(6).toString("hex");
    const authorizations = names.map((name) => {
      const token = randomBytes(16).toString("base64url");
      const key = randomBytes(6).toString("hex");
      this.#authorizations.set(key, { name, token, status: "pending", error: undefined });
      return key;
    });
    this.#orders.set(id, {
      names,
      authorizations,
      account,
      status: "pending",
      certificate: undefined,
      replaces: payload.replaces,
    });
    return this.#json(this.#showOrder(id), { location: `${this.origin}/order/${id}` }, 201);
  }

  #showOrder(id: string) {
    const order = this.#orders.get(id)!;
    const states = order.authorizations.map((key) => this.#authorizations.get(key)!.status);
    if (order.status === "pending" && states.includes("invalid")) order.status = "invalid";
    if (order.status === "pending" && states.every((one) => one === "valid"))
      order.status = "ready";
    if (order.status === "processing" && this.processing-- <= 0) order.status = "valid";
    if (order.status === "valid" && this.failsOrders) order.status = "invalid";
    return {
      status: order.status,
      ...(this.failsOrders ? { error: FORBIDDEN } : {}),
      authorizations: order.authorizations.map((key) => `${this.origin}/authorization/${key}`),
      finalize: `${this.origin}/finalize/${id}`,
      ...(order.status === "valid" ? { certificate: `${this.origin}/certificate/${id}` } : {}),
    };
  }

  #showAuthorization(id: string) {
    const { name, token, status, error } = this.#authorizations.get(id)!;
    return {
      status,
      identifier: { type: "dns", value: name },
      challenges: this.offers.map((type) => ({
        type,
        token,
        url: `${this.origin}/challenge/${id}.${type}`,
        error,
      })),
    };
  }

  async #validate(challenge: string, jwk: object): Promise<Response> {
    const [id = "", type = ""] = challenge.split(".");
    const authorization = this.#authorizations.get(id)!;
    const { name, token } = authorization;
    const expected = `${token}.${thumbprint(jwk)}`;
    const isProved =
      type === "http-01"
        ? (await this.#validation.http?.(name, token)) === expected
        : isChallengeCertificate(await this.#validation.tls?.(name), name, expected);
    authorization.status = isProved ? "valid" : "invalid";
    if (!isProved) {
      authorization.error = {
        type: "urn:ietf:params:acme:error:unauthorized",
        detail: `${name} did not prove ${type}`,
      };
    }
    return this.#json({ type, token, status: authorization.status });
  }

  #finalize(id: string, csr: string): Response {
    const order = this.#orders.get(id)!;
    const { names, publicKey } = readRequest(Buffer.from(csr, "base64url"));
    if (names.join() !== order.names.join()) {
      return this.#refuse({ type: "badCSR", detail: `it is for ${names.join()}` });
    }
    order.certificate = this.issue(names, publicKey);
    order.status = "processing";
    return this.#json(this.#showOrder(id));
  }

  /** A certificate signed by this issuer, in PEM. */
  issue(names: readonly string[], publicKey: Uint8Array): string {
    const now = this.now();
    const issuer = sequence(set(sequence(objectIdentifier("2.5.4.3"), utf8String("Fake issuer"))));
    const algorithm = sequence(objectIdentifier(ECDSA_WITH_SHA256));
    const extension = (oid: string, value: Uint8Array) =>
      sequence(objectIdentifier(oid), octetString(value));
    const body = sequence(
      tagged(0, integer(Buffer.from([2]))),
      integer(randomBytes(12)),
      algorithm,
      issuer,
      sequence(time(now), time(now + this.lifetimeMs)),
      sequence(),
      publicKey,
      tagged(
        3,
        sequence(
          extension(
            "2.5.29.17",
            sequence(...names.map((name) => tagged(2, Buffer.from(name), false))),
          ),
          extension("2.5.29.35", sequence(tagged(0, this.#keyId, false))),
        ),
      ),
    );
    return asPem("CERTIFICATE", signedBy(this.#key, body, algorithm));
  }

  #refuse({ type, detail, status = 403, headers = {} }: Refusal): Response {
    return this.#json(
      { type: `urn:ietf:params:acme:error:${type}`, detail, status },
      { ...headers, "content-type": "application/problem+json" },
      status,
    );
  }

  #json(value: unknown, headers: Readonly<Record<string, string>> = {}, status = 200): Response {
    return new Response(JSON.stringify(value), {
      status,
      headers: { "content-type": "application/json", "replay-nonce": this.#nonce(), ...headers },
    });
  }

  #nonce(): string {
    const nonce = randomBytes(8).toString("base64url");
    this.#nonces.add(nonce);
    return nonce;
  }
}

function signedBy(key: KeyObject, body: Uint8Array, algorithm: Uint8Array): Buffer {
  return sequence(body, algorithm, bitString(sign("sha256", body, key)));
}

function thumbprint(jwk: object): string {
  const { crv, kty, x, y } = jwk as Record<string, string>;
  return createHash("sha256").update(JSON.stringify({ crv, kty, x, y })).digest("base64url");
}

/** The names and the public key of a certification request whose signature is right. */
function readRequest(request: Buffer): { names: string[]; publicKey: Buffer } {
  const [info, , signature] = elementsOf(elementsOf(request)[0]!.content);
  const [, , publicKey, attributes] = elementsOf(info!.content);
  const key = createPublicKey({ key: publicKey!.whole, format: "der", type: "spki" });
  if (!verify("sha256", info!.whole, key, signature!.content.subarray(1))) {
    throw new Error("the certification request is not signed by its key");
  }
  const [, values] = elementsOf(elementsOf(attributes!.content)[0]!.content);
  const [extension] = elementsOf(elementsOf(values!.content)[0]!.content);
  const [, value] = elementsOf(extension!.content);
  const names = elementsOf(elementsOf(value!.content)[0]!.content);
  return { names: names.map(({ content }) => content.toString()), publicKey: publicKey!.whole };
}

/** Whether a certificate is what RFC 8737 section 3 wants. */
function isChallengeCertificate(pem: string | undefined, name: string, expected: string): boolean {
  if (pem === undefined) return false;
  const certificate = new X509Certificate(pem);
  const digest = createHash("sha256").update(expected).digest();
  const identifier = Buffer.concat([
    objectIdentifier("1.3.6.1.5.5.7.1.31"),
    Buffer.from([0x01, 0x01, 0xff]),
    octetString(octetString(digest)),
  ]);
  return certificate.subjectAltName === `DNS:${name}` && certificate.raw.includes(identifier);
}
