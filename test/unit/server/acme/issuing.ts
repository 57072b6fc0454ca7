import { AccountKey } from "../../../../src/server/acme/account-key.ts";
import { Challenges, type ChallengeType } from "../../../../src/server/acme/challenges.ts";
import { Issuer } from "../../../../src/server/acme/issuer.ts";
import { obtainCertificate } from "../../../../src/server/acme/obtain.ts";
import { newKey } from "../../../../src/server/acme/x509.ts";
import type { Clock } from "../../../../src/time/clock.ts";
import { FakeIssuer } from "../../../support/fake-issuer.ts";

/** A clock whose waiting takes no time, but passes on it. */
export function hurryingClock(): Clock & { waited: number } {
  const clock = {
    waited: 0,
    monotonic: () => clock.waited,
    wall: () => Date.UTC(2026, 0, 1) + clock.waited,
    schedule(delay: number, callback: () => void) {
      queueMicrotask(() => {
        clock.waited += delay;
        callback();
      });
      return () => {};
    },
  };
  return clock;
}

/** An issuer, and a client that answers its challenges. */
export function issuing(types: readonly ChallengeType[] = ["http-01"]) {
  const challenges = new Challenges();
  const fake = new FakeIssuer(answering(challenges));
  const clock = hurryingClock();
  const now = () => clock.wall();
  fake.now = now;
  const accountKey = new AccountKey(newKey());
  const aborting = new AbortController();
  const { directory } = fake;
  const fetch: typeof fake.fetch = (url, init) => fake.fetch(url, init);
  const issuer = new Issuer({ directory, fetch, clock, key: accountKey, signal: aborting.signal });
  const obtain = (name = "api.example.com", replaces?: string) =>
    obtainCertificate({ issuer, accountKey, challenges, types, name, replaces, now });
  return { fake, issuer, challenges, clock, obtain, aborting };
}

/** What an issuer finds if a name's ports answer with these challenges. */
export function answering(challenges: Challenges) {
  return {
    http: (_: string, token: string) => Promise.resolve(challenges.keyAuthorization(token)),
    tls: (name: string) => Promise.resolve(challenges.certificate(name)?.certificate),
  };
}
