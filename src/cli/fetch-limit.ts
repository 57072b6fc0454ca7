const VARIABLE = "BUN_CONFIG_MAX_HTTP_REQUESTS";
/** The runtime's own bound, and more than a process has file descriptors for. */
const AT_MOST = "65535";

/**
 * The runtime sends at most 256 requests at a time, over all backends, unless an environment
 * variable that it reads only at its very start says otherwise. So where the variable is not set,
 * the process replaces itself with one that has it; pid, files and arguments stay. Does not return
 * in that case.
 */
export function raiseFetchLimit(environment: Readonly<Record<string, string | undefined>>): void {
  if (environment[VARIABLE] !== undefined || process.platform === "win32") return;
  if (process.execve === undefined) return;
  // An executable has no options of the runtime's but those of BUN_OPTIONS, which it reads again.
  const isExecutable = import.meta.path.startsWith("/$bunfs/");
  const run = isExecutable ? [] : [...process.execArgv, ...process.argv.slice(1, 2)];
  process.execve(process.execPath, [process.execPath, ...run, ...process.argv.slice(2)], {
    ...environment,
    [VARIABLE]: AT_MOST,
  });
}
