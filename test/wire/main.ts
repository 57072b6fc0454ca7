/**
 * Drives any proxy by hand. Its route `/public/*`, and only that, must lead to the backend's port.
 *
 *   npm run wire -- --target HOST:PORT --backend PORT [--tls] [--only REGEX] [--json FILE] [--markdown]
 */
import { parseArgs } from "node:util";
import { RecordingBackend } from "./backend.ts";
import { cases } from "./cases.ts";
import { asMarkdown, asText } from "./report.ts";
import { runCases } from "./run.ts";

const { values } = parseArgs({
  options: {
    target: { type: "string" },
    backend: { type: "string" },
    tls: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    json: { type: "string" },
    markdown: { type: "boolean", default: false },
  },
});
const [, host = "", port = ""] = /^(.+):([0-9]+)$/.exec(values.target ?? "") ?? [];
if (host === "" || values.backend === undefined) {
  await Bun.write(
    Bun.stderr,
    "usage: npm run wire -- --target HOST:PORT --backend PORT [--tls] [--only REGEX] [--json FILE] [--markdown]\n",
  );
  process.exit(2);
}
const only = new RegExp(values.only, "i");
const backend = await RecordingBackend.listen(Number(values.backend));
const chosen = cases.filter(({ section, name }) => only.test(`${section}: ${name}`));
const outcomes = await runCases(chosen, { host, port: Number(port), tls: values.tls }, backend);
backend.close();
const report = values.markdown
  ? asMarkdown(new Map([[values.target ?? "", outcomes]]))
  : asText(outcomes);
await Bun.write(Bun.stdout, report);
if (values.json !== undefined)
  await Bun.write(values.json, `${JSON.stringify(outcomes, undefined, 2)}\n`);
process.exit(outcomes.every(({ passed }) => passed) ? 0 : 1);
