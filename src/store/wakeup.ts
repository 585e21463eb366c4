/** Lets one waiter sleep until something changed; a change that comes while nobody waits is not missed. */
export class Wakeup {
  #pending = false;
  #resume: (() => void) | undefined;

  notify(): void {
    this.#pending = true;
    this.#resume?.();
  }

  /** Resolves at once when {@link notify} was called since the last wait ended. */
  async wait(): Promise<void> {
    if (!this.#pending) await new Promise<void>((resolve) => (this.#resume = resolve));
    this.#pending = false;
    this.#resume = undefined;
  }
}
