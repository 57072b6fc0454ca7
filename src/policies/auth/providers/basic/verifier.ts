import { randomBytes } from "node:crypto";
import { clientNetwork } from "../../../../http/address.ts";
import { GatewayError } from "../../../../pipeline/errors.ts";
import type { Exchange } from "../../../../pipeline/exchange.ts";
import type { PolicyServices } from "../../../../pipeline/policy.ts";
import type { Clock } from "../../../../time/clock.ts";
import { ExpiringMap } from "../../../../time/expiring-map.ts";
import { Flight } from "../../flight.ts";
import type { Credentials } from "./credentials.ts";
import { Damping, type Try } from "./damping.ts";
import { BCRYPT_BYTES, isBcrypt } from "./password-hash.ts";
import type { User, Users } from "./users.ts";
import { VerificationQueue } from "./verification-queue.ts";

export interface VerifierLimits {
  /** Milliseconds for which right credentials are known. */
  readonly cache: number;
  /** Verifications at a time, and how many more may wait. */
  readonly atOnce: number;
  readonly waiting: number;
}

/** What credentials were compared with. */
interface Outcome {
  readonly name: string;
  /** Undefined if there was no such user. */
  readonly hash: string | undefined;
  /** From where they were sent last. */
  address: string;
}

const KNOWN_AT_MOST = 10_000;
/** A client that repeats wrong credentials, like a job with an old password, costs next to nothing. */
const WRONG_MS = 60_000;

/**
 * Compares passwords with their hashes, on other threads, and knows the outcome for a while. What it keeps
 * is a digest of the credentials with a key that this process has made, so nothing of a password is in
 * memory; and it counts only as long as the user's hash is the same.
 */
export class PasswordVerifier {
  readonly #key = randomBytes(32);
  readonly #clock: Clock;
  readonly #log: PolicyServices["log"];
  readonly #damping: Damping;
  readonly #queue: VerificationQueue;
  readonly #right: ExpiringMap<string, Outcome>;
  readonly #wrong: ExpiringMap<string, Outcome>;
  /** Verifications in progress, whose outcome all wait for that have sent the same. */
  readonly #flights = new Map<string, Flight<boolean>>();
  #rightMs = 0;

  constructor({ clock, random, log }: Pick<PolicyServices, "clock" | "random" | "log">) {
    this.#clock = clock;
    this.#log = log;
    this.#right = new ExpiringMap(clock, { most: KNOWN_AT_MOST });
    this.#wrong = new ExpiringMap(clock, { most: KNOWN_AT_MOST });
    this.#damping = new Damping(clock, random);
    this.#queue = new VerificationQueue(clock);
  }

  /** For everything from now on. */
  limitTo({ cache, atOnce, waiting }: VerifierLimits): void {
    this.#rightMs = cache;
    this.#queue.limitTo(atOnce, waiting);
  }

  /** The user of encoded credentials if they are known to be right, or that they are wrong. */
  known({ client }: Exchange, token: string, users: Users): User | "wrong" | undefined {
    const digest = this.#digest(token);
    const right = this.#right.get(digest);
    if (right !== undefined) {
      const user = users.get(right.name);
      if (user !== undefined && user.hash === right.hash) {
        if (right.address !== client.address) this.#seen(right, client.address);
        return user;
      }
    }
    const wrong = this.#wrong.get(digest);
    return wrong !== undefined && users.get(wrong.name)?.hash === wrong.hash ? "wrong" : undefined;
  }

  /** The user of right credentials is at another address. */
  #seen(right: Outcome, address: string): void {
    right.address = address;
    this.#damping.succeeded(this.#attemptOf(right.name, address));
  }

  #attemptOf(name: string, address: string): Try {
    return { network: clientNetwork(address), user: this.#digest(`user ${name}`) };
  }

  /**
   * Whether credentials are right. Rejects with a GatewayError if there have been too many failures, there
   * is too much to verify, or the client leaves.
   */
  async verify(
    exchange: Exchange,
    token: string,
    credentials: Credentials,
    users: Users,
  ): Promise<boolean> {
    const digest = this.#digest(token);
    // Of the hash too: the file may change while a verification is in progress.
    const key = `${digest} ${users.get(credentials.user)?.hash}`;
    let flight = this.#flights.get(key);
    if (flight === undefined) {
      const { outcome, leave } = this.#begin(exchange, digest, credentials, users);
      flight = new Flight(
        outcome.finally(() => this.#flights.delete(key)),
        leave,
      );
      this.#flights.set(key, flight);
    }
    return flight.join(exchange.cancellation);
  }

  #begin(
    { client }: Exchange,
    digest: string,
    { user: name, password }: Credentials,
    users: Users,
  ): { readonly outcome: Promise<boolean>; readonly leave: () => void } {
    const { address } = client;
    const attempt = this.#attemptOf(name, address);
    this.#admit(attempt);
    const user = users.get(name);
    const { hash } = user ?? users.standIn(Number.parseInt(attempt.user.slice(0, 8), 16)) ?? NOBODY;
    const { outcome, leave } = this.#queue.run({
      network: attempt.network,
      trust: this.#damping.trustIn(attempt),
      admit: () => this.#admit(attempt),
      work: () => this.#compare(password, hash, name),
    });
    const settled = outcome.then((isSame) => {
      const isRight = isSame && user !== undefined;
      this.#settle(digest, attempt, { name, hash: user?.hash, address }, isRight);
      return isRight;
    });
    return { outcome: settled, leave };
  }

  #settle(digest: string, attempt: Try, outcome: Outcome, isRight: boolean): void {
    const now = this.#clock.monotonic();
    if (isRight) {
      this.#damping.succeeded(attempt);
      this.#right.set(digest, outcome, now + this.#rightMs);
    } else {
      this.#damping.failed(attempt);
      this.#wrong.set(digest, outcome, now + WRONG_MS);
    }
  }

  /** Throws `rate_limited` after too many failures. */
  #admit(attempt: Try): void {
    const seconds = this.#damping.secondsToWait(attempt);
    if (seconds === 0) return;
    throw new GatewayError(
      "rate_limited",
      `too many attempts with a wrong password; try again in ${seconds} s`,
      { fields: { "retry-after": `${seconds}` } },
    );
  }

  async #compare(password: string, hash: string, name: string): Promise<boolean> {
    // bcrypt knows nothing of what comes after these bytes, so what does would prove nothing.
    const bytes = Buffer.from(password);
    const isTooLong = isBcrypt(hash) && bytes.length > BCRYPT_BYTES;
    try {
      const given = isTooLong ? bytes.subarray(0, BCRYPT_BYTES) : bytes;
      return (await Bun.password.verify(given, hash)) && !isTooLong;
    } catch (error) {
      const reason = error instanceof Error && "code" in error ? error.code : error;
      const whose = JSON.stringify(name);
      this.#log("error", `the hash of user ${whose} cannot be used: ${String(reason)}`);
      throw new GatewayError("auth_unavailable", "this password cannot be verified");
    }
  }

  #digest(text: string): string {
    return new Bun.CryptoHasher("sha256", this.#key).update(text).digest("hex");
  }
}

/** Not reached: without any user there is nothing to verify. */
const NOBODY = { hash: "" };
