/** Reference-counted state by key, which can outlive the snapshot that created it. */
export interface Keeper {
  /** Returns the value of a key, created if missing. `end` is called when it is no longer held. */
  acquire<Thing>(key: string, make: () => Thing, end?: (thing: Thing) => void): Thing;
  /** Releases what `acquire` returned, once per call. */
  release(key: string): void;
}

/** Keeps a value under a key across reloads, as long as the configuration uses it. */
export type Keep = <Thing>(key: string, make: () => Thing, end?: (thing: Thing) => void) => Thing;
