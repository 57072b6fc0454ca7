import { expect, test } from "bun:test";
import { ListenError, openPort } from "../../../src/server/parts/open-port.ts";

function refusal(code: string, key = "server.port", address = "127.0.0.1:80"): unknown {
  try {
    openPort(address, key, () => {
      throw Object.assign(new Error("as the runtime has it"), { code });
    });
  } catch (error) {
    return error;
  }
  return undefined;
}

test.each([
  [
    "EADDRINUSE",
    "another process has this port; stop it, or choose another port with `server.port`",
  ],
  [
    "EACCES",
    "no permission; ports below 1024 need privileges: choose a higher one with `server.port`, or",
  ],
  [
    "EADDRNOTAVAIL",
    "this machine does not have that address; 0.0.0.0 listens on all that it has (`server.host`)",
  ],
  ["EINVAL", "the host is not an address of this machine (`server.host`)"],
])("a port that cannot be had for %s is refused with a remedy", (code, words) => {
  const error = refusal(code);
  expect(error).toBeInstanceOf(ListenError);
  expect(String(error)).toContain(`cannot listen on 127.0.0.1:80: ${words}`);
});

test("a port that cannot be had for another reason is refused with that", () => {
  expect(String(refusal("EIO", "admin.listen"))).toContain(
    "cannot listen on 127.0.0.1:80 (`admin.listen`): as the runtime has it",
  );
});

test("a name that may not be this machine's is not blamed on another process alone", () => {
  expect(String(refusal("EADDRINUSE", "server.port", "gateway.invalid:80"))).toContain(
    "another process has this port, or the name is not one of this machine; write an address (`server.host`)",
  );
  expect(String(refusal("EADDRINUSE", "server.port", "::1:80"))).toContain(
    "another process has this port; stop it",
  );
});
