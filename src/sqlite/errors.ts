/** This gateway must not write to the database. */
export class SchemaError extends Error {
  override readonly name = "SchemaError";
}

/** The database is damaged; the message says where. */
export class CorruptError extends Error {
  override readonly name = "CorruptError";
}
