import type { Rule } from "../rule.ts";
import { access } from "./access.ts";
import { exposure } from "./exposure.ts";
import { files } from "./files.ts";
import { limits } from "./limits.ts";
import { secrets } from "./secrets.ts";
import { trust } from "./trust.ts";

/** Every rule of `gateway audit`. */
export const auditRules: readonly Rule[] = [
  ...exposure,
  ...access,
  ...trust,
  ...limits,
  ...secrets,
  ...files,
];
