import type { ChallengeType } from "./challenges.ts";
import type { IssuerError } from "./issuer-error.ts";

/** What an operator may do about a failure; undefined where the reason says it all. */
export function remedyFor(
  { type, message }: IssuerError,
  name: string,
  challenge: ChallengeType | undefined,
): string | undefined {
  const port = challenge === "tls-alpn-01" ? "443" : "80";
  const setting = challenge === "tls-alpn-01" ? "server.tls.port" : "server.port";
  switch (type) {
    case "dns":
      return `point the A and AAAA records of ${name} at this gateway`;
    case "connection":
    case "tls":
    case "timeout":
      return `port ${port} of ${name} must lead to ${setting} from the internet`;
    case "unauthorized":
    case "incorrectResponse":
      return `${name} must lead to this gateway: something else answers at its port ${port}, or an AAAA record points elsewhere`;
    case "caa":
      return `a CAA record of ${name} forbids this issuer`;
    case "rateLimited":
      return "while trying things out, use the issuer's staging directory (`acme.directory`)";
    case "rejectedIdentifier":
    case "unsupportedIdentifier":
      return "remove it from `acme.domains`, or give its certificate in `certificates`";
    case "invalidContact":
    case "unsupportedContact":
      return "correct `acme.email`";
    case "externalAccountRequired":
      return "that is not supported: choose another `acme.directory`";
    case "userActionRequired":
      return "the issuer's terms of service have changed: follow its instructions";
    case "noChallenge":
      return "open the other port (`server.port` or `server.tls.port`)";
    case "unreachable":
      return /certificate|self.signed|issuer/i.test(message.replace(/^\S+/, ""))
        ? "name the certificate of the issuer's authority in the environment variable NODE_EXTRA_CA_CERTS"
        : "check `acme.directory` and that this machine may reach it";
    default:
      return undefined;
  }
}
