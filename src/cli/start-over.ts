/**
 * Imported for its effect, before everything else: what is loaded by the time at which the process
 * replaces itself has been loaded for nothing, and that is most of a start.
 */
import { raiseFetchLimit } from "./fetch-limit.ts";

const FORWARDING_COMMANDS: readonly (string | undefined)[] = ["serve", "demo"];

if (FORWARDING_COMMANDS.includes(process.argv[2])) raiseFetchLimit(process.env);
