/** Why a request cannot be sent again: for the operator, with what to do. */
export class ReplayError extends Error {
  /**
   * `unconfirmed`: its method may change something, and nobody has said that this is wanted; `incomplete`:
   * not all of it was kept; `invalid`: it, or what is to be changed of it, cannot be sent.
   */
  readonly reason: "unconfirmed" | "incomplete" | "invalid";

  constructor(reason: ReplayError["reason"], message: string) {
    super(message);
    this.name = "ReplayError";
    this.reason = reason;
  }
}
