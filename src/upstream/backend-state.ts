/** Is told when a backend may have begun or ceased to get requests. */
export interface BackendListener {
  backendChanged(): void;
}

/**
 * What requests have shown of one backend of an upstream. It outlives changes of the backend's other
 * settings.
 */
export abstract class BackendState {
  readonly #listeners = new Set<BackendListener>();

  /** Calls the listener at every change, until it is removed again. */
  addListener(listener: BackendListener): void {
    this.#listeners.add(listener);
  }

  removeListener(listener: BackendListener): void {
    this.#listeners.delete(listener);
  }

  protected changed(): void {
    for (const listener of this.#listeners) listener.backendChanged();
  }
}
