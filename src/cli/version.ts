import type { Command } from "./command.ts";
import { buildInfo, versionLine } from "./build-info.ts";

export const version: Command = {
  name: "version",
  summary: "print the version",
  operands: "",
  maxOperands: 0,
  flags: { json: { summary: "print it as JSON" } },
  details: "Prints the gateway's version, the commit it was built from, and the runtime inside.",
  examples: [["gateway version --json", "for programs"]],
  async run({ flags }, console) {
    console.out(
      flags["json"] === undefined ? `${versionLine()}\n` : `${JSON.stringify(buildInfo())}\n`,
    );
    return 0;
  },
};
