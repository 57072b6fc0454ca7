import type { LogLevel } from "../../units/log-level.ts";
import type { Clock } from "../../time/clock.ts";
import { type Account, openAccount } from "./account.ts";
import type { Challenges, ChallengeType } from "./challenges.ts";
import { IssuerError } from "./issuer-error.ts";
import { ManagedCertificate } from "./managed-certificate.ts";
import { Messages } from "./messages.ts";
import { obtainCertificate } from "./obtain.ts";
import type { Fetch } from "../../http/fetch.ts";
import { retryDelay, windowAge } from "./schedule.ts";
import { type Lock, LOCK_LEASE_MS, Storage } from "./storage.ts";
import { type CertificateAndKey, placeholderCertificate } from "./x509.ts";

export interface AcmeSettings {
  /** Host names, in lower case. */
  readonly domains: readonly string[];
  readonly email: string | undefined;
  /** URL of the issuer's directory. */
  readonly directory: string;
  /** The folder that holds account and certificates. */
  readonly storage: string;
  /** The challenges that the open ports can answer, in the order in which they are tried. */
  readonly challenges: readonly ChallengeType[];
}

export interface RenewalCounts {
  succeeded: number;
  failed: number;
}

export interface RenewalsOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: (level: LogLevel, message: string) => void;
  readonly fetch: Fetch;
  /** Called when `certificates` has changed. */
  readonly onChange: () => void;
  /** Attempts to get a certificate. */
  readonly counts?: RenewalCounts | undefined;
}

/** Between two looks at the storage, where another gateway may have put a certificate. */
const LOOK_EVERY_MS = 60 * 60_000;
/** While another gateway holds the lock. */
const LOOK_WHEN_LOCKED_MS = 5_000;
const SOONEST_MS = 1_000;

/**
 * Gets certificates from an issuer and renews them (RFC 8555), one for each name. There is a
 * certificate for every name at any time: if there is none yet, one that nobody trusts. A failing issuer
 * changes nothing but the log.
 */
export class Renewals {
  readonly #settings: AcmeSettings;
  readonly #challenges: Challenges;
  readonly #options: RenewalsOptions;
  readonly #storage: Storage;
  readonly #messages: Messages;
  readonly #managed: readonly ManagedCertificate[];
  /** Names that had a certificate under earlier settings. */
  readonly #takenOver = new Set<string>();
  readonly #aborting = new AbortController();
  #round: Promise<void> = Promise.resolve();
  #cancelTimer: () => void = () => {};
  /** For one round, so that the issuer's directory is read once in it. */
  #openedAccount: Account | undefined;

