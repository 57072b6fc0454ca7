import { type PolicyDefinition, secondPartOf } from "../pipeline/policy.ts";
import { allow, deny } from "./addresses/address-rules.ts";
import { authPolicy } from "./auth/auth.ts";
import { providerRegistry } from "./auth/providers/registry.ts";
import { requirements } from "./auth/requirements.ts";
import { cache } from "./cache/cache.ts";
import { compress } from "./compress/compress.ts";
import { concurrency } from "./concurrency/concurrency.ts";
import { cors } from "./cors.ts";
import { rateLimit } from "./limits/rate-limit.ts";
import { openCountFile } from "./quota/file/open-file.ts";
import { log } from "./logging/log.ts";
import { logBody } from "./logging/log-body.ts";
import { quotaPolicy } from "./quota/quota.ts";
import { host } from "./rewriting/host.ts";
import { rewrite } from "./rewriting/rewrite.ts";
import { stripPrefix } from "./rewriting/strip-prefix.ts";
import { securityHeaders } from "./security-headers/security-headers.ts";
import { transformRequest } from "./transform/request.ts";
import { transformResponse } from "./transform/response.ts";
import { validate } from "./validate/validate.ts";

/** Every kind of policy, in the order in which requests pass them; answers pass them in reverse. */
export const policyRegistry = [
  // Before everything that may refuse: refusals are logged, or not, like all others of their route.
  log,
  // Outermost: every answer gets its fields, refusals too.
  securityHeaders,
  // Before everything else that may refuse: a client refused by its address costs nothing more.
  deny,
  allow,
  // Preflights carry no credentials and are answered before anything could refuse them,
  // and a page can read why it was refused only if errors carry CORS fields as well.
  cors,
  // Before auth, so that guessing credentials is limited too.
  rateLimit,
  authPolicy(providerRegistry),
  requirements,
  // Limits whose keys are who sent the request.
  secondPartOf(rateLimit),
  // After what refuses a request for less, so that it costs nothing then.
  quotaPolicy(openCountFile),
  // After auth, so that its key may be who sent the request.
  concurrency,
  // Only of those who may ask, and before anything is done with what they send.
  logBody,
  validate,
  // After what refuses requests: who a client is decides whether its answers are compressed.
  compress,
  // What clients get, stored answers too, and before it is compressed for them.
  secondPartOf(logBody),
  // After what may refuse a request, so that stored answers are for those who may have them; before what
  // changes requests and answers, so that this is done once for each stored answer.
  cache,
  // Only of what is admitted, and when it is known who sent it.
  stripPrefix,
  rewrite,
  host,
  // After rewriting, which may make a new query of the client's: what is removed here stays removed.
  transformRequest,
  // Innermost of what changes answers: the others get to see what clients will.
  transformResponse,
  // What backends say of their usage, whatever clients get; stored answers use nothing.
  secondPartOf(log),
] as const satisfies readonly PolicyDefinition[];
