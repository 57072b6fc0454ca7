/**
 * Whether something that tests need is here. If not, standard error says so for each file that leaves
 * tests out: the runner only counts them.
 */
export function requires(isHere: boolean, what: string): boolean {
  if (!isHere) process.stderr.write(`tests are left out because they need ${what}\n`);
  return isHere;
}

/** Whether a program is on the PATH, which Debian installs with a package. */
export function requiresProgram(program: string, debianPackage: string): boolean {
  return requires(Bun.which(program) !== null, `${program} (apt-get install ${debianPackage})`);
}
