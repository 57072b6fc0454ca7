import type { ClientSocket } from "../../../src/pipeline/socket.ts";

/** The common part of both ends of a tunnel: they record calls. */
class FakeEnd extends EventTarget {
  readonly done: string[] = [];
  /** What `close` throws, if anything. */
  closeError: Error | undefined = undefined;

  close(code?: number, reason?: string): void {
    if (this.closeError !== undefined) throw this.closeError;
    this.done.push(code === undefined ? "close" : `close ${code} ${reason}`);
  }

  terminate(): void {
    this.done.push("terminate");
  }

  pause(): void {
    this.done.push("pause");
  }

  resume(): void {
    this.done.push("resume");
  }
}

/** The client's end; `room` is what `send` answers. */
export class FakeClient extends FakeEnd implements ClientSocket {
  room = 1;
  buffered = 0;

  getBufferedAmount(): number {
    return this.buffered;
  }

  ping(): void {
    this.done.push("ping");
  }

  send(data: string | Buffer): number {
    this.done.push(`send ${String(data)}`);
    return this.room;
  }
}

/** The backend's end, as far as a tunnel knows it. */
export class FakeBackend extends FakeEnd {
  bufferedAmount = 0;
  protocol = "";

  send(data: string | Buffer): void {
    this.done.push(`send ${String(data)}`);
  }

  says(data: string | Buffer): void {
    this.dispatchEvent(new MessageEvent("message", { data }));
  }

  closes(code: number, reason = ""): void {
    this.dispatchEvent(new CloseEvent("close", { code, reason }));
  }

  asWebSocket(): WebSocket {
    return this as unknown as WebSocket;
  }
}
