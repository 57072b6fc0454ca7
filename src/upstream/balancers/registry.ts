import type { BalancerDefinition } from "./balancer.ts";
import { fastest } from "./fastest.ts";
import { hash } from "./hash.ts";
import { leastRequests } from "./least-requests.ts";
import { random } from "./random.ts";
import { roundRobin } from "./round-robin.ts";

/** Every kind of balancer, in the order in which the reference names them. */
export const balancerRegistry: readonly BalancerDefinition[] = [
  roundRobin,
  leastRequests,
  fastest,
  random,
  hash,
];
