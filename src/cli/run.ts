import type { Cli, Terminal } from './cli.ts';
import { UsageError } from './errors.ts';
import type { Output } from './format/output-format.ts';
import { misfitOf, type OutputShape } from './format/output-shape.ts';
import { type GlobalFlags, resolveSettings, type Settings } from './settings/settings.ts';

/** One run of the program: its settings are known once the line is parsed. */
export class Run implements Cli {
  readonly terminal: Terminal;
  #flags: GlobalFlags = {};
  #settings: Settings | undefined;
  #output: Output = { kind: 'table' };

  constructor(terminal: Terminal) {
    this.terminal = terminal;
  }

  /** `acceptsFile`: the command takes `-o FILE`, on its own line only. */
  async settle(flags: GlobalFlags, acceptsFile: boolean, shape: OutputShape = {}): Promise<void> {
    this.#flags = flags;
    this.#settings = await resolveSettings(flags, this.terminal, acceptsFile && flags.output !== undefined);
    this.#output = this.#fitting(this.#settings.output, shape);
  }

  /** A format of the command line must fit; one that holds for all commands counts for those that have it. */
  #fitting(output: Output, shape: OutputShape): Output {
    const misfit = misfitOf(output, shape);
    if (misfit === undefined) return output;
    if (this.#flags.output === undefined) return { kind: 'table' };
    throw new UsageError(misfit);
  }

  settings(): Settings {
    if (this.#settings === undefined) throw new Error('bug: settings are asked for before the command line is parsed');
    return this.#settings;
  }

  globals(): ReturnType<Cli['globals']> {
    const { store } = this.#flags;
    return { ...(store !== undefined && { store }), output: this.#output };
  }

  call(): ReturnType<Cli['call']> {
    const { timeoutMs } = this.settings();
    return { signal: this.terminal.signal, ...(timeoutMs !== undefined && { timeoutMs }) };
  }

  get wantsJson(): boolean {
    return this.#output.kind === 'json';
  }
}
