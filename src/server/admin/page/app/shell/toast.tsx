import { Store, useStore } from "../data/store.ts";
import { Icon } from "../parts/icons.tsx";

interface Toast {
  readonly text: string;
  readonly isBad: boolean;
}

const SHOWN_FOR = 6000;

const toast = new Store<Toast | undefined>(undefined);
let timer: ReturnType<typeof setTimeout> | undefined;

/** Says what has come of something, for a few seconds. */
export function say(text: string, isBad = false): void {
  toast.set({ text, isBad });
  clearTimeout(timer);
  timer = setTimeout(() => toast.set(undefined), SHOWN_FOR);
}

/** Does something and says what has come of it. Answers whether it was done. */
export async function doAndSay(act: () => Promise<string>): Promise<boolean> {
  try {
    say(await act());
    return true;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error), true);
    return false;
  }
}

export function Toasts() {
  const shown = useStore(toast);
  return (
    <div class="toasts" role="status" aria-live="polite">
      {shown !== undefined && (
        <p class={shown.isBad ? "toast bad" : "toast"}>
          <Icon name={shown.isBad ? "alert" : "check"} />
          {shown.text}
        </p>
      )}
    </div>
  );
}
