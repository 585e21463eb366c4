import type { Cli, Terminal } from './cli.ts';
import { type GlobalFlags, resolveSettings, type Settings } from './settings/settings.ts';

/** One run of the program: its settings are known once the line is parsed. */
export class Run implements Cli {
  readonly terminal: Terminal;
  #flags: GlobalFlags = {};
  #settings: Settings | undefined;

  constructor(terminal: Terminal) {
    this.terminal = terminal;
  }

  async settle(flags: GlobalFlags, acceptsFile: boolean): Promise<void> {
    this.#flags = flags;
    this.#settings = await resolveSettings(flags, this.terminal, acceptsFile);
  }

  settings(): Settings {
    if (this.#settings === undefined) throw new Error('bug: settings are asked for before the command line is parsed');
    return this.#settings;
  }

  globals(): ReturnType<Cli['globals']> {
    const { store } = this.#flags;
    return { ...(store !== undefined && { store }), output: this.settings().output };
  }

  call(): ReturnType<Cli['call']> {
    const { timeoutMs } = this.settings();
    return { signal: this.terminal.signal, ...(timeoutMs !== undefined && { timeoutMs }) };
  }

  get wantsJson(): boolean {
    return this.#settings?.output.kind === 'json';
  }
}
