import type { CountPlace, SheetId, Usage } from "./count-file.ts";

/** What one key has used in a period, as far as this gateway knows. */
export class Count implements CountPlace, Usage {
  readonly sheet: SheetId;
  readonly key: string;
  used: number;
  granted: number;
  /** What of both the file does not have, and has not been sent. */
  unsaved = 0;
  unsavedGrant = 0;
  /** What of both is being written. */
  sending = 0;
  sendingGrant = 0;
  /** Whether the shared store has it: while the configuration has none, it is not asked. */
  isShared = false;
  /** What of `used` the shared store does not have, if it has the count. */
  unshared = 0;
  /** Whether it waits to be written. */
  isChanged = false;

  constructor(sheet: SheetId, key: string, { used, granted }: Usage) {
    this.sheet = sheet;
    this.key = key;
    this.used = used;
    this.granted = granted;
  }

  /** Whether all of it is in the file. */
  get isSaved(): boolean {
    return (
      this.unsaved === 0 &&
      this.unsavedGrant === 0 &&
      this.sending === 0 &&
      this.sendingGrant === 0 &&
      this.unshared === 0
    );
  }
}
