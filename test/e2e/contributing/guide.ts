/** A code block of a guide, with the file that its fence names. */
export interface Block {
  readonly language: string;
  /** Empty where the fence names none. */
  readonly file: string;
  readonly content: string;
}

/** A section "How to add …" of CONTRIBUTING.md. */
export interface Guide {
  /** What the heading says is added: "a policy". */
  readonly subject: string;
  readonly lines: number;
  readonly blocks: readonly Block[];
}

const HEADING = /^## How to add (.+)$/;
const OPENING = /^```([a-z]+)?(?: file=(\S+))?$/;

/** Takes the guides out of CONTRIBUTING.md. */
export function readGuides(markdown: string): Guide[] {
  return markdown.split(/^(?=## )/m).flatMap((section) => {
    const lines = section.trimEnd().split("\n");
    const subject = HEADING.exec(lines[0] ?? "")?.[1];
    return subject === undefined ? [] : [{ subject, lines: lines.length, blocks: blocksOf(lines) }];
  });
}

function blocksOf(lines: readonly string[]): Block[] {
  const blocks: Block[] = [];
  let open: { language: string; file: string; content: string } | undefined;
  for (const line of lines) {
    if (open === undefined) {
      const [fence, language = "", file = ""] = OPENING.exec(line) ?? [];
      if (fence !== undefined) open = { language, file, content: "" };
    } else if (line === "```") {
      blocks.push(open);
      open = undefined;
    } else open.content += `${line}\n`;
  }
  if (open !== undefined) throw new Error(`a code block is not closed: ${open.content}`);
  return blocks;
}

/**
 * Applies a block in diff form: " " for lines that are there, "+" and "-" for those to add and to
 * remove, "@@" where lines are passed over. Lines are found by their text, from the top down.
 */
export function applyDiff(text: string, diff: string): string {
  const done: string[] = [];
  let rest = text.split("\n");
  for (const hunk of diff.trimEnd().split(/^@@\n/m)) {
    const lines = hunk.trimEnd().split("\n");
    const before = textsOf(lines, " -");
    const place = rest.findIndex((_, index) =>
      before.every((line, offset) => rest[index + offset] === line),
    );
    if (place === -1) throw new Error(`these lines are not there:\n${before.join("\n")}`);
    done.push(...rest.slice(0, place), ...textsOf(lines, " +"));
    rest = rest.slice(place + before.length);
  }
  return [...done, ...rest].join("\n");
}

function textsOf(lines: readonly string[], marks: string): string[] {
  return lines
    .filter((line) => marks.includes(line.slice(0, 1) || " "))
    .map((line) => line.slice(1));
}
