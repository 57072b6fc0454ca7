import { BackendState } from "./backend-state.ts";

/** Whether an operator keeps new requests from one backend of an upstream. */
export class Drain extends BackendState {
  #isOn = false;

  get isOn(): boolean {
    return this.#isOn;
  }

  /** False if it is so already. */
  set(isOn: boolean): boolean {
    if (this.#isOn === isOn) return false;
    this.#isOn = isOn;
    this.changed();
    return true;
  }
}
