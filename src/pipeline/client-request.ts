import type { Field } from "../http/field.ts";
import type { Cancellation } from "./cancellation.ts";
import type { IncomingContent } from "./incoming-content.ts";

/** A client's request, as its listener received it. */
export interface ClientRequest {
  readonly method: string;
  /**
   * The request target as it was sent (RFC 9112 section 3.2); of HTTP/2, :path. Each character is one
   * byte.
   */
  readonly target: string;
  readonly protocol: ClientProtocol;
  /**
   * In order, all of them. Of HTTP/2 without the pseudo-fields; a Host made from :authority is among
   * them if the client sent none.
   */
  readonly fields: readonly Field[];
  /** Undefined if the request has none: neither Content-Length nor chunks, or an HTTP/2 stream that has ended. */
  readonly content: IncomingContent | undefined;
  readonly connection: ClientConnection;
  /**
   * Why it is refused, if what arrived is not a valid request; then the other parts are as far as they
   * could be read, and the connection ends after the answer.
   */
  readonly refusal: RequestRefusal | undefined;
  /** Cancelled by the listener when the client leaves. */
  readonly cancellation: Cancellation;
  /**
   * Sends an interim answer, 102 to 199 but not 101 (RFC 9110 section 15.2). Does nothing for clients
   * that cannot take one, and once the final answer has begun.
   */
  interim(status: number, fields: readonly Field[]): void;
}

/** A request that is not valid HTTP, or goes beyond a limit of the listener. */
export interface RequestRefusal {
  readonly status: 400 | 408 | 431 | 501 | 505;
  /** For the client. */
  readonly detail: string;
}

export type ClientProtocol = "HTTP/1.0" | "HTTP/1.1" | "HTTP/2";

/** The connection that requests came by. */
export interface ClientConnection {
  /** The peer's address: the client, or the last proxy before the gateway; normalized. */
  readonly peer: string;
  /** 0 if unknown. */
  readonly peerPort: number;
  /** Undefined on a plain connection. */
  readonly tls: ClientTls | undefined;
  /** False once it is closed. */
  readonly isOpen: boolean;
}

/** What TLS says about a connection. */
export interface ClientTls {
  /** "TLSv1.3" */
  readonly version: string;
  /** The server name that the client asked for (SNI); empty without one. */
  readonly serverName: string;
  /** The client's certificate, verified; undefined without one. */
  readonly certificate: ClientCertificate | undefined;
  /**
   * Whether a Host field's value is covered by another certificate of the gateway, and not by the one
   * that this connection was opened with.
   */
  isMisdirected(host: string): boolean;
}

/** A client's certificate that an authority of `client_certificates.ca` vouches for. */
export interface ClientCertificate {
  /** RFC 4514 text: "CN=device-1,O=Acme". */
  readonly subject: string;
  /** SHA-256 of the certificate: 64 lower-case hexadecimal digits. */
  readonly fingerprint: string;
  readonly der: Uint8Array;
  /** The value of Client-Cert (RFC 9440 section 2.2). */
  readonly clientCert: string;
}
