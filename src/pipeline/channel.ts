/** Bytes both ways with a client or a backend, after an upgrade (RFC 9110 section 7.8). */
export interface Channel {
  /** Begins the events; bytes received before come at once. To be called once. */
  open(events: ChannelEvents): void;
  /** Queues what the socket does not take. False if something is queued: `drained` follows. */
  write(bytes: Uint8Array): boolean;
  /** Stops reading until `resume`. */
  pause(): void;
  resume(): void;
  /** Closes the sending side, after what is queued. */
  end(): void;
  /** Ends the connection at once. */
  cut(): void;
}

/** The events of a channel. */
export interface ChannelEvents {
  received(bytes: Buffer): void;
  /** Everything queued has been taken. */
  drained(): void;
  /** The peer has closed its sending side. */
  ended(): void;
  /** The connection is closed; nothing follows. */
  closed(cause: Error | undefined): void;
}
