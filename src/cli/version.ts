import type { Command } from "./command.ts";
import { versionLine } from "./build-info.ts";

export const version: Command = {
  name: "version",
  summary: "print the version",
  operands: "",
  maxOperands: 0,
  flags: {},
  details: "Prints the gateway's version, the commit it was built from, and the runtime inside.",
  async run(_, console) {
    console.out(`${versionLine()}\n`);
    return 0;
  },
};
