import { Type } from "@sinclair/typebox";
import { defineSection } from "../pipeline/section.ts";
import { Size } from "../units/size.ts";
import { checkTimeouts, routeTimeouts } from "./timeouts.ts";

/** `preserve_host` of a route. */
export const preserveHost = defineSection({
  schema: Type.Boolean({
    description:
      "Whether a backend gets the Host that the client sent. If not, it gets its own, which shared hosting and most https backends need.",
    default: true,
  }),
});

/** `max_body_size` of a route. */
export const maxBodySize = defineSection({
  schema: Type.Optional(Size({ description: "The largest request body that this route accepts." })),
});

/** `timeouts` of a route. */
export const timeouts = defineSection({
  schema: Type.Optional(routeTimeouts),
  check: checkTimeouts,
});
