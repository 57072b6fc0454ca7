import { Type } from "@sinclair/typebox";
import { isLoopback } from "../http/address.ts";
import { hostName } from "../http/host.ts";
import type { ConfigIssue } from "../pipeline/policy.ts";
import { defineSection, type IsWhole } from "../pipeline/section.ts";
import { listenAdvice } from "./listen-host.ts";

const schema = Type.Object(
  {
    listen: Type.Optional(
      Type.String({
        description:
          "The address and port of the operator's pages; `off` for none. By default 127.0.0.1:9090, or a free port of 127.0.0.1 if that one is taken; the log says which.",
        pattern: "^(?:off|(?:[A-Za-z0-9.-]+|\\[[0-9A-Fa-f:.]+\\]):[0-9]{1,5})$",
        expected: "an address and a port, like 127.0.0.1:9090, or off",
        advice: listenAdvice,
      }),
    ),
    token: Type.Optional(
      Type.String({
        description:
          "The secret that the operator sends as Authorization: Bearer. If set, it is always required. It must be set if listen is not a loopback address.",
        minLength: 1,
        isSecret: true,
        expected: "non-empty text",
      }),
    ),
    main_port: Type.Optional(
      Type.Union([Type.Literal("off"), Type.Literal("local"), Type.Literal("token")], {
        description:
          "What the main port shows of the operator's pages: `off` nothing; `local` GET /admin/backends and GET /admin/log, to programs on this machine; `token` everything, to holders of the token. By default `off` if listen names an address, otherwise `token` if there is a token, otherwise `local`. A reverse proxy on this machine can defeat `local`; docs/http.md says when.",
      }),
    ),
  },
  {
    additionalProperties: false,
    description: "The operator's pages.",
    advice: (written: string) =>
      /^(?:false|off|no|none|disabled)$/i.test(written)
        ? "write `admin: { listen: off, main_port: off }`"
        : undefined,
  },
);

/** `admin` at the top of the configuration. */
export const admin = defineSection({ schema: Type.Optional(schema), check });

interface Written {
  readonly listen?: string | undefined;
  readonly token?: string | undefined;
  readonly main_port?: string | undefined;
}

function check(written: Written, isWhole: IsWhole): ConfigIssue[] {
  // A token that is present but invalid is not missing.
  const hasNoToken = written.token === undefined && isWhole(written);
  const issues: ConfigIssue[] = [];
  if (written.main_port === "token" && hasNoToken) {
    issues.push({ path: ["main_port"], message: "`token` needs `admin.token`" });
  }
  if (!isAddress(written.listen)) return issues;
  const { host, port } = splitAddress(written.listen);
  if (port > 65_535) {
    issues.push({ path: ["listen"], message: `port ${port} does not exist; the last is 65535` });
  } else if (hasNoToken && host.toLowerCase() !== "localhost" && !isLoopback(host)) {
    issues.push({
      path: ["listen"],
      message: `${host} can be reached from other machines; set \`admin.token\`, or listen on 127.0.0.1`,
    });
  }
  return issues;
}

/** Whether `admin.listen` names an address, and not "off" or nothing. */
export function isAddress(listen: string | undefined): listen is string {
  return listen !== undefined && listen !== "off";
}

/** Splits "127.0.0.1:9090" or "[::1]:9090". The schema has checked the form. */
export function splitAddress(address: string): { host: string; port: number } {
  return {
    host: hostName(address),
    port: Number(address.slice(address.lastIndexOf(":") + 1)),
  };
}
