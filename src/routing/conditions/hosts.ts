import { Type } from "@sinclair/typebox";
import { parseHostPattern } from "../../http/host-pattern.ts";
import { defineCondition } from "./condition.ts";

/** The hosts that a route is for. The route table looks them up before the path. */
export const hosts = defineCondition({
  key: "hosts",
  schema: Type.Array(
    Type.Transform(Type.String({ expected: 'a host, like api.example.com or "*.example.com"' }))
      .Decode(readHost)
      .Encode((host) => host),
    {
      description:
        "The hosts that the route is for, in any case and with any port: names, addresses, or `*.example.com` for all that is one or more labels below. By default, every host. A route for the very host comes first, then the one with the longest wildcard, then those without `hosts`, whatever their paths.",
      minItems: 1,
    },
  ),
});

function readHost(written: string): string {
  const pattern = parseHostPattern(written);
  if (typeof pattern !== "string") throw new Error(pattern.message);
  return pattern;
}
