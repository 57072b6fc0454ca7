import { Type } from "@sinclair/typebox";
import { upgradeProblem } from "../http/upgrade.ts";
import type { ConfigIssue } from "../pipeline/policy.ts";
import { defineSection } from "../pipeline/section.ts";
import { Size } from "../units/size.ts";
import { encodedSlashesSchema } from "./encoded-slashes.ts";
import { checkTimeouts, routeTimeouts } from "./timeouts.ts";

/** `preserve_host` of a route. */
export const preserveHost = defineSection({
  schema: Type.Boolean({
    description:
      "Whether a backend gets the Host that the client sent. If not, it gets its own, which shared hosting and most https backends need. By default it does, so that it makes links that lead to the client's host.",
    default: true,
  }),
});

/** `preserve_path` of a route. */
export const preservePath = defineSection({
  schema: Type.Boolean({
    description:
      "Whether a backend gets the path as the client wrote it, with its `//`, `/./` and escapes, which may be part of the names of objects in a store. It is matched in its normal form all the same, and refused with a `..` segment.",
    default: false,
  }),
});

/** `encoded_slashes` of a route. */
export const encodedSlashes = defineSection({
  schema: Type.Optional(
    encodedSlashesSchema({
      description:
        "What an encoded slash or backslash is in the paths that match this route; by default as in `server`.",
    }),
  ),
});

/** `max_body_size` of a route. */
export const maxBodySize = defineSection({
  schema: Type.Optional(Size({ description: "The largest request body that this route accepts." })),
});

/** `upgrades` of a route. */
export const upgrades = defineSection({
  schema: Type.Optional(
    Type.Array(Type.String({ expected: "a protocol's name, like websocket" }), {
      advice: (written: string) =>
        written === "false" ? "write `[]` to allow none" : "leave it out to allow all",
      description:
        "The protocols to which clients may upgrade their connections; `[]` allows none. By default, WebSocket and every other protocol except versions of HTTP and TLS. A request for another upgrade is forwarded as a plain one.",
    }),
  ),
  check: (written) =>
    written.flatMap((protocol, index): ConfigIssue[] => {
      const message = protocol === undefined ? undefined : upgradeProblem(protocol);
      return message === undefined ? [] : [{ path: [index], message }];
    }),
});

/** `timeouts` of a route. */
export const timeouts = defineSection({
  schema: Type.Optional(routeTimeouts),
  check: checkTimeouts,
});
