import type {
  ExplainedPlace,
  ExplainedPolicy,
  ExplainedSetting,
  ExplainedUpstream,
  Explanation,
} from "../../runtime/explain/explanation.ts";
import { printable } from "../../units/printable.ts";
import { table } from "../table.ts";

/** Policies' settings that stand in one line up to this many characters. */
const LINE = 100;

/** An explanation for people. */
export function explanationText(explanation: Explanation): string {
  const { request, outcome, route, status, allow, others, more = 0, notes } = explanation;
  const asked = `${request.method} ${request.scheme}://${request.host}${request.path}${request.query}`;
  const preflight =
    request.preflight_for === undefined ? "" : `, a preflight for ${request.preflight_for}`;
  const lines = [`${asked} from ${request.client}${preflight}`, outcome];
  if (route !== undefined) lines.push(`  route ${route.id}${placeText(route.at)}`);
  else if (status !== undefined) {
    lines.push(`  status ${status}${allow === undefined ? "" : `, Allow: ${allow}`}`);
  }
  const parts = [
    lines.join("\n"),
    section("Other routes", [
      ...others.map((other) => `${other.route} ${other.why_not}`),
      ...(more > 0 ? [`${more} more ${more === 1 ? "does" : "do"} not match`] : []),
    ]),
    section("Policies, in this order", explanation.policies.flatMap(policyLines)),
    ...(explanation.upstreams ?? []).map(upstreamText),
    section("What a backend gets", sendingLines(explanation)),
    section("What the client gets", answerLines(explanation)),
    section("Settings", (explanation.settings ?? []).map(settingLine)),
    section("Notes", [...notes]),
  ];
  return `${parts
    .filter((part) => part !== "")
    .map((part) => printableLines(part))
    .join("\n\n")}\n`;
}

function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? "" : [title, ...lines.map((line) => `  ${line}`)].join("\n");
}

function policyLines({ name, scope, settings, at }: ExplainedPolicy, index: number): string[] {
  const title = `${index + 1}. ${name} (${scope === "defaults" ? "of defaults" : `of the ${scope}`})${placeText(at)}`;
  const whole = compact(settings);
  const isObject = typeof settings === "object" && settings !== null && !Array.isArray(settings);
  if (whole.length <= LINE || !isObject) return [title, `     ${whole}`];
  return [
    title,
    ...Object.entries(settings).map(([key, value]) => `     ${key}: ${compact(value)}`),
  ];
}

function upstreamText(upstream: ExplainedUpstream): string {
  const {
    name,
    at,
    share,
    is_chosen: isChosen,
    balance,
    backends,
    discovered_by: sources = [],
  } = upstream;
  const part = share === undefined ? "" : `, ${percent(share)} of the requests`;
  const chosen = isChosen === true ? ", chosen by `when`" : "";
  const title = `${name === undefined ? "Backends of the route" : `Upstream ${name}`}, by ${compact(balance)}${part}${chosen}${placeText(at)}`;
  const rows = backends.map((backend) => [
    backend.url,
    backend.backup === true ? "backup" : percent(backend.share),
    `weight ${backend.weight}`,
    healthText(backend),
  ]);
  return section(title, [
    ...aligned(rows),
    ...sources.map((source) => `and those that ${source} finds`),
    ...upstream.settings.map(settingLine),
  ]);
}

function healthText({
  healthy,
  why_not: whyNot,
  detail,
  in_flight: inFlight,
}: ExplainedUpstream["backends"][number]): string {
  if (healthy === null) return "";
  const state = whyNot === undefined ? "available" : whyNot.replaceAll("_", " ");
  return `${state}${detail === undefined ? "" : `: ${detail}`}, ${inFlight ?? 0} in flight`;
}

function sendingLines({ sent }: Explanation): string[] {
  if (sent === undefined) return [];
  const { method, target, host, fields, problem } = sent;
  if (problem !== undefined) return [`nothing: the client is answered with ${problem}`];
  return [
    `${method} ${target}`,
    `host: ${host ?? "(the backend's own)"}`,
    ...fields.map(([name, value]) => `${name}: ${value}`),
  ];
}

function answerLines({ answered }: Explanation): string[] {
  if (answered === undefined) return [];
  return [
    `status ${answered.status}`,
    ...answered.fields.map(([name, value]) => `${name}: ${value}`),
  ];
}

function settingLine({ key, value, at, scope }: ExplainedSetting): string {
  const where =
    at === undefined
      ? "  (default)"
      : `${placeText(at)}${scope === "defaults" ? ", of defaults" : ""}`;
  return `${key}: ${compact(value)}${where}`;
}

function placeText(at: ExplainedPlace | undefined): string {
  return at === undefined ? "" : `  ${at.file}:${at.line}`;
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))}%`;
}

/** Rows with their columns below each other. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const headings = (rows[0] ?? []).map(() => ({ heading: "" }));
  return rows.length === 0 ? [] : table(headings, rows).split("\n").slice(1, -1);
}

const PLAIN = /^[\w./:*{}@+%-]+$/;

/** A value as YAML has it in one line. */
export function compact(value: unknown): string {
  if (typeof value === "string") return PLAIN.test(value) ? value : JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(compact).join(", ")}]`;
  if (typeof value !== "object" || value === null) return String(value);
  const entries = Object.entries(value).map(([key, one]) => `${key}: ${compact(one)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}
