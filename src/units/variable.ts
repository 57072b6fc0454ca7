/**
 * What to write instead of an environment variable in the syntax of other software: `$NAME`,
 * `{$NAME}` and `{env.NAME}` of Caddy, `%NAME%` of Windows.
 */
export function variableAdvice(written: string): string | undefined {
  const name = /^(?:\$([A-Za-z_]\w*)|\{(?:\$|env\.)([A-Za-z_]\w*)\}|%([A-Za-z_]\w*)%)$/
    .exec(written)
    ?.slice(1)
    .find((one) => one !== undefined);
  return name === undefined ? undefined : `an environment variable is written "\${${name}}"`;
}
