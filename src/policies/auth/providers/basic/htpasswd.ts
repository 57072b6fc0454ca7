import { shortened } from "../../../../documents/records.ts";
import { FileProblem } from "../../../../documents/text-file.ts";
import { hashProblem } from "./password-hash.ts";

/** A line of a file of htpasswd. */
interface Line {
  /** Normalized (NFC). */
  readonly name: string;
  readonly hash: string;
}

/** Whether a text is not YAML: its first line has a name, a colon and at once what follows. */
export function isHtpasswd(text: string): boolean {
  const first = text.split("\n").find((line) => /^[^#\s]/.test(line)) ?? "";
  return /^[^:\s"'{[-][^:]*:[^\s]/.test(first);
}

/** Reads the lines of a file of htpasswd. Throws a FileProblem. */
export function readHtpasswd(file: string, text: string): Line[] {
  const problems: string[] = [];
  const known = new Map<string, number>();
  const lines: Line[] = [];
  for (const [index, written] of text
    .replace(/^\uFEFF/, "")
    .split("\n")
    .entries()) {
    const line = written.replace(/\r$/, "");
    if (line.trim() === "" || line.startsWith("#")) continue;
    const at = `${file}:${index + 1}`;
    const colon = line.indexOf(":");
    // What comes after a second colon is a comment.
    const [hash = ""] = line.slice(colon + 1).split(":", 1);
    const name = line.slice(0, Math.max(0, colon)).normalize("NFC");
    const first = known.get(name);
    const problem = colon === -1 ? undefined : hashProblem(hash);
    if (colon === -1) problems.push(`${at}:1: expected NAME:HASH, as \`htpasswd -B\` writes it`);
    else if (name === "" || /\p{Cc}/u.test(name)) problems.push(`${at}:1: the name is missing`);
    else if (first !== undefined) {
      problems.push(`${at}:1: there is another \`${name}\` on line ${first}; leave one out`);
    } else if (problem !== undefined) problems.push(`${at}:${colon + 2}: ${problem}`);
    known.set(name, index + 1);
    lines.push({ name, hash });
  }
  if (problems.length > 0) throw new FileProblem(shortened(problems));
  return lines;
}
