import { Type } from "@sinclair/typebox";
import { Duration } from "../units/duration.ts";
import { Size } from "../units/size.ts";

export const serverSchema = Type.Object(
  {
    host: Type.String({
      description: "The address to listen on; 0.0.0.0 is every IPv4 address, :: every address.",
      default: "0.0.0.0",
      minLength: 1,
      expected: "an address or a host name, like 0.0.0.0 or ::1",
    }),
    port: Type.Integer({
      description: "The port to listen on; 0 takes a free one and says which.",
      default: 8080,
      minimum: 0,
      maximum: 65_535,
    }),
    read_timeout: Duration({
      description: "How long a client may take to send a request's content.",
      default: "30s",
    }),
    write_timeout: Duration({
      description: "How long a backend may take until the header section of its answer is there.",
      default: "30s",
    }),
    shutdown_timeout: Duration({
      description: "How long requests in flight may still take after SIGTERM or SIGINT.",
      default: "10s",
    }),
    trusted_proxies: Type.Array(
      Type.String({ expected: "an address or a network, like 10.0.0.0/8 or 2001:db8::1" }),
      {
        description:
          "Addresses and networks of proxies in front of the gateway, whose X-Forwarded-* fields and X-Request-Id are believed.",
        default: [],
      },
    ),
    max_body_size: Size({
      description: "The largest content a request may have; above it the answer is 413.",
      default: "100MB",
    }),
  },
  { additionalProperties: false, description: "The port that clients talk to.", default: {} },
);

export const adminSchema = Type.Object(
  {
    listen: Type.Optional(
      Type.String({
        description:
          "An address and port of its own for the operator, like 127.0.0.1:9090. Without it /admin is on the main port, for this machine alone.",
        pattern: "^(?:[A-Za-z0-9.-]+|\\[[0-9A-Fa-f:.]+\\]):[0-9]{1,5}$",
        expected: "an address and a port, like 127.0.0.1:9090",
      }),
    ),
    token: Type.Optional(
      Type.String({
        description:
          "What an operator elsewhere sends as Authorization: Bearer. Required where listen is not a loopback address.",
        minLength: 1,
        expected: "text that is not empty",
      }),
    ),
  },
  { additionalProperties: false, description: "The operator's interface." },
);
