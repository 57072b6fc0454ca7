import { Type } from "@sinclair/typebox";
import { Duration } from "../units/duration.ts";
import { Size } from "../units/size.ts";

/** What a route may settle otherwise than `server` does; what is absent is as there. */
export const routeSettings = {
  preserve_host: Type.Boolean({
    description:
      "Whether a backend is sent the Host that the client asked for; if not, its own, which shared hosting and most https backends need.",
    default: true,
  }),
  max_body_size: Type.Optional(
    Size({ description: "The largest content that a request to this route may have." }),
  ),
  timeouts: Type.Optional(
    Type.Object(
      {
        request: Type.Optional(
          Duration({ description: "As server.read_timeout, for this route." }),
        ),
        response: Type.Optional(
          Duration({ description: "As server.write_timeout, for this route." }),
        ),
        idle: Type.Optional(Duration({ description: "As server.idle_timeout, for this route." })),
        exchange: Type.Optional(
          Duration({ description: "As server.exchange_timeout, for this route." }),
        ),
      },
      { additionalProperties: false, description: "Times that differ from those of the server." },
    ),
  ),
  tls: Type.Optional(
    Type.Object(
      {
        ca: Type.Optional(
          Type.String({
            description:
              "A PEM file with the certificate authorities to trust in place of the system's.",
            expected: "a file name, like ca.pem",
          }),
        ),
        certificate: Type.Optional(
          Type.String({
            description: "A PEM file with the certificate that the gateway shows.",
            expected: "a file name, like client.pem",
          }),
        ),
        key: Type.Optional(
          Type.String({
            description: "A PEM file with the certificate's private key.",
            expected: "a file name, like client.key",
          }),
        ),
        server_name: Type.Optional(
          Type.String({
            description: "The name that the backend's certificate has to be for.",
            minLength: 1,
            expected: "a host name, like api.example.com",
          }),
        ),
        insecure_skip_verify: Type.Boolean({
          description:
            "Whether any certificate will do. Whoever is in between can then read along.",
          default: false,
        }),
      },
      { additionalProperties: false, description: "How https backends are talked to." },
    ),
  ),
};
