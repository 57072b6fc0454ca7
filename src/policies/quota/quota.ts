import { definePolicy, type Policy, type PolicyServices } from "../../pipeline/policy.ts";
import type { CountFile } from "./count-file.ts";
import { exemptOf } from "../limits/common-keys.ts";
import { quotedString } from "../limits/limit.ts";
import { Ledger } from "./ledger.ts";
import { Calendar } from "./period.ts";
import { LocalCounting } from "./local-counting.ts";
import { QuotaCounts } from "./quota-counts.ts";
import { keyReader } from "./quota-key.ts";
import { Quotas } from "./quotas.ts";
import type { QuotaRule } from "./rule.ts";
import { SharedCounting } from "./shared/shared-counting.ts";
import {
  checkQuotas,
  idOf,
  type QuotaConfig,
  type QuotasConfig,
  quotasOf,
  routeSchema,
} from "./schema.ts";

/** Opens the file of counts; `onEmpty` is called each time that it turns out to have none. */
export type OpenCountFile = (
  database: string,
  services: PolicyServices,
  onEmpty: () => void,
) => CountFile;

/** Limits how much each client uses in a day, a week or a month. Counts outlive restarts. */
export function quotaPolicy(openFile: OpenCountFile) {
  return definePolicy({
    name: "quota",
    routeReplacesGlobal: false,
    route: {
      key: "quota",
      schema: routeSchema,
      check: checkQuotas,
      create: (config, services, route) => create(config, services, route, openFile),
    },
  });
}

function create(
  config: QuotasConfig,
  services: PolicyServices,
  route: string,
  openFile: OpenCountFile,
): Policy | undefined {
  if (config === false) return undefined;
  const { clock, log, share, databaseFor, store } = services;
  const database = databaseFor("quotas");
  const ledger = share(
    `ledger ${database}`,
    () => new Ledger({ clock, log, openFile: (onEmpty) => openFile(database, services, onEmpty) }),
    (ledger) => ledger.close(),
  );
  const rules = quotasOf(config).map(({ config }) =>
    ruleOf(config, route, database, ledger, services),
  );
  const counting =
    store === undefined ? new LocalCounting(ledger) : new SharedCounting(store, ledger);
  return new Quotas(rules, counting, clock);
}

function ruleOf(
  config: QuotaConfig,
  route: string,
  database: string,
  ledger: Ledger,
  { share }: PolicyServices,
): QuotaRule {
  const { limit, cost, key, exempt } = config;
  const id = idOf(config, route);
  const { per, timeZone } = id;
  // Formats for times of a zone are large, and routes are many.
  const calendar = share(`calendar ${per} ${timeZone}`, () => new Calendar(per, timeZone));
  return {
    limit,
    cost,
    // A reload that changes the limit alone goes on counting.
    counts: share(
      `counts ${database} ${JSON.stringify(id)}`,
      () => new QuotaCounts(id, ledger, calendar),
      (counts) => counts.close(),
    ),
    // A rate limit of the same route may have its name.
    itemName: quotedString(`${id.name} per ${per}`),
    keyOf: keyReader(key),
    exempt: exemptOf(exempt),
  };
}
