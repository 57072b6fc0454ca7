import { withoutUserInfo } from "../../http/user-info.ts";
import { DEFAULT_REACH } from "../../upstream/destination.ts";
import { type BackendAddress, destinationOf, readBackendAddress } from "../../upstream/backend.ts";
import type { Destination, Reach } from "../../upstream/destination.ts";
import { tlsFor } from "../../proxy/settings.ts";
import type { UpstreamKeys } from "../../config/schema.ts";
import { tlsOptions } from "../snapshot/forward-settings.ts";
import { ReplayError } from "./replay-error.ts";

export interface Place {
  readonly address: BackendAddress;
  readonly to: Destination;
}

/** A backend of the past, reached as its upstream says; without its settings, as by default. */
export function backendPlace(url: string, keys: UpstreamKeys | undefined): Place {
  const address = addressOf(url);
  const settings = { tls: keys && tlsOptions(keys) };
  const to = destinationOf(address, keys && reachOf(keys), tlsFor(address.origin, settings));
  return { address, to };
}

/** What an operator names. Only http and https, without a user, so that a mistake is no request elsewhere. */
export function namedPlace(written: string, isInsecure: boolean): Place {
  const url = URL.parse(written);
  const isPlain =
    url !== null &&
    url.username === "" &&
    url.password === "" &&
    url.search === "" &&
    url.hash === "";
  if (!isPlain || !/^https?:\/\//i.test(written)) {
    throw new ReplayError(
      "invalid",
      `\`${withoutUserInfo(written)}\` is no address to send a request to; write one like http://localhost:9001 or https://staging.example.com/v2`,
    );
  }
  const address = addressOf(written);
  const tls = isInsecure ? { tls: { rejectUnauthorized: false } } : { tls: undefined };
  return { address, to: destinationOf(address, DEFAULT_REACH, tlsFor(address.origin, tls)) };
}

function addressOf(url: string): BackendAddress {
  try {
    return readBackendAddress(url);
  } catch {
    throw new ReplayError("invalid", `the row's backend \`${url}\` is not an address`);
  }
}

function reachOf({ protocol, proxy, connect_timeout: connectTimeout }: UpstreamKeys): Reach {
  return { protocol, proxy, connectTimeout };
}
