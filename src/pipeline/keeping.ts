/** Things by key, each for as long as somebody holds it. What a snapshot makes ends with it otherwise. */
export interface Keeper {
  /** What is kept under a key, made if it is not there. `end` is called when nobody holds it any more. */
  acquire<Thing>(key: string, make: () => Thing, end?: (thing: Thing) => void): Thing;
  /** Gives up what `acquire` gave, once for each time. */
  release(key: string): void;
}

/** Keeps a thing under a key for as long as the configuration asks for it, across reloads. */
export type Keep = <Thing>(key: string, make: () => Thing, end?: (thing: Thing) => void) => Thing;
