import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import starterText from "../../config/starter.yaml" with { type: "text" };
import type { Command, Console } from "./command.ts";
import { USUAL_PLACES } from "./config-file.ts";
import { reasonOf } from "./system-error.ts";

const USUAL_FILE = "gateway.yaml";

export const init: Command = {
  name: "init",
  summary: "write a configuration with comments, to start from",
  operands: "[FILE]",
  maxOperands: 1,
  flags: { force: { short: "f", summary: "overwrite an existing file" } },
  details: `Without FILE, writes ./gateway.yaml. With - it is printed instead. The file is valid as it is, with
one route, to http://localhost:9001, where \`gateway mock\` listens.

Exit codes: 0 written; 1 the file already exists or cannot be written; 2 invalid command line.`,
  examples: [
    ["gateway init", "writes ./gateway.yaml"],
    ["gateway init /etc/gateway/gateway.yaml", "writes another file"],
    ["gateway init - | less", "shows it"],
  ],
  async run({ operands: [file = USUAL_FILE], flags }, console) {
    if (file === "-") {
      console.out(starterText);
      return 0;
    }
    if (!write(file, flags["force"] !== undefined, console)) return 1;
    console.out(whatNext(file));
    return 0;
  },
};

/** Writes the file, or reports why it cannot and returns false. */
function write(file: string, force: boolean, console: Console): boolean {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, starterText, { flag: force ? "w" : "wx" });
    return true;
  } catch (error) {
    const isThere = error instanceof Error && "code" in error && error.code === "EEXIST";
    console.err(
      isThere
        ? `gateway: ${file} already exists; name another file, or overwrite it with --force\n`
        : `gateway: cannot write ${file}: ${reasonOf(error)}\n`,
    );
    return false;
  }
}

function whatNext(file: string): string {
  const isFound = USUAL_PLACES.find((place) => existsSync(place)) === file;
  const named = isFound ? "" : ` ${file}`;
  return `Wrote ${file}. To try it:

  gateway mock --port 9001                  # in another terminal: a backend
  gateway serve${named.padEnd(28)} # and the gateway
  curl http://localhost:8080/api/users/1    # in a third one

Then put your own backends under \`routes\`. \`gateway check${named}\` reports errors in the file,
\`gateway help config\` explains every key.
`;
}
