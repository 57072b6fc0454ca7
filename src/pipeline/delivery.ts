import type { Answer } from "./answer.ts";
import type { GatewayError } from "./errors.ts";

/** An answer on its way to the client. The listener that sends it reports here. */
export interface Delivery {
  readonly answer: Answer;
  /** So many further bytes of content have been handed to the client's connection. */
  sent(bytes: number): void;
  /**
   * Once, at the end: the answer has been sent whole, or `failure` broke it off. Of an answer 101: the
   * tunnel has ended.
   */
  ended(failure?: GatewayError): void;
}
