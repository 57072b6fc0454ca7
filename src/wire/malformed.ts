/** A message that is not valid by RFC 9112. What it says is about the bytes, without any of them. */
export class Malformed extends Error {
  /** With which a request like this is refused; of no meaning for answers. */
  readonly status: 400 | 431 | 501 | 505;

  constructor(message: string, status: 400 | 431 | 501 | 505 = 400) {
    super(message);
    this.status = status;
  }
}
