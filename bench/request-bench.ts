/** Operations against one etcd, each between two readings of etcd's own counters. */
import type { Ipam } from '../src/ipam/api.ts';
import { openIpam } from '../src/ipam/open.ts';
import { openStore } from '../src/store/open.ts';
import { type Cost, costOf } from './etcd-metrics.ts';
import { OPERATIONS, type Operation, type OperationName } from './figures.ts';

export interface Measured {
  readonly operation: Operation;
  /** Of several runs: the most of each. */
  readonly cost: Cost;
  /** Of several runs: the median of each. */
  readonly typical: Cost;
}

export class RequestBench {
  /** `host:port`; nothing else may use it meanwhile. */
  readonly endpoint: string;

  constructor(endpoint: string) {
    this.endpoint = endpoint;
  }

  /** As a process of its own would: with a new connection, knowing nothing. */
  async withIpam<T>(use: (ipam: Ipam) => Promise<T>): Promise<T> {
    const ipam = openIpam({ store: await openStore(`etcd://${this.endpoint}`) });
    try {
      return await use(ipam);
    } finally {
      await ipam.close();
    }
  }

  async measure(name: OperationName, run: () => Promise<void>): Promise<Measured> {
    const { cost } = await costOf(this.endpoint, run);
    return { operation: OPERATIONS[name], cost, typical: cost };
  }
}