  /**
   * Reads the certificates that are on disk. `before` is what was in force until now: where nothing is on
   * disk, its certificate stays in use until there is one.
   */
  constructor(
    settings: AcmeSettings,
    challenges: Challenges,
    options: RenewalsOptions,
    before: Renewals | undefined,
  ) {
    const { clock, random, log } = options;
    this.#settings = settings;
    this.#challenges = challenges;
    this.#options = options;
    this.#storage = new Storage(settings.storage, settings.directory);
    challenges.share(this.#storage);
    this.#messages = new Messages(settings, clock, log);
    const earlier = before === undefined ? [] : before.#managed;
    const folder = before === undefined ? undefined : before.#storage.folder;
    this.#managed = settings.domains.map((name) => {
      const known = earlier.find((managed) => managed.name === name);
      // It may just have been issued and not be on disk yet.
      const isOurs = folder === this.#storage.folder && known?.isUnsaved === true;
      const found = isOurs ? known.current : this.#storage.readCertificateNow(name);
      const meanwhile = known?.current ?? placeholderCertificate(name, clock.wall());
      const managed = new ManagedCertificate(name, found, meanwhile, random());
      managed.isUnsaved = isOurs;
      managed.notBefore = this.#storage.readPauseNow(name);
      if (known?.validity !== undefined) this.#takenOver.add(name);
      return managed;
    });
  }

  get settings(): AcmeSettings {
    return this.#settings;
  }

  /** What clients get, one for each name. */
  get certificates(): readonly CertificateAndKey[] {
    return this.#managed.map(({ current }) => current);
  }

  /** Begins to get what is missing or is to be renewed. The ports must be open. */
  start(): void {
    this.#cancelTimer = this.#options.clock.schedule(0, () => {
      for (const managed of this.#managed) {
        this.#messages.found(managed, this.#takenOver.has(managed.name));
      }
      this.#round = this.#work();
    });
  }

  /** Resolves when nothing is under way any more. */
  stop(): Promise<void> {
    this.#cancelTimer();
    this.#aborting.abort();
    return this.#round;
  }

  #beginRound(delay: number): void {
    this.#cancelTimer = this.#options.clock.schedule(delay, () => {
      this.#round = this.#work();
    });
  }

  /** Neither throws nor rejects. */
  async #work(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#aborting;
    this.#openedAccount = undefined;
    // Names that have nothing to show come first.
    const inOrder = [...this.#managed].sort((a, b) => a.renewAt - b.renewAt);
    for (const managed of inOrder) {
      if (signal.aborted) return;
      try {
        await this.#look(managed);
        if (managed.dueAt <= clock.wall()) await this.#renew(managed);
      } catch (error) {
        if (!signal.aborted) await this.#fail(managed, error);
      }
    }
    if (signal.aborted) return;
    const next = Math.min(
      ...this.#managed.map(({ dueAt, askWindowAt }) => Math.min(dueAt, askWindowAt || Infinity)),
    );
    this.#beginRound(Math.min(Math.max(next - clock.wall(), SOONEST_MS), LOOK_EVERY_MS));
  }

  /** Takes a newer certificate from the storage, and asks the issuer when it is to be renewed. */
  async #look(managed: ManagedCertificate): Promise<void> {
    const found = await this.#storage.readCertificate(managed.name);
    if (found !== undefined && managed.adopt(found)) {
      this.#messages.adopted(managed);
      this.#options.onChange();
    }
    const now = this.#options.clock.wall();
    const id = managed.renewalId;
    if (id === undefined || managed.askWindowAt > now || managed.renewAt <= now) return;
    managed.askWindowAt = now + windowAge(undefined);
    if ((await this.#storage.readAccount()) === undefined) return;
    try {
      const { issuer } = await this.#account(false);
      const window = await issuer.renewalWindow(id);
      managed.useWindow(window);
      managed.askWindowAt = now + windowAge(window);
    } catch (error) {
      if (!(error instanceof IssuerError)) throw error;
      this.#messages.noWindow(managed, error);
    }
  }

  async #renew(managed: ManagedCertificate): Promise<void> {
    const { clock, random } = this.#options;
    const lock = await this.#storage.lock(clock.wall());
    if (lock === undefined) {
      managed.notBefore = clock.wall() + LOOK_WHEN_LOCKED_MS * (1 + random());
      this.#messages.locked(managed);
      return;
    }
    const letGo = this.#keep(lock);
    try {
      // It may have been renewed while the lock was waited for.
      await this.#look(managed);
      await this.#storage.clearChallenges();
      if (managed.isUnsaved) await this.#save(managed);
      else if (managed.dueAt <= clock.wall()) await this.#order(managed);
    } finally {
      letGo();
      await lock.release();
    }
  }

  async #order(managed: ManagedCertificate): Promise<void> {
    const types = rotated(this.#settings.challenges, managed.failures);
    this.#messages.asking(managed, types[0]);
    let obtained: CertificateAndKey;
    try {
      obtained = await this.#obtain(managed, types, false);
    } catch (error) {
      if (!(error instanceof IssuerError) || error.type !== "accountDoesNotExist") throw error;
      obtained = await this.#obtain(managed, types, true);
    }
    managed.adopt(obtained);
    managed.isUnsaved = true;
    if (this.#options.counts !== undefined) this.#options.counts.succeeded += 1;
    this.#messages.issued(managed);
    this.#options.onChange();
    await this.#save(managed);
  }

  async #save(managed: ManagedCertificate): Promise<void> {
    await this.#storage.writeCertificate(managed.name, managed.current);
    managed.isUnsaved = false;
    managed.failures = 0;
    managed.notBefore = 0;
  }

  async #obtain(
    { name, renewalId }: ManagedCertificate,
    types: readonly ChallengeType[],
    isAccountLost: boolean,
  ): Promise<CertificateAndKey> {
    const { issuer, key } = await this.#account(isAccountLost);
    return obtainCertificate({
      issuer,
      accountKey: key,
      challenges: this.#challenges,
      types,
      name,
      replaces: renewalId,
      now: () => this.#options.clock.wall(),
    });
  }

  async #account(isLost: boolean): Promise<Account> {
    if (!isLost && this.#openedAccount !== undefined) return this.#openedAccount;
    const { clock, fetch } = this.#options;
    const { directory, email } = this.#settings;
    const options = { directory, clock, fetch, signal: this.#aborting.signal };
    const account = await openAccount(this.#storage, email, options, isLost);
    this.#openedAccount = account;
    if (account.isNew) this.#messages.registered(await account.issuer.terms());
    return account;
  }

  /** Renews a lock until the returned function is called. */
  #keep(lock: Lock): () => void {
    const { clock } = this.#options;
    let cancel = (): void => {};
    const renewLater = (): void => {
      cancel = clock.schedule(LOCK_LEASE_MS / 3, () => {
        // A gateway that takes an expired lock only orders one certificate too many.
        lock.renew(clock.wall()).catch(() => {});
        renewLater();
      });
    };
    renewLater();
    return () => cancel();
  }

  async #fail(managed: ManagedCertificate, error: unknown): Promise<void> {
    const { clock, random } = this.#options;
    const now = clock.wall();
    const [challenge] = rotated(this.#settings.challenges, managed.failures);
    managed.failures += 1;
    if (this.#options.counts !== undefined) this.#options.counts.failed += 1;
    const known = error instanceof IssuerError ? error : undefined;
    const left = (managed.validity?.to ?? 0) - now;
    const delay = retryDelay(managed.failures, known, left, random());
    managed.notBefore = now + delay;
    this.#messages.failed(managed, error, challenge, delay);
    if (known?.type !== "rateLimited") return;
    await this.#storage.writePause(managed.name, managed.notBefore).catch(() => {});
  }
}

/** After a failure another challenge comes first, because it may need a port that is open. */
function rotated(types: readonly ChallengeType[], by: number): readonly ChallengeType[] {
  const first = types.length === 0 ? 0 : by % types.length;
  return [...types.slice(first), ...types.slice(0, first)];
}
