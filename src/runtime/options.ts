import { Answer } from "../pipeline/answer.ts";
import type { Handler } from "../pipeline/chain.ts";

/**
 * Answers OPTIONS of the whole gateway ("*", RFC 9110 section 9.3.7), which is for no backend, whatever
 * its Max-Forwards says.
 */
export function optionsOf(methods: ReadonlySet<string>): Handler {
  return {
    handle() {
      const answer = new Answer(null, { status: 204 });
      answer.fields.set("allow", [...methods].join(", "));
      answer.fields.set("cache-control", "no-store");
      return answer;
    },
  };
}
