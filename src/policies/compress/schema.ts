import { type StaticDecode, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { ConfigIssue } from "../../pipeline/policy.ts";
import { Size } from "../../units/size.ts";
import type { Level } from "./codings.ts";
import { typeProblem, typeWarning } from "./media-types.ts";

const Coding = Type.Union([Type.Literal("zstd"), Type.Literal("br"), Type.Literal("gzip")], {
  expected: "zstd, br or gzip",
  advice: (written: string) =>
    /^brotli$/i.test(written) ? "brotli's name in HTTP is `br`" : undefined,
});

const LevelOf = (level: Level, most: Level, meaning: string) =>
  Type.Unsafe<Level>(
    Type.Integer({ minimum: 1, maximum: most, description: meaning, default: level }),
  );

const settings = Type.Object(
  {
    algorithms: Type.Array(Coding, {
      description:
        "What clients may get, in this order where they have no preference. zstd comes first because it takes less than half of the time of the others, for about the same size.",
      default: ["zstd", "br", "gzip"],
      minItems: 1,
    }),
    levels: Type.Object(
      {
        zstd: LevelOf(3, 9, "How hard zstd tries; 5 takes twice as long and saves 7 %."),
        br: LevelOf(4, 6, "How hard brotli tries; 5 takes 1.6 times as long and saves 8 %."),
        gzip: LevelOf(5, 9, "How hard gzip tries; 1 takes half as long and adds 50 %."),
      },
      {
        additionalProperties: false,
        default: {},
        description:
          "How hard each algorithm tries. There are higher levels, for files that are compressed once: they take many times as long, or tens of megabytes per answer.",
      },
    ),
    min_size: Size({
      description:
        "Smaller answers are not compressed: they fit into one packet as they are. One of unknown length counts as large unless all of it is there at once.",
      default: "1KiB",
    }),
    types: Type.Array(Type.String(), {
      description:
        "The media types that are compressed, like `application/json`, `text/*` or `*+json`, in place of the usual ones: text, JSON, XML, YAML, JavaScript, SVG, WebAssembly, and fonts and icons that are not compressed themselves. `[]` means these.",
      default: [],
    }),
    with_credentials: Type.Boolean({
      description:
        "Whether answers that may hold a client's secrets are compressed too: those to requests with Cookie, Authorization or a client certificate that do not say `Cache-Control: public`, and those with Set-Cookie or `Cache-Control: private` or `no-store`. If an answer has text from the request or from other users as well, its size tells whoever watches the network what the secret is (BREACH).",
      default: false,
    }),
  },
  { additionalProperties: false },
);

export type CompressSettings = StaticDecode<typeof settings>;

export const compressSchema = Type.Union(
  [Type.Boolean({ description: "Whether answers are compressed." }), settings],
  {
    description:
      "Compresses answers for clients that accept it. `true` takes all defaults. Answers that backends have compressed pass unchanged.",
    expected: "true, false or {algorithms, levels, min_size, types, with_credentials}",
    advice: (written: string) =>
      /^(?:gzip|br|brotli|zstd)$/i.test(written)
        ? `write \`{ algorithms: [${written.toLowerCase() === "brotli" ? "br" : written.toLowerCase()}] }\``
        : undefined,
  },
);

type CompressConfig = boolean | CompressSettings;

/** Undefined if nothing is to be compressed. */
export function settingsOf(config: CompressConfig): CompressSettings | undefined {
  if (typeof config !== "boolean") return config;
  return config ? Value.Decode(settings, Value.Default(settings, {})) : undefined;
}

export function checkCompress(config: CompressConfig): ConfigIssue[] {
  if (typeof config === "boolean") return [];
  const { algorithms, types } = config;
  return [
    ...algorithms.flatMap((algorithm, index): ConfigIssue[] =>
      algorithms.indexOf(algorithm) === index
        ? []
        : [{ path: ["algorithms", index], message: `\`${algorithm}\` is listed twice` }],
    ),
    ...types.flatMap((type, index): ConfigIssue[] => {
      const path = ["types", index];
      const problem = typeProblem(type);
      if (problem !== undefined) return [{ path, message: problem }];
      const warning = typeWarning(type);
      return warning === undefined ? [] : [{ path, message: warning, severity: "warning" }];
    }),
  ];
}
