import { type Static, Type } from "@sinclair/typebox";
import { TOKEN } from "../http/fields.ts";
import type { ConfigIssue } from "../pipeline/policy.ts";
import { SECRET_FIELDS, SECRET_PARAMETERS, spelledAlike } from "../pipeline/redaction.ts";
import type { Checkable } from "../pipeline/section.ts";

const list = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(", ");

/** `logging.redact`: names under which secrets travel. */
export const redact = Type.Object(
  {
    query: Type.Array(Type.String(), {
      description: `Query parameters whose values are replaced by \`[redacted]\` in rows and lines, besides those that always are (${list(SECRET_PARAMETERS)}) and those that carry the credentials of an auth provider. Case, \`-\` and \`_\` make no difference.`,
      default: [],
      expected: "a parameter's name, or a list of them",
    }),
    headers: Type.Array(Type.String(), {
      description: `Request fields whose values are never kept, not even as part of an error's message, besides ${list(SECRET_FIELDS)} and those of auth providers. The only field that rows keep is User-Agent: list it here to keep none.`,
      default: [],
      expected: "a field's name, or a list of them",
    }),
    except: Type.Array(Type.String(), {
      description:
        "Query parameters that are usually secret and are not here, for example `code` where it is a country's: their values are kept. It does not apply to names that stand in `query` or carry an auth provider's credentials.",
      default: [],
      expected: "a parameter's name, or a list of them",
    }),
  },
  {
    additionalProperties: false,
    description: "What rows and lines must not contain.",
    expected: "{ query, headers, except }, with lists of names",
    listAdvice: "name parameters below `query`, and fields below `headers`",
    default: {},
  },
);

export type RedactSettings = Static<typeof redact>;

/** Finds names that cannot be what they are written as. */
export function checkRedact({ query, headers, except }: Checkable<RedactSettings>): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  for (const [index, name] of (query ?? []).entries()) {
    if (name === undefined || PARAMETER.test(name)) continue;
    const message = `\`${name}\` is not the name of a parameter; write it decoded and without \`?\`, \`&\` and \`=\`, like access_token`;
    issues.push({ path: ["query", index], message });
  }
  for (const [index, name] of (headers ?? []).entries()) {
    if (name === undefined || TOKEN.test(name)) continue;
    issues.push({
      path: ["headers", index],
      message: `\`${name}\` is not a field name; write one like X-Api-Key`,
    });
  }
  for (const [index, name] of (except ?? []).entries()) {
    if (name === undefined || SECRET_PARAMETERS.some((usual) => spelledAlike(usual, name)))
      continue;
    const message = `\`${name}\` is logged anyway, so this has no effect; docs/access-log.md lists the parameters that are redacted`;
    issues.push({ path: ["except", index], message, severity: "warning" });
  }
  return issues;
}

/** Visible ASCII without what ends a name in a query. */
const PARAMETER = /^(?=.*[^_-])[!"$'-*,-:<>@-~]{1,128}$/;
