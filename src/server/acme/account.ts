import { AccountKey } from "./account-key.ts";
import { Issuer, type IssuerOptions } from "./issuer.ts";
import type { Storage } from "./storage.ts";
import { keyAsPem, newKey } from "./x509.ts";

export interface Account {
  readonly issuer: Issuer;
  readonly key: AccountKey;
  /** Whether it has just been registered. */
  readonly isNew: boolean;
}

/**
 * The account in the storage, or a new one, which is put there. `isLost` says that the issuer does not
 * know the account any more: it is registered again, with the same key. Rejects with an IssuerError or
 * the file system's error.
 */
export async function openAccount(
  storage: Storage,
  email: string | undefined,
  options: Omit<IssuerOptions, "key">,
  isLost: boolean,
): Promise<Account> {
  const stored = await storage.readAccount();
  const pem = stored?.key ?? keyAsPem(newKey());
  const key = AccountKey.fromPem(pem);
  const issuer = new Issuer({ ...options, key });
  const known = isLost ? undefined : stored?.url;
  const url = await issuer.useAccount(email, known);
  const hasMoved = known !== undefined && stored?.email !== email;
  if (hasMoved) await issuer.changeContact(email);
  if (known === undefined || hasMoved) await storage.writeAccount({ key: pem, url, email });
  return { issuer, key, isNew: known === undefined };
}
