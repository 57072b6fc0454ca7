import { eventually } from "./eventually.ts";
import type { Stage } from "./stage.ts";

/** A real terminal, in which one command runs. */
export interface TmuxTerminal {
  /** What is on the screen at the moment. */
  screen(): Promise<string>;
  /** The screen, as soon as it meets a condition. */
  until(condition: (screen: string) => boolean): Promise<string>;
  /** Presses keys, by tmux's names: "Enter", "C-c", "q". */
  press(...keys: string[]): Promise<void>;
  resize(width: number, height: number): Promise<void>;
}

export interface TmuxSize {
  readonly width: number;
  readonly height: number;
}

let count = 0;

/** Starts a command line of the shell in a terminal of its own. The terminal stays when it has ended. */
export async function tmuxTerminal(
  stage: Stage,
  line: string,
  { width, height }: TmuxSize,
  environment: Readonly<Record<string, string>> = {},
): Promise<TmuxTerminal> {
  const cwd = stage.folder();
  count += 1;
  const socket = `gateway-test-${process.pid}-${count}`;
  async function tmux(...rest: string[]): Promise<string> {
    const child = Bun.spawn(["tmux", "-f", "/dev/null", "-L", socket, ...rest], {
      cwd,
      env: {
        PATH: process.env["PATH"] ?? "",
        LANG: "C.UTF-8",
        TERM: "xterm-256color",
        ...environment,
      },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    if ((await child.exited) !== 0) throw new Error(`tmux ${rest.join(" ")}: ${err}`);
    return out;
  }
  // Its own server, which goes with its last session.
  stage.defer(() => tmux("kill-server").catch(() => ""));
  const size = ["-x", String(width), "-y", String(height)];
  await tmux("new-session", "-d", ...size, `${line}; echo "ended with $?"; exec sleep 600`);
  const screen = () => tmux("capture-pane", "-p");
  return {
    screen,
    until: (condition) =>
      eventually(async () => {
        const text = await screen();
        return condition(text) && text;
      }),
    press: async (...keys) => void (await tmux("send-keys", ...keys)),
    resize: async (x, y) => void (await tmux("resize-window", "-x", String(x), "-y", String(y))),
  };
}
