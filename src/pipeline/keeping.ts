/** Reference-counted state by key, which can outlive the snapshot that created it. */
export interface Keeper {
  /** Returns the value of a key, created if missing. `end` is called when it is no longer held. */
  acquire<Thing>(key: string, make: () => Thing, end?: End<Thing>): Thing;
  /** Releases what `acquire` returned, once per call. */
  release(key: string): void;
}

/** Keeps a value under a key across reloads, as long as the configuration uses it. */
export type Keep = <Thing>(key: string, make: () => Thing, end?: End<Thing>) => Thing;

/** Ends a value. A gateway that stops waits for what takes time, which must have a limit; it never rejects. */
export type End<Thing> = (thing: Thing) => void | Promise<void>;
