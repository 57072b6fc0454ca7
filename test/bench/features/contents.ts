import { type Feature, feature, onRoute } from "./feature.ts";

/** What is kept of contents, and read of them, in a small JSON answer. */
export const contents: readonly Feature[] = [
  feature({ key: "log-off", name: "`log: off`", with: onRoute({ log: "off" }) }),
  feature({
    key: "usage",
    name: "`log: { usage: llm }`",
    with: onRoute({ log: { usage: "llm" } }),
  }),
  feature({
    key: "log-body",
    name: "`log_body` of errors, and there are none",
    with: onRoute({ log_body: { when: "errors" } }),
  }),
  feature({
    key: "log-body-all",
    name: "`log_body: { when: all }`",
    with: onRoute({ log_body: { when: "all" } }),
  }),
];
