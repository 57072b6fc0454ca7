import { createHash, createPrivateKey, randomBytes, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { chmod, link, mkdir, open, readFile, rename, rm, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { SharedChallenges } from "./challenges.ts";
import { fieldsOf } from "./issuer-error.ts";
import { type CertificateAndKey, splitPem } from "./x509.ts";

/** An account at the issuer. */
export interface StoredAccount {
  /** Its private key in PEM. */
  readonly key: string;
  readonly url: string;
  readonly email: string | undefined;
}

/** How long a lock is good for if its holder does not renew it. */
export const LOCK_LEASE_MS = 60_000;

/**
 * What is kept on disk of one issuer: the account, and a file with key and certificate chain for each
 * name. Only its owner may read it. Files are replaced as a whole, and several gateways may share the
 * folder.
 */
export class Storage implements SharedChallenges {
  readonly folder: string;

  constructor(storage: string, directory: string) {
    this.folder = join(storage, folderName(directory));
  }

  /** The certificate for a name; undefined if there is none that can be read. Blocks. */
  readCertificateNow(name: string): CertificateAndKey | undefined {
    try {
      return certificateIn(readFileSync(this.#certificateFile(name), "utf8"));
    } catch {
      return undefined;
    }
  }

  async readCertificate(name: string): Promise<CertificateAndKey | undefined> {
    const text = await this.#read(this.#certificateFile(name));
    return text === undefined ? undefined : certificateIn(text);
  }

  /** Rejects with the file system's error. */
  writeCertificate(name: string, { certificate, key }: CertificateAndKey): Promise<void> {
    return this.#write(this.#certificateFile(name), `${key}${certificate}`);
  }

  /** Until when the issuer wants no orders for a name, in Unix epoch milliseconds; 0 for none. Blocks. */
  readPauseNow(name: string): number {
    try {
      const until = Date.parse(readFileSync(this.#pauseFile(name), "utf8").trim());
      return Number.isNaN(until) ? 0 : until;
    } catch {
      return 0;
    }
  }

  /** So that a gateway that starts again and again does not run into the same rate limit each time. */
  writePause(name: string, until: number): Promise<void> {
    return this.#write(this.#pauseFile(name), `${new Date(until).toISOString()}\n`);
  }

  async readAccount(): Promise<StoredAccount | undefined> {
    const text = await this.#read(this.#accountFile);
    if (text === undefined) return undefined;
    const { key, url, email } = fieldsOf(parsed(text));
    if (typeof key !== "string" || typeof url !== "string") return undefined;
    return { key, url, email: typeof email === "string" ? email : undefined };
  }

  writeAccount(account: StoredAccount): Promise<void> {
    return this.#write(this.#accountFile, `${JSON.stringify(account, undefined, 2)}\n`);
  }

  writeChallenge(id: string, text: string): Promise<void> {
    return this.#write(this.#challengeFile(id), text);
  }

  removeChallenge(id: string): Promise<void> {
    return ignoringAbsence(unlink(this.#challengeFile(id)));
  }

  /** Blocks. */
  readChallengeNow(id: string): string | undefined {
    try {
      return readFileSync(this.#challengeFile(id), "utf8");
    } catch {
      return undefined;
    }
  }

  /** Removes challenges of gateways that died: those of one that lives are under way by its lock. */
  async clearChallenges(): Promise<void> {
    await rm(join(this.folder, "challenges"), { recursive: true, force: true });
  }

  /**
   * Takes the lock, for LOCK_LEASE_MS from `now` in Unix epoch milliseconds; undefined while another
   * gateway has it or is taking it.
   */
  async lock(now: number): Promise<Lock | undefined> {
    const file = join(this.folder, "lock");
    const owner = randomBytes(8).toString("hex");
    const text = lockText(owner, now);
    await makeFolder(this.folder);
    if (!(await createFile(file, text)) && !(await this.#takeOver(file, text, now))) {
      return undefined;
    }
    return {
      renew: (time) => this.#write(file, lockText(owner, time)),
      release: async () => {
        if ((await this.#read(file))?.includes(owner) === true) await ignoringAbsence(unlink(file));
      },
    };
  }

  /**
   * Replaces a lock that has expired. Of those who want to, only the one that creates the file named
   * after that lock's content may.
   */
  async #takeOver(file: string, text: string, now: number): Promise<boolean> {
    const expired = await this.#read(file);
    if (expired === undefined || isHeld(expired, now)) return false;
    const claim = `${file}.${createHash("sha256").update(expired).digest("hex").slice(0, 16)}`;
    if (!(await createFile(claim, text))) {
      const left = await this.#read(claim);
      // Of a gateway that died here.
      if (left !== undefined && !isHeld(left, now)) await ignoringAbsence(unlink(claim));
      return false;
    }
    try {
      // Another claim may have been made and used since.
      if ((await this.#read(file)) !== expired) return false;
      await this.#write(file, text);
      return true;
    } finally {
      await ignoringAbsence(unlink(claim));
    }
  }

  get #accountFile(): string {
    return join(this.folder, "account.json");
  }

  #certificateFile(name: string): string {
    return join(this.folder, `${name}.pem`);
  }

  #challengeFile(id: string): string {
    return join(this.folder, "challenges", id);
  }

  #pauseFile(name: string): string {
    return join(this.folder, `${name}.paused`);
  }

  async #read(file: string): Promise<string | undefined> {
    try {
      return await readFile(file, "utf8");
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  async #write(file: string, text: string): Promise<void> {
    await makeFolder(dirname(file));
    await withDraft(file, text, (draft) => rename(draft, file));
  }
}

/** A lock that is held. */
export interface Lock {
  /** Extends it to LOCK_LEASE_MS from `now`. */
  renew(now: number): Promise<void>;
  release(): Promise<void>;
}

async function makeFolder(folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true, mode: 0o700 });
  // The process's umask may have taken more away than it should.
  if (made !== undefined) await chmod(folder, 0o700);
}

/** Creates a file, which has its content from the first moment on. False if it exists. */
async function createFile(file: string, text: string): Promise<boolean> {
  try {
    await withDraft(file, text, (draft) => link(draft, file));
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** Writes a file next to another one, through to the disk, for `use`. */
async function withDraft(
  file: string,
  text: string,
  use: (draft: string) => Promise<void>,
): Promise<void> {
  const draft = `${file}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    const handle = await open(draft, "wx", 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await use(draft);
  } finally {
    await ignoringAbsence(unlink(draft));
  }
}

/** Undefined if it is damaged: then a new account is registered. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function lockText(owner: string, now: number): string {
  return JSON.stringify({ owner, until: now + LOCK_LEASE_MS });
}

/** A lock for far longer than the lease was written by a clock that is wrong, and binds nobody. */
function isHeld(text: string, now: number): boolean {
  const until = Number(/"until":(\d+)/.exec(text)?.[1]);
  return until > now && until <= now + 2 * LOCK_LEASE_MS;
}

/** Undefined if the text is not a certificate together with its key. */
function certificateIn(text: string): CertificateAndKey | undefined {
  const found = splitPem(text);
  if (found === undefined) return undefined;
  try {
    const leaf = new X509Certificate(found.certificate);
    return leaf.checkPrivateKey(createPrivateKey(found.key)) ? found : undefined;
  } catch {
    return undefined;
  }
}

/** A folder's name for an issuer, so that certificates of a trial are never mistaken for real ones. */
function folderName(directory: string): string {
  return directory
    .replace(/^https?:\/\//, "")
    .replaceAll(/[^A-Za-z0-9.-]+/g, "-")
    .replaceAll(/^[.-]+|-+$/g, "");
}

async function ignoringAbsence(done: Promise<void>): Promise<void> {
  try {
    await done;
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
