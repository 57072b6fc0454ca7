import type { Config } from "../../config/schema.ts";
import { parseStoreAddress } from "../../store/address.ts";
import { RedisStore, type StoreSettings } from "../../store/redis-store.ts";
import { TlsKeys } from "../../upstream/tls-keys.ts";
import type { Lease } from "../lifetimes.ts";
import { tlsOptions } from "./forward-settings.ts";
import type { SnapshotServices } from "./snapshot.ts";

/** What a store has that is written as a URL alone. */
const DEFAULTS = { timeout: 50, on_error: "local", prefix: "gateway:" } as const;

/** The configuration's store, kept across reloads that do not change it. Reads the files of `tls`. */
export function storeOf(
  written: Config["store"],
  { clock, random, log, openLink }: SnapshotServices,
  lease: Lease,
): RedisStore | undefined {
  if (written === undefined) return undefined;
  const settings = settingsOf(written);
  const { target, ...rest } = settings;
  const tls = target.tls && new TlsKeys().of(target.tls);
  return lease.keep(
    `store ${JSON.stringify([target.url, tls, rest])}`,
    () => new RedisStore(settings, { clock, random, log, openLink }),
    (store) => store.close(),
  );
}

function settingsOf(written: NonNullable<Config["store"]>): StoreSettings {
  const full = typeof written === "string" ? { redis: written, ...DEFAULTS } : written;
  const address = parseStoreAddress(full.redis);
  if (typeof address === "string") throw new Error(`store: ${address}`);
  return {
    target: { url: address.url, ...("tls" in full && { tls: tlsOptions(full) }) },
    name: address.name,
    onError: full.on_error,
    timeout: full.timeout,
    prefix: full.prefix,
  };
}
