/** The plugin in this process, over a memory store that a test arranges, watches and breaks. */
import { expect } from 'vitest';
import { answer } from '../../src/cni/plugin.ts';
import type { StoreChoice } from '../../src/cni/settings.ts';
import type { Answer } from '../../src/cni/verbs.ts';
import { type Clock, systemClock } from '../../src/platform/clock.ts';
import type { Fault, StoreCall } from '../../src/store/memory.ts';
import { openWorld, type World, type WorldOptions } from '../support/ipam.ts';

export type Conf = Readonly<Record<string, unknown>>;

export interface BedCall {
  /** Of the environment; undefined takes one of the usual ones away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Over the usual configuration. */
  readonly conf?: Conf;
  /** Over its `ipam`. */
  readonly ipam?: Conf;
  /** Instead of all of it. */
  readonly stdin?: string;
  readonly parentPid?: () => number;
  readonly startedBy?: number;
  readonly gone?: AbortSignal;
  readonly hasEnded?: () => boolean;
  readonly hintsFolder?: string;
  /** What becomes of each call to the store. */
  readonly fault?: (call: StoreCall) => Fault | Promise<Fault>;
}

interface Ran extends Answer {
  /** Calls to the store. */
  readonly calls: readonly StoreCall[];
  /** What the configuration chose; undefined when no store was opened. */
  readonly store: StoreChoice | undefined;
}

/** Of a namespace that is there and is not this process's: any file will do. */
const NETNS = import.meta.filename;

export const ENV = {
  CNI_CONTAINERID: 'c1',
  CNI_NETNS: NETNS,
  CNI_IFNAME: 'eth0',
  CNI_PATH: '/opt/cni/bin',
};

export const CONF = { cniVersion: '1.1.0', name: 'net', type: 'calico', nodename: 'host-a' };
/** What the store is called makes a difference to the settings; it is never opened by name. */
const STORE = 'etcd://127.0.0.1:1';

export class Bed {
  readonly world: World;

  constructor(world: World) {
    this.world = world;
  }

  async run(
    verb: string,
    {
      env = {},
      conf = {},
      ipam = {},
      stdin,
      parentPid = () => 4_711,
      startedBy,
      gone,
      hasEnded,
      hintsFolder,
      fault = () => 'none',
    }: BedCall = {},
  ): Promise<Ran> {
    const calls: StoreCall[] = [];
    let chosen: StoreChoice | undefined;
    const text = stdin ?? JSON.stringify({ ...CONF, ...conf, ipam: { type: 'plat', store: STORE, ...ipam } });
    const answered = await answer({
      env: { CNI_COMMAND: verb, ...ENV, ...env },
      clock: this.#clock(),
      readStdin: async () => text,
      parentPid,
      ...(startedBy !== undefined && { startedBy }),
      ...(gone && { gone }),
      ...(hasEnded && { hasEnded }),
      ...(hintsFolder !== undefined && { hintsFolder }),
      openStore: async (choice) => {
        chosen = choice;
        return this.world.store.client({
          fault: (call) => {
            calls.push(call);
            return fault(call);
          },
        });
      },
    });
    return { ...answered, calls, store: chosen };
  }

  /** The answer of a call that must succeed, parsed; undefined when it says nothing. */
  async ok(verb: string, call: BedCall = {}): Promise<CniResult | undefined> {
    const { stdout, exitCode } = await this.run(verb, call);
    expect([exitCode, stdout]).toEqual([0, stdout]);
    return stdout === '' ? undefined : (JSON.parse(stdout) as CniResult);
  }

  /** The addresses of an ADD that must succeed, with prefix lengths. */
  async add(containerId: string, call: BedCall = {}): Promise<string[]> {
    const result = await this.ok('ADD', { ...call, env: { CNI_CONTAINERID: containerId, ...call.env } });
    return (result?.ips ?? []).map(({ address }) => address);
  }

  async del(containerId: string, call: BedCall = {}): Promise<void> {
    expect(await this.ok('DEL', { ...call, env: { CNI_CONTAINERID: containerId, ...call.env } })).toBeUndefined();
  }

  /** The error of a call that must fail, and that must change nothing. */
  async refused(verb: string, call: BedCall = {}): Promise<CniRefusal> {
    const before = await this.world.dump();
    const { stdout, exitCode } = await this.run(verb, call);
    expect(exitCode).toBe(1);
    expect(await this.world.dump()).toEqual(before);
    return JSON.parse(stdout) as CniRefusal;
  }

  /** The simulated wall clock, but time that passes: deadlines are real. */
  #clock(): Clock {
    const { clock } = this.world;
    return { ...systemClock, nowNs: () => clock.nowNs(), random: () => clock.random(), uuid: () => clock.uuid() };
  }
}

interface CniResult {
  readonly cniVersion: string;
  readonly ips: readonly { readonly address: string; readonly gateway?: string; readonly version?: string }[];
  readonly routes?: readonly { readonly dst: string }[];
  readonly dns?: object;
}

interface CniRefusal {
  readonly cniVersion: string;
  readonly code: number;
  readonly msg: string;
  readonly details?: string;
}

/** Over a cluster with one pool of one block and nodes host-a and host-b, unless told otherwise. */
export async function openBed(options: WorldOptions = { pools: [{ cidr: '10.0.0.0/24', blockSize: 24 }] }): Promise<Bed> {
  return new Bed(await openWorld(options));
}

/** Message and details as one text, which is what a person reads. */
export function textOf({ msg, details = '' }: CniRefusal): string {
  return `${msg}. ${details}`;
}
