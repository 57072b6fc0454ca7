/** Cases that this gateway cannot pass on the runtime that it is built on, and why: name → reason. */
export const knownLimits: ReadonlyMap<string, string> = new Map();
