import { useState } from "preact/hooks";
import { ApiError, post, readSession } from "../data/api.ts";
import { entered } from "../data/form.ts";
import { Logo } from "./logo.tsx";

/** Asks for the token. The gateway keeps the session in a cookie that no script can read. */
export function Login({ onDone }: { readonly onDone: () => void }) {
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);
  const logIn = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const token = entered(form, "token");
    setBusy(true);
    try {
      await post("login", { token });
      await readSession();
      onDone();
    } catch (error) {
      const isWrong = error instanceof ApiError && (error.status === 401 || error.status === 403);
      setProblem(isWrong ? "That is not the token." : (error as Error).message);
      form.querySelector("input")?.select();
    }
    setBusy(false);
  };
  return (
    <main class="login">
      <form onSubmit={(event) => void logIn(event)}>
        <Logo />
        <h1>Log in to the gateway</h1>
        <label for="token">Token</label>
        <input
          id="token"
          name="token"
          type="password"
          autocomplete="current-password"
          required
          autofocus
          aria-describedby="token-help"
          aria-invalid={problem !== ""}
        />
        <p id="token-help" class={problem === "" ? "note" : "field-problem"} role="status">
          {problem === "" ? (
            <>
              It is <code>admin.token</code> in the gateway’s configuration.
            </>
          ) : (
            problem
          )}
        </p>
        <button type="submit" class="button primary" disabled={isBusy}>
          Log in
        </button>
      </form>
    </main>
  );
}
