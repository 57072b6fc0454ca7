import { RedisClient } from "bun";
import type { StoreReply } from "../pipeline/shared-store.ts";

/** Where a store is, as its client takes it. */
export interface StoreTarget {
  /** A URL with its credentials; never for messages. */
  readonly url: string;
  readonly tls?: Bun.TLSOptions | undefined;
}

/** One connection to a store. Commands are answered in their order. */
export interface StoreLink {
  /**
   * Sends a command; those of one turn travel together. The first one waits for the connection. Rejects
   * with the reason when the server refuses it, or the connection cannot be made or has broken.
   */
  send(command: string, parameters: string[]): Promise<StoreReply>;
  /** Everything unanswered rejects. */
  close(): void;
}

/** Opens a connection. `onClose` is called once if it closes by itself, before what is unanswered rejects. */
export type OpenLink = (target: StoreTarget, onClose: () => void) => StoreLink;

/**
 * A connection of Bun's client. It does not reconnect by itself: it would keep the commands that
 * nobody waits for any more, and send them late. The reason why a connection could not be made is in
 * what the first command rejects with; `connect()` and `onclose` do not know it.
 */
export const redisLink: OpenLink = ({ url, tls }, onClose) => {
  const client = new RedisClient(url, {
    autoReconnect: false,
    ...(tls !== undefined && { tls }),
  });
  let isOpen = true;
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- it is no EventTarget
  client.onclose = () => {
    if (!isOpen) return;
    isOpen = false;
    onClose();
  };
  return {
    async send(command, parameters) {
      // A client that has been closed would connect again.
      if (!isOpen) throw new Error("Connection closed");
      const reply: StoreReply = await client.send(command, parameters);
      return reply;
    },
    close() {
      isOpen = false;
      client.close();
    },
  };
};
