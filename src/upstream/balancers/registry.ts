import type { BalancerDefinition } from "./balancer.ts";
import { roundRobin } from "./round-robin.ts";

/** Every kind of balancer, in the order in which the reference names them. */
export const balancerRegistry: readonly BalancerDefinition[] = [roundRobin];
