/** The plugin itself is killed and hung at random, in ADD and in DEL, while pods come and go. */
import { type Bed, checkEmpty, settled } from './bed.ts';
import { NODES } from './cluster.ts';
import { checkLeftovers } from './leftovers.ts';
import { usePlugin } from './networks.ts';
import { type Hit, type PluginCall, pluginCalls, type Shares, setFaults } from './plugin-calls.ts';
import { until } from './waiting.ts';
import { ask, scale } from './workload.ts';

/** A kubelet gives a DEL up after this, an ADD after twice as long: a hang of 22 s outlives its DEL and not the plugin's own 30 s. */
const REQUEST_TIMEOUT = '10s';
const RANDOM: Shares = {
  ...{ ADD_KILL: 20, ADD_HANG: 10, ADD_MUTE: 8 },
  ...{ DEL_KILL: 20, DEL_HANG: 8, DEL_MUTE: 8 },
  ...{ SPREAD_MS: 80, HANG_SECONDS_MIN: 12, HANG_SECONDS_MAX: 35 },
};
/** Every ADD takes its address and is not heard, and every DEL dies at once: what it leaves behind nobody deletes again. */
const FORGOTTEN: Partial<Shares> = { ADD_MUTE: 100, DEL_KILL: 100, SPREAD_MS: 1 };
const STEPS = [60, 20, 60, 10, 40] as const;
const FORGOTTEN_MIN = 2;
const LIMIT_MS = 120_000;

export async function checkFaults(bed: Bed): Promise<void> {
  const { cluster, report } = bed;
  for (const node of NODES) {
    await cluster.script('node-kill.sh', [String(node)]);
    await cluster.script('node-up.sh', [String(node)], { PLAT_E2E_REQUEST_TIMEOUT: REQUEST_TIMEOUT });
  }
  await usePlugin(cluster, 'with faults');
  await cluster.nodesReady();
  const before = (await pluginCalls(cluster)).length;
  await setFaults(cluster, RANDOM);
  for (const step of STEPS) {
    report.progress(`${step} pods, with faults`);
    await scale(cluster, step);
  }
  const last = STEPS.at(-1) ?? 0;
  await forget(bed, last + FORGOTTEN_MIN);
  await setFaults(cluster);
  report.progress('no more faults; hung calls wake up, kubelets sweep');
  const found = await settled(bed, last + FORGOTTEN_MIN);
  const calls = (await pluginCalls(cluster)).slice(before);
  report.note(`Faults: ${summary(calls)}`);
  const hit = calls.filter((call) => call.hit !== undefined).length;
  report.check(
    'faults hit the plugin in ADD and in DEL',
    KINDS.every((kind) => calls.some(({ hit }) => hit === kind)),
    `${hit} of ${calls.length} calls`,
  );
  await checkLeftovers(bed, 'plugin killed and hung', found);
  await checkEmpty(bed, 'after all faults');
}

/** Leaves at least one address behind for certain, so that there is one to collect. */
async function forget({ cluster }: Bed, replicas: number): Promise<void> {
  const before = (await pluginCalls(cluster)).length;
  await setFaults(cluster, FORGOTTEN);
  await ask(cluster, replicas);
  await until('containerd to give up ADD and DEL', { limitMs: LIMIT_MS, signal: cluster.signal }, async () => {
    const calls = (await pluginCalls(cluster)).slice(before);
    const muted = calls.filter(({ command, hit }) => command === 'ADD' && hit === 'muted').map(({ container }) => container);
    const dead = calls.filter(({ command, hit, container }) => command === 'DEL' && hit === 'killed' && muted.includes(container));
    return dead.length >= FORGOTTEN_MIN ? true : undefined;
  });
}

const KINDS: readonly Hit[] = ['killed', 'hung', 'muted'];

/** `ADD 120: 20 killed, 9 hung, 8 muted; DEL …` */
function summary(calls: readonly PluginCall[]): string {
  const parts = (['ADD', 'DEL'] as const).map((command) => {
    const own = calls.filter((call) => call.command === command);
    return `${own.length} ${command}, of which ${KINDS.map((kind) => `${own.filter(({ hit }) => hit === kind).length} ${kind}`).join(', ')}`;
  });
  return parts.join('; ');
}
