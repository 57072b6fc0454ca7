/** The answer to a client that does not send the token. */
export function tokenWanted(): Response {
  return new Response("this is the gateway's operator port; it requires the configured token\n", {
    status: 401,
    headers: { "www-authenticate": 'Bearer realm="gateway"' },
  });
}

/** The answer to a client that is not known to be a program on this machine. */
export function localOnly(): Response {
  return new Response(
    "this is the gateway's operator port; without admin.token it answers only programs on this machine that request localhost and its port, directly\n",
    { status: 403 },
  );
}
