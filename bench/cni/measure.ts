/** Whole processes in turns: one after the other, and as many at once as a node starts pods after a reboot. */
import { type Cost, costOf } from '../etcd-metrics.ts';
import { alternate, type Contender, runPass, type Series, type Turn } from '../rounds.ts';
import { callOnce, type Plugin, type Programs, runOnce } from './programs.ts';

export const AT_ONCE = 110;
export const GET = 'etcdctl get of one key';

export interface Effort {
  readonly rounds: number;
  /** Calls of each kind in one round. */
  readonly callsPerRound: number;
  readonly roundsAtOnce: number;
}

export interface CniResults {
  /** By plugin name and verb, such as `host-local ADD`; and {@link GET}. */
  readonly single: ReadonlyMap<string, Series>;
  /** The same for {@link AT_ONCE} processes at once: one operation is all of them. */
  readonly atOnce: ReadonlyMap<string, Series>;
  /** What one ADD and one DEL of the compiled plugin ask of etcd. */
  readonly addCost: Cost;
  readonly delCost: Cost;
}

export async function measureCni(programs: Programs, endpoint: string, effort: Effort): Promise<CniResults> {
  const { compiledOnEtcd, nodeOnEtcd, compiledOnLmdb, nodeOnLmdb, hostLocal, shell, etcdctl } = programs;
  const { cost: addCost } = await costOf(endpoint, () => callOnce(compiledOnEtcd, 'ADD', 'counted'));
  const { cost: delCost } = await costOf(endpoint, () => callOnce(compiledOnEtcd, 'DEL', 'counted'));
  const plugins = [compiledOnEtcd, nodeOnEtcd, compiledOnLmdb, nodeOnLmdb, hostLocal, shell];
  const get: Contender = { turn: async () => ({ [GET]: [await runPass([() => runOnce(etcdctl)], effort.callsPerRound)] }) };
  const single = await alternate([get, ...plugins.map((plugin) => oneByOne(plugin, effort.callsPerRound))], effort.rounds);
  const getAtOnce: Contender = { turn: async () => ({ [GET]: [await together(() => runOnce(etcdctl))] }) };
  const atOnce = await alternate([getAtOnce, ...[compiledOnEtcd, compiledOnLmdb, hostLocal].map(allAtOnce)], effort.roundsAtOnce);
  return { single, atOnce, addCost, delCost };
}

export function addOf({ name }: Plugin): string {
  return `${name} ADD`;
}

export function delOf({ name }: Plugin): string {
  return `${name} DEL`;
}

let turns = 0;

function oneByOne(plugin: Plugin, calls: number): Contender {
  return {
    turn: async (): Promise<Turn> => {
      const turn = ++turns;
      const add = await runPass([(index) => callOnce(plugin, 'ADD', `t${turn}-${index}`)], calls);
      const del = await runPass([(index) => callOnce(plugin, 'DEL', `t${turn}-${index}`)], calls);
      return { [addOf(plugin)]: [add], [delOf(plugin)]: [del] };
    },
  };
}

function allAtOnce(plugin: Plugin): Contender {
  return {
    turn: async (): Promise<Turn> => {
      const turn = ++turns;
      const add = await together((index) => callOnce(plugin, 'ADD', `t${turn}-${index}`));
      const del = await together((index) => callOnce(plugin, 'DEL', `t${turn}-${index}`));
      return { [addOf(plugin)]: [add], [delOf(plugin)]: [del] };
    },
  };
}

/** One operation: all of them, from the first start to the last exit. */
async function together(call: (index: number) => Promise<void>) {
  return await runPass([async () => void (await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => call(index))))], 1);
}
