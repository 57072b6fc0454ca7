import { ErrorCode, Http2Error } from "./error-code.ts";
import {
  DEFAULT_WINDOW,
  LARGEST_MAX_FRAME_SIZE,
  LARGEST_WINDOW,
  SMALLEST_MAX_FRAME_SIZE,
} from "./frames.ts";

/** Identifiers of settings (RFC 9113 section 6.5.2). */
export const Setting = {
  headerTableSize: 0x1,
  enablePush: 0x2,
  maxConcurrentStreams: 0x3,
  initialWindowSize: 0x4,
  maxFrameSize: 0x5,
  maxHeaderListSize: 0x6,
} as const;

/** What a peer allows us, as its SETTINGS frames said so far. Sizes are in bytes. */
export class PeerSettings {
  headerTableSize = 4096;
  maxConcurrentStreams = Number.POSITIVE_INFINITY;
  initialWindowSize = DEFAULT_WINDOW;
  maxFrameSize = SMALLEST_MAX_FRAME_SIZE;
  maxHeaderListSize = Number.POSITIVE_INFINITY;

  /** Reads the payload of a SETTINGS frame sent by a client or a server. Throws Http2Error. */
  read(payload: Buffer, sender: "client" | "server"): void {
    for (let at = 0; at < payload.length; at += 6) {
      const value = payload.readUInt32BE(at + 2);
      switch (payload.readUInt16BE(at)) {
        case Setting.headerTableSize:
          this.headerTableSize = value;
          break;
        case Setting.enablePush:
          // A server must not allow it (RFC 9113 section 6.5.2).
          if (value > (sender === "client" ? 1 : 0)) {
            throw new Http2Error(ErrorCode.protocolError, "an invalid SETTINGS_ENABLE_PUSH");
          }
          break;
        case Setting.maxConcurrentStreams:
          this.maxConcurrentStreams = value;
          break;
        case Setting.initialWindowSize:
          if (value > LARGEST_WINDOW) {
            throw new Http2Error(
              ErrorCode.flowControlError,
              "a SETTINGS_INITIAL_WINDOW_SIZE above the maximum",
            );
          }
          this.initialWindowSize = value;
          break;
        case Setting.maxFrameSize:
          if (value < SMALLEST_MAX_FRAME_SIZE || value > LARGEST_MAX_FRAME_SIZE) {
            throw new Http2Error(ErrorCode.protocolError, "an invalid SETTINGS_MAX_FRAME_SIZE");
          }
          this.maxFrameSize = value;
          break;
        case Setting.maxHeaderListSize:
          this.maxHeaderListSize = value;
          break;
        default:
          // Unknown settings are ignored.
          break;
      }
    }
  }
}
