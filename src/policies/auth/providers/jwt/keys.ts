import { readTextFile } from "../../../../documents/text-file.ts";
import type { PolicyServices } from "../../../../pipeline/policy.ts";
import { FileKeys, type ReadTexts } from "../../keys/file-keys.ts";
import { readJwkSet } from "../../keys/jwk-set.ts";
import { FixedKeys, type KeySet } from "../../keys/key-set.ts";
import { isPem, readPem } from "../../keys/pem-keys.ts";
import { remoteKeys } from "../../keys/remote-keys.ts";
import { VerificationKey } from "../../keys/verification-key.ts";
import type { JwtConfig } from "./schema.ts";

/** Opens the keys of a valid configuration. Those that change are shared and outlive reloads. */
export function openKeys(config: JwtConfig, services: PolicyServices): KeySet {
  const secret = secretBytes(config);
  if (secret !== undefined) return new FixedKeys([VerificationKey.ofSecret(secret)]);
  const jwks = jwksPlace(config);
  if (jwks?.kind === "url") {
    const ca = jwks.ca === undefined ? undefined : readTextFile(jwks.ca);
    return remoteKeys(services, { url: jwks.url, ca });
  }
  const { keep, clock, log } = services;
  if (jwks !== undefined) {
    const files = [jwks.file];
    const read: ReadTexts = ([text = ""], known) => readJwkSet(text, known);
    const open = () => new FileKeys({ files, read, clock, log });
    return keep(`keys of the file ${jwks.file}`, open, (keys) => keys.close());
  }
  const written = config.public_key ?? [];
  const files = written.filter((one) => !isPem(one));
  const texts = written.filter(isPem);
  if (files.length === 0)
    return new FixedKeys(readPem(texts.join("\n")).keys.map(({ key }) => key));
  const read: ReadTexts = (contents, known) => readPem([...texts, ...contents].join("\n"), known);
  const open = () => new FileKeys({ files, read, clock, log });
  return keep(`keys in PEM ${JSON.stringify(written)}`, open, (keys) => keys.close());
}

export type JwksPlace =
  | { readonly kind: "url"; readonly url: string; readonly ca: string | undefined }
  | { readonly kind: "file"; readonly file: string };

/** Where a JWK Set is: text with a scheme is a URL, other text a file. */
export function jwksPlace({ jwks }: JwtConfig): JwksPlace | undefined {
  if (jwks === undefined) return undefined;
  if (typeof jwks === "object") return { kind: "url", url: jwks.url, ca: jwks.ca };
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(jwks)
    ? { kind: "url", url: jwks, ca: undefined }
    : { kind: "file", file: jwks };
}

/** The secret's bytes; undefined without one. */
export function secretBytes({ secret }: JwtConfig): Uint8Array | undefined {
  if (secret === undefined) return undefined;
  if (typeof secret === "string") return Buffer.from(secret, "utf8");
  return Buffer.from(secret.base64.replaceAll("-", "+").replaceAll("_", "/"), "base64");
}
