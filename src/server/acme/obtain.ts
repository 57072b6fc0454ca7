import { X509Certificate } from "node:crypto";
import type { AccountKey } from "./account-key.ts";
import type { Authorization, Challenge } from "./answers.ts";
import type { Challenges, ChallengeType } from "./challenges.ts";
import type { Issuer } from "./issuer.ts";
import { errorFrom, IssuerError } from "./issuer-error.ts";
import {
  certificationRequest,
  challengeCertificate,
  type CertificateAndKey,
  keyAsPem,
  newKey,
} from "./x509.ts";

export interface ObtainOptions {
  readonly issuer: Issuer;
  readonly accountKey: AccountKey;
  readonly challenges: Challenges;
  /** In the order in which they are preferred. */
  readonly types: readonly ChallengeType[];
  readonly name: string;
  /** The certificate to be renewed, as renewal information names it. */
  readonly replaces: string | undefined;
  readonly now: () => number;
}

/** Gets a certificate for one name, with a new key. Rejects with an IssuerError. */
export async function obtainCertificate(options: ObtainOptions): Promise<CertificateAndKey> {
  const { issuer, name, replaces } = options;
  const ordered = await placeOrder(issuer, name, replaces);
  for (const url of ordered.authorizations) {
    const authorization = await issuer.authorization(url);
    if (authorization.status !== "valid") await prove(url, authorization, options);
  }
  let order = await issuer.untilSettled(ordered);
  const key = newKey();
  if (order.status === "ready") {
    order = await issuer.finalize(order, certificationRequest(key, [name]));
    if (order.status !== "valid") order = await issuer.untilSettled(order);
  }
  if (order.status !== "valid" || order.certificate === undefined) {
    throw order.error === undefined
      ? new IssuerError("invalidAnswer", `the order ended as ${order.status}`)
      : errorFrom(order.error);
  }
  const certificate = await issuer.certificate(order.certificate);
  return { certificate: verified(certificate, name), key: keyAsPem(key) };

  function verified(chain: string, name: string): string {
    let leaf: X509Certificate;
    try {
      leaf = new X509Certificate(chain);
    } catch {
      throw new IssuerError("invalidAnswer", "the issuer's certificate cannot be read");
    }
    if (leaf.checkHost(name) !== undefined && leaf.checkPrivateKey(key)) return chain;
    throw new IssuerError("invalidAnswer", "the issuer's certificate is for another name or key");
  }
}

/** An issuer may refuse to connect an order with the certificate before it; the order matters more. */
async function placeOrder(issuer: Issuer, name: string, replaces: string | undefined) {
  if (replaces === undefined) return issuer.order([name]);
  try {
    return await issuer.order([name], replaces);
  } catch (error) {
    if (!(error instanceof IssuerError) || !REFUSED_RELATION.has(error.type)) throw error;
    return issuer.order([name]);
  }
}

const REFUSED_RELATION: ReadonlySet<string> = new Set(["alreadyReplaced", "malformed", "conflict"]);

async function prove(url: string, authorization: Authorization, options: ObtainOptions) {
  const { issuer, types } = options;
  const type = types.find((type) => authorization.challenges.some((one) => one.type === type));
  const challenge = authorization.challenges.find((one) => one.type === type);
  if (type === undefined || challenge === undefined) {
    const offered = authorization.challenges.map((one) => one.type).join(", ");
    throw new IssuerError(
      "noChallenge",
      `the issuer offers ${offered || "no challenge"}, the gateway can answer ${types.join(", ")}`,
    );
  }
  const withdraw = await present(type, challenge, authorization.name, options);
  try {
    await issuer.answer(challenge);
    const { status, challenges } = await issuer.untilValidated(url);
    if (status === "valid") return;
    const failed = challenges.find(({ error }) => error !== undefined);
    throw failed === undefined
      ? new IssuerError("unauthorized", `the authorization ended as ${status}`)
      : errorFrom(failed.error);
  } finally {
    await withdraw();
  }
}

function present(
  type: ChallengeType,
  { token }: Challenge,
  name: string,
  { challenges, accountKey, now }: ObtainOptions,
): Promise<() => Promise<void>> {
  const keyAuthorization = accountKey.authorize(token);
  return type === "http-01"
    ? challenges.presentHttp(token, keyAuthorization)
    : challenges.presentTls(name, challengeCertificate(name, keyAuthorization, now()));
}
