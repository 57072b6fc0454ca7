import { type StaticDecode, Type } from "@sinclair/typebox";
import type { ConfigIssue } from "../../../pipeline/policy.ts";
import { Size } from "../../../units/size.ts";
import { readPath, type Step } from "./path.ts";
import { JsonValueText } from "./value.ts";

/** `json` below `request` and `response`; `whose` is the content that it changes. */
export const jsonSchema = (whose: string) =>
  Type.Object(
    {
      set: Type.Optional(
        Type.Record(Type.String(), JsonValueText, {
          description:
            "Values by their paths: text with placeholders, numbers, `null`, lists, mappings. What is missing on the way is made, except for lists.",
        }),
      ),
      remove: Type.Optional(
        Type.Array(Type.String({ isOneItem: true }), {
          description: "The paths of members and of items of lists to remove.",
        }),
      ),
      rename: Type.Optional(
        Type.Record(Type.String(), Type.String(), {
          description:
            "New names by the paths of members. A member that has the new name already is replaced.",
        }),
      ),
      max_size: Size({
        description:
          "The largest content that is changed; larger content passes as it is. It is held in memory, and changing 1MiB takes the thread that serves all requests about 5 ms, and ten times that if `*` is set in a list of hundreds of thousands of items.",
        default: "1MiB",
        least: 1,
        most: 67_108_864,
      }),
    },
    {
      additionalProperties: false,
      description: `Changes ${whose} if it is JSON: first members are removed, then renamed, then set. What is not named keeps its bytes. Paths are written with dots: \`user.name\`, \`items.0\` for an item of a list, \`items.*\` for all items; \`\\.\` is a dot in a name.`,
    },
  );

export type JsonConfig = StaticDecode<ReturnType<typeof jsonSchema>>;

/** Paths that are not valid, or contradict each other. */
export function checkJson({ set = {}, remove = [], rename = {} }: JsonConfig): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const read = (written: string, path: ConfigIssue["path"]): readonly Step[] => {
    const steps = readPath(written);
    if (typeof steps === "object") return steps;
    issues.push({ path, message: steps });
    return [];
  };
  const removed = new Set<string>();
  for (const [index, written] of remove.entries()) {
    const path = ["remove", index];
    removed.add(keyOf(read(written, path)));
    if (Object.hasOwn(set, written)) {
      const message = `\`${written}\` is set anyway: leave it out here`;
      issues.push({ path, message, severity: "warning" });
    }
  }
  const renamed = new Map<string, string>();
  for (const [written, newName] of Object.entries(rename)) {
    const path = ["rename", written];
    const steps = read(written, path);
    const last = steps.at(-1);
    const key = keyOf(steps);
    const target = keyOf([...steps.slice(0, -1), { name: newNameOf(newName), isEach: false }]);
    const other = renamed.get(target);
    const message =
      newNameProblem(newName) ??
      (last?.isEach === true ? "items of lists have no names" : undefined) ??
      (removed.has(key) ? `\`${written}\` is removed: leave it out here or there` : undefined) ??
      (other === undefined ? undefined : `\`${other}\` gets the same name`);
    if (message !== undefined) issues.push({ path, message });
    renamed.set(target, written);
  }
  const paths = new Map<string, string>();
  for (const written of Object.keys(set)) {
    paths.set(keyOf(read(written, ["set", written])), written);
  }
  for (const [key, written] of paths) {
    const outer = outerOf(key, paths);
    if (outer === undefined) continue;
    const message = `\`${outer}\` is set as a whole: write this into its value`;
    issues.push({ path: ["set", written], message });
  }
  return issues;
}

/** The path among others within which one lies. */
function outerOf(key: string, paths: ReadonlyMap<string, string>): string | undefined {
  let end = key.lastIndexOf("\n", key.length - 2);
  while (end > 0) {
    const outer = paths.get(key.slice(0, end + 1));
    if (outer !== undefined) return outer;
    end = key.lastIndexOf("\n", end - 1);
  }
  return undefined;
}

/** The same for the same path, however it is written; that of a path within another begins with its. */
function keyOf(steps: readonly Step[]): string {
  return steps.map(({ name, isEach }) => `${isEach ? "*" : JSON.stringify(name)}\n`).join("");
}

function newNameProblem(written: string): string | undefined {
  const steps = readPath(written);
  if (typeof steps === "string") return steps;
  if (steps.length === 1) return undefined;
  const name = steps.at(-1)?.name ?? "";
  return `a member stays where it is: write only its new name, like \`${name}\`; \`\\.\` is a dot in a name`;
}

/** A new name without its escapes. */
export function newNameOf(written: string): string {
  const steps = readPath(written);
  return (typeof steps === "object" ? steps[0]?.name : undefined) ?? written;
}
