import { Type } from "@sinclair/typebox";
import { listWith } from "../../http/fields.ts";
import { hasDotSegment, normalizePath } from "../../http/path.ts";
import { bytesOf } from "../../http/bytes.ts";
import { definePolicy } from "../../pipeline/policy.ts";
import { TextProblem } from "../../pipeline/section.ts";

const schema = Type.Transform(
  Type.String({
    description:
      "What is taken off the beginning of the path before a backend gets it: whole segments, so /api is taken off /api and /api/users, not off /apis. Of the prefix alone, / remains. Paths that do not begin with it stay as they are. Backends get what was taken off as X-Forwarded-Prefix.",
    expected: "the beginning of a path, like /api",
  }),
)
  .Decode(readPrefix)
  .Encode((prefix) => prefix);

/** The prefix as normal paths have it, without a slash at its end. Throws a TextProblem. */
function readPrefix(written: string): string {
  if (!written.startsWith("/")) {
    throw new TextProblem(`a prefix begins with "/"; write \`/${written}\``, 0);
  }
  const wrong = /[?#{}\\\s]|\/[:*]/u.exec(written);
  if (wrong !== null) {
    throw new TextProblem(
      "`strip_prefix` is text that is taken off literally; for more, write `rewrite`",
      wrong.index,
    );
  }
  const normal = hasDotSegment(written) ? undefined : normalizePath(bytesOf(written));
  if (typeof normal !== "string") throw new TextProblem("no path begins with this", 0);
  const prefix = normal.replace(/\/$/, "");
  if (prefix === "") throw new TextProblem('"/" takes nothing off; leave it out', 0);
  return prefix;
}

/** By which backends can make URLs that lead back to them. */
const PREFIX_FIELD = "x-forwarded-prefix";

/** Takes the beginning off the path that backends get. */
export const stripPrefix = definePolicy({
  name: "strip_prefix",
  routeReplacesGlobal: true,
  route: {
    key: "strip_prefix",
    schema,
    create: (prefix) => ({
      name: "strip_prefix",
      request({ outgoing }) {
        // A trusted proxy's own comes first: it has taken off what came before.
        if (outgoing.dropPrefix(prefix)) {
          outgoing.set(PREFIX_FIELD, listWith(outgoing.get(PREFIX_FIELD), prefix));
        }
        return undefined;
      },
    }),
  },
});
