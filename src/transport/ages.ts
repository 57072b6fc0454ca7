/**
 * Milliseconds after which a connection carries no further request, ±10 % at random, so that
 * connections opened together do not end together. By then, traffic follows a name or a balancer that
 * has moved a backend.
 */
export const GREATEST_AGE = 60_000;
