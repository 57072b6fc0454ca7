/** A step of a path: a name, which in a list is an item's index, or all items of a list. */
export interface Step {
  readonly name: string;
  /** All items; the name means nothing then. */
  readonly isEach: boolean;
}

/** A list's index as a path has it. */
export const INDEX = /^(?:0|[1-9][0-9]{0,8})$/;

/** Deeper paths would make editing slow, as each step may be searched anew. */
const MOST_STEPS = 32;

/**
 * Reads a path: names separated by dots, `*` for all items of a list. A backslash takes the meaning from
 * a dot, an asterisk or a backslash after it. Returns what is wrong with it as text.
 */
export function readPath(written: string): readonly Step[] | string {
  const steps: Step[] = [];
  for (const part of written.match(/(?:[^\\.]|\\[\s\S]?)+|(?<=\.|^)(?=\.|$)/g) ?? [""]) {
    if (part === "")
      return "a name is missing: write the names from the outside in, like `user.name`";
    const wrong = /\\(?![\\.*])/.exec(part);
    if (wrong !== null) return "a backslash may only stand before a dot, `*` or another backslash";
    steps.push({ name: part.replaceAll(/\\(.)/g, "$1"), isEach: part === "*" });
  }
  return steps.length > MOST_STEPS ? `a path has at most ${MOST_STEPS} names` : steps;
}
