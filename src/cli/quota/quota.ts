import { integerFlag, suggestion } from "../args.ts";
import {
  ADMIN_FLAGS,
  AdminClient,
  AdminError,
  configuredAdmin,
  namedAdmin,
  NoGatewayError,
} from "../admin-client.ts";
import { type Arguments, type Command, type Console, UsageError } from "../command.ts";
import { findConfigFile, readConfigFile } from "../config-file.ts";
import type { Config } from "../../config/schema.ts";
import { printable, printableJson } from "../../units/printable.ts";
import { countFileOf, readCounts } from "./offline.ts";
import type { QuotaChange, QuotaFilter, QuotaPage } from "./pages.ts";
import { table, WITHOUT_KEY } from "./table.ts";

const PAGE = 1_000;
const MOST_SHOWN = 100_000;
const MOST = 1_000_000_000_000;

export const quota: Command = {
  name: "quota",
  summary: "show what clients have used of their quotas, and change it",
  operands: "[show] [NAME | KEY] | set KEY N | grant KEY N | reset KEY",
  maxOperands: 3,
  flags: {
    quota: { value: "NAME", summary: "the quota, if there are several: its name or its route's" },
    per: { value: "PERIOD", summary: "day, week or month, if several quotas have one name" },
    route: { value: "ROUTE", summary: "only quotas that this route draws from" },
    used: { value: "N", summary: "with `set`, in place of N: what the key has used from now on" },
    limit: { value: "N", summary: "how many keys to show, highest use first (50)" },
    json: { summary: "print JSON" },
    ...ADMIN_FLAGS,
  },
  elsewhere: {
    key: "the key is an operand: gateway quota KEY",
    name: "the name is an operand, or --quota NAME",
  },
  details: `Shows the keys of the current period that have used most, of all quotas, of one NAME, or of one KEY.

\`set\` changes what a key has used, \`grant\` lets it use N more until the period ends (or less, with
-- -N), \`reset\` begins its period anew. The limit itself is in the configuration.

Asks the running gateway at admin.listen of the configuration (config/gateway.yaml, ./gateway.yaml or
--config FILE), or at --admin URL. If none is running, it reads the file of counts, which is next to
the access log; then nothing can be changed.

Exit codes: 0 done; 1 no gateway answers, or it refused; 2 invalid command line.`,
  examples: [
    ["gateway quota", "the keys that have used most"],
    ["gateway quota partners/acme", "what one client has used"],
    ["gateway quota --route '/api/*' --json", "for programs"],
    ["gateway quota grant partners/acme 5000", "5000 more in this period"],
    ["gateway quota set partners/acme 0 --quota api", "of the quota `api`"],
  ],
  async run(input, console) {
    const change = changeIn(input);
    const limit = integerFlag(input.flags, "limit", {
      default: 50,
      minimum: 1,
      maximum: MOST_SHOWN,
    });
    const named = namedAdmin(input);
    let config: Config | undefined;
    if (named === undefined) {
      config = (await readConfigFile(findConfigFile({ ...input, operands: [] }), console))?.config;
      if (config === undefined) return 1;
    }
    try {
      const address = named ?? configuredAdmin(config as Config, input);
      const client = new AdminClient(address);
      if (change !== undefined) await makeChange(client, change, input, console);
      else await show(client, config, limit, input, console);
      return 0;
    } catch (error) {
      if (!(error instanceof AdminError)) throw error;
      console.err(`gateway: ${error.message}\n`);
      return 1;
    }
  },
};

const CHANGES = ["set", "grant", "reset"];

/** What is to be shown. */
function shown(operands: readonly string[]): readonly string[] {
  return operands[0] === "show" || operands[0] === "list" ? operands.slice(1) : operands;
}

type Change = { readonly key: string } & (
  | { readonly used: number }
  | { readonly grant: number }
  | { readonly reset: true }
);

/** What is to be changed; undefined for a list. */
function changeIn({ operands, flags }: Arguments): Change | undefined {
  const [verb = "", written, amount] = operands;
  const key = written === WITHOUT_KEY ? "" : written;
  const used = flags["used"];
  if (!CHANGES.includes(verb)) {
    const [, unexpected] = shown(operands);
    if (unexpected !== undefined) {
      const verbs = suggestion(verb, CHANGES) || "; `quota` takes show, set, grant or reset";
      throw new UsageError(`unexpected argument "${unexpected}" for \`quota\`${verbs}`);
    }
    if (used !== undefined)
      throw new UsageError("--used belongs to `set`: gateway quota set KEY N");
    return undefined;
  }
  if (key === undefined) throw new UsageError(`\`${verb}\` needs a key: gateway quota ${verb} KEY`);
  if (verb !== "set" && used !== undefined) throw new UsageError(`--used belongs to \`set\``);
  if (amount !== undefined && (verb === "reset" || used !== undefined)) {
    throw new UsageError(`unexpected argument "${amount}" for \`quota ${verb}\``);
  }
  if (verb === "reset") return { key, reset: true };
  const howMany = used ?? amount;
  const form = `gateway quota ${verb} KEY N`;
  if (howMany === undefined) throw new UsageError(`how much? ${form}`);
  const number = /^-?[0-9]{1,13}$/.test(howMany) ? Number(howMany) : Number.NaN;
  if (!(Math.abs(number) <= MOST) || (verb === "set" && number < 0)) {
    throw new UsageError(`"${howMany}" is not a number of requests: ${form}`);
  }
  return verb === "set" ? { key, used: number } : { key, grant: number };
}

