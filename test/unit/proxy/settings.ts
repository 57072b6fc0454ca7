import type { ForwardSettings, ForwardTimeouts } from "../../../src/proxy/settings.ts";

export type Changes = Partial<Omit<ForwardSettings, "timeouts">> & {
  readonly timeouts?: Partial<ForwardTimeouts>;
};

/** Round numbers that are all different; no timeout on exchanges. */
export function settingsWith({ timeouts, ...changes }: Changes = {}): ForwardSettings {
  return {
    preserveHost: true,
    sendForwarded: false,
    maxBodySize: 100_000,
    maxMessageSize: 70_000,
    upgrades: undefined,
    tls: undefined,
    retry: undefined,
    hedge: undefined,
    ...changes,
    timeouts: { request: 1_000, response: 5_000, idle: 20_000, exchange: 0, ...timeouts },
  };
}
