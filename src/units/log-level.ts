export type LogLevel = "debug" | "info" | "warn" | "error";

/** Reports something to the operator. */
export type Log = (level: LogLevel, message: string) => void;
