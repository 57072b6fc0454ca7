import { type StaticDecode, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { defineSection } from "../pipeline/section.ts";
import { Percent } from "../units/percent.ts";
import { Size } from "../units/size.ts";

const one = Type.Object(
  {
    upstream: Type.String({
      minLength: 1,
      description: "The name of the upstream that gets the copies.",
      expected: "the name of one of the `upstreams`",
    }),
    percent: Percent({ default: "100%", description: "The share of the requests that is copied." }),
    max_body: Size({
      default: "64KiB",
      description:
        "Requests with more content are not copied: all of a copy's content is in memory until it has been sent.",
    }),
  },
  { additionalProperties: false },
);

const named = Type.String({ minLength: 1, expected: "the name of an upstream" });

/** One mirror of a route. */
export type MirrorConfig = StaticDecode<typeof one>;

function withDefaults(written: string | MirrorConfig): MirrorConfig {
  if (typeof written !== "string") return written;
  return Value.Decode(one, Value.Default(one, { upstream: written }));
}

/** `mirror` of a route. */
export const mirror = defineSection({
  schema: Type.Optional(
    Type.Transform(
      Type.Union(
        [named, one, Type.Array(Type.Union([named, one]), { minItems: 1 }), Type.Literal(false)],
        {
          description:
            "Copies requests to another upstream, or to several. A name is `upstream`, with the defaults of the rest. Answers to copies are thrown away, and nothing that happens to a copy changes, slows or fails the exchange. Copies have the field `x-mirrored: true`, and are counted in /admin/mirrors instead of the access log.",
          expected: "the name of an upstream, { upstream, percent, max_body }, or a list of such",
        },
      ),
    )
      .Decode((written): readonly MirrorConfig[] => {
        if (written === false) return [];
        return (Array.isArray(written) ? written : [written]).map(withDefaults);
      })
      .Encode((mirrors) => [...mirrors]),
  ),
});
