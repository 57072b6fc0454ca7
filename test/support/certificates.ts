import { afterAll, beforeAll } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { requiresProgram } from "./requires.ts";
import { createStage } from "./stage.ts";

/** Certificates are made with openssl (Debian: openssl); without it the tests that need them are left out. */
export const hasOpenssl = requiresProgram("openssl", "openssl");

const NEW_KEY = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";

/** Makes NAME.pem and NAME.key of an authority. */
export async function makeAuthority(folder: string, name: string): Promise<void> {
  await openssl(
    folder,
    `req -x509 ${NEW_KEY} -keyout ${name}.key -out ${name}.pem -days 2 -subj /CN=${name}`,
  );
}

/** Makes NAME.pem, signed by the authority ca and good for `names` ("DNS:localhost"), and NAME.key. */
export async function issue(folder: string, name: string, names: string): Promise<void> {
  await Bun.write(join(folder, `${name}.ext`), `subjectAltName=${names}\n`);
  await openssl(
    folder,
    `req -new ${NEW_KEY} -keyout ${name}.key -out ${name}.csr -subj /CN=${name}`,
  );
  await openssl(
    folder,
    `x509 -req -in ${name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ${name}.ext -out ${name}.pem`,
  );
}

/** A certificate, its key and its authority in PEM, and the folder with ca.pem, NAME.pem and NAME.key. */
export interface Issued {
  readonly folder: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** The same for all of a file's tests: made before the first one, empty without openssl. */
export function issuedForAll(name: string, names: string): Issued {
  const stage = createStage(afterAll);
  const issued = { folder: "", ca: "", cert: "", key: "" };
  beforeAll(async () => {
    if (!hasOpenssl) return;
    const folder = stage.folder();
    await makeAuthority(folder, "ca");
    await issue(folder, name, names);
    const [ca = "", cert = "", key = ""] = ["ca.pem", `${name}.pem`, `${name}.key`].map((file) =>
      readFileSync(join(folder, file), "utf8"),
    );
    Object.assign(issued, { folder, ca, cert, key });
  });
  return issued;
}

/** Runs one command of openssl. Its arguments have no blanks. */
export async function openssl(folder: string, command: string): Promise<void> {
  const child = Bun.spawn(["openssl", ...command.split(" ")], {
    cwd: folder,
    stderr: "pipe",
    stdout: "ignore",
  });
  const errors = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(errors);
}
