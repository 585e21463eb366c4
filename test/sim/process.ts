/** A process on a node: it holds one open library, or one foreign writer, until it crashes. */
import type { Operation } from './operation.ts';

export class Process {
  /** Node and how many processes it had before. */
  readonly name: string;
  readonly node: string;
  readonly writer: 'plat' | 'calico';
  readonly running = new Set<Operation>();
  isAlive = true;

  constructor({ name, node, writer }: Pick<Process, 'name' | 'node' | 'writer'>) {
    this.name = name;
    this.node = node;
    this.writer = writer;
  }
}