async function makeChange(
  client: AdminClient,
  change: Change,
  { flags }: Arguments,
  console: Console,
): Promise<void> {
  const { quota, route, per } = filterOf(flags);
  const wanted = Object.entries({ quota, route, per }).filter(([, value]) => value !== undefined);
  const known = (await client.get("/admin/quotas", {
    ...filterOf(flags),
    limit: "0",
  })) as QuotaPage;
  const advice = keyAdvice(change.key, known);
  // A key that nobody can have would be changed without effect.
  if (advice !== "")
    throw new AdminError(`nothing was changed: \`${printable(change.key)}\` is no key${advice}`);
  const answer = await client.post("/admin/quotas", { ...Object.fromEntries(wanted), ...change });
  if (flags["json"] !== undefined) {
    console.out(`${printableJson(answer)}\n`);
    return;
  }
  const { before, after, saved } = answer as QuotaChange;
  const { used, granted, limit } = after;
  console.out(
    `${after.key === "" ? WITHOUT_KEY : printable(after.key)} has used ${used} of ${limit}${granted === 0 ? "" : ` and ${granted} granted`} (${after.quota} per ${after.per}); before: ${before.used}${before.granted === 0 ? "" : `, ${before.granted} granted`}\n`,
  );
  if (before.used === 0 && before.granted === 0) {
    console.err(
      "gateway: nothing has used this key in this period; `gateway quota` lists the keys in use\n",
    );
  }
  if (!saved) {
    console.err("gateway: this is in force, but not in the file yet: it could not be written\n");
  }
}

async function show(
  client: AdminClient,
  config: Config | undefined,
  limit: number,
  { operands, flags }: Arguments,
  console: Console,
): Promise<void> {
  const [written] = shown(operands);
  const operand = written === WITHOUT_KEY ? "" : written;
  const filter = filterOf(flags);
  let page: QuotaPage;
  try {
    page = await pagesOf(client, await meant(client, filter, operand), limit);
  } catch (error) {
    if (!(error instanceof NoGatewayError) || config === undefined) throw error;
    console.err(`gateway: ${error.message}. What follows is from ${countFileOf(config)}\n`);
    const all = readCounts(config, filter, 1, Date.now());
    page = readCounts(config, withOperand(filter, operand, all), limit, Date.now());
  }
  console.out(flags["json"] === undefined ? table(page) : `${printableJson(page)}\n`);
  if (operand === undefined || page.counts.length > 0 || flags["json"] !== undefined) return;
  if (page.quotas.some(({ name }) => name === operand)) return;
  console.err(
    `gateway: no quota is called ${printable(operand)}, and no such key has used any${keyAdvice(operand, page)}\n`,
  );
}

/** That the provider is a part of keys, as those who know only the client's name may not know. */
function keyAdvice(key: string, { quotas }: QuotaPage): string {
  if (key === "") return "";
  const areSubjects = quotas.length > 0 && quotas.every((one) => one.counts_by === "subject");
  return areSubjects && !key.includes("/")
    ? `; keys are clients with their provider, like PROVIDER/${printable(key)}`
    : "";
}

function filterOf(flags: Arguments["flags"]): QuotaFilter {
  const { quota, route, per } = flags;
  return { quota, route, per, key: undefined };
}

/** An operand is the name of a quota, or else a key. */
async function meant(
  client: AdminClient,
  filter: QuotaFilter,
  operand: string | undefined,
): Promise<QuotaFilter> {
  if (operand === undefined) return filter;
  const known = (await client.get("/admin/quotas", { ...filter, limit: "0" })) as QuotaPage;
  return withOperand(filter, operand, known);
}

function withOperand(
  filter: QuotaFilter,
  operand: string | undefined,
  { quotas }: QuotaPage,
): QuotaFilter {
  return quotas.some(({ name }) => name === operand)
    ? { ...filter, quota: operand }
    : { ...filter, key: operand };
}

async function pagesOf(
  client: AdminClient,
  filter: QuotaFilter,
  limit: number,
): Promise<QuotaPage> {
  const counts: QuotaPage["counts"][number][] = [];
  let cursor: string | undefined;
  for (;;) {
    const size = Math.min(PAGE, limit - counts.length);
    const query = { ...filter, limit: `${size}`, cursor };
    const page = (await client.get("/admin/quotas", query)) as QuotaPage;
    counts.push(...page.counts);
    if (page.next === null || counts.length >= limit) return { ...page, counts };
    cursor = page.next;
  }
}
