import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { errorKinds } from "../../../src/pipeline/errors.ts";

const kinds = Object.entries(errorKinds);

test.each(kinds)("%s has the status of its source", (_code, { status, source }) => {
  // 501 and 505 are the statuses above 499 that are the client's doing: RFC 9110 has no others for a
  // method and a version.
  const ofClient = (status >= 400 && status < 500) || status === 501 || status === 505;
  expect(source === "client").toBe(ofClient);
  expect(status).toBeLessThan(600);
});

test("errors that name themselves in Proxy-Status use names that RFC 9209 registers", () => {
  const registered = new Set(
    (
      "dns_timeout dns_error destination_not_found destination_unavailable " +
      "destination_ip_prohibited destination_ip_unroutable connection_refused " +
      "connection_terminated connection_timeout connection_read_timeout " +
      "connection_write_timeout connection_limit_reached tls_protocol_error " +
      "tls_certificate_error tls_alert_received http_request_error http_request_denied " +
      "http_response_incomplete http_response_header_section_size http_response_header_size " +
      "http_response_body_size http_response_trailer_section_size http_response_trailer_size " +
      "http_response_transfer_coding http_response_content_coding http_response_timeout " +
      "http_upgrade_failed http_protocol_error proxy_internal_response proxy_internal_error " +
      "proxy_configuration_error proxy_loop_detected"
    ).split(" "),
  );
  const names = kinds.flatMap(([, kind]) => ("proxyStatus" in kind ? [kind.proxyStatus] : []));
  expect(names.filter((name) => !registered.has(name))).toEqual([]);
});

test("the documentation lists every code with its status and who caused it", () => {
  const page = readFileSync(join(import.meta.dir, "../../../docs/http.md"), "utf8");
  const listed = [...page.matchAll(/^\| `(\w+)` \| (\d+) \| (client|backend|gateway) \|/gm)];
  const rows = listed.map(([, code = "", status, source]) => [code, { status, source }] as const);
  expect(Object.fromEntries(rows)).toEqual(
    Object.fromEntries(
      kinds.map(([code, { status, source }]) => [code, { status: `${status}`, source }]),
    ),
  );
});
