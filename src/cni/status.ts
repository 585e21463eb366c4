/** STATUS: whether an ADD could succeed now, from one request to the store (SS-32). */
import type { Ipam } from '../ipam/api.ts';
import { poolOptions } from './add.ts';
import { addressPlanOf } from './address-plan.ts';
import { blockHintsOf } from './block-hints.ts';
import { CniError, CODES, cniErrorOf } from './errors.ts';
import type { NetConf } from './netconf.ts';
import { isEmbedded, statusTimeoutMsOf } from './settings.ts';
import { callOptions, type Work } from './verbs.ts';

export async function status(work: Work, ipam: Ipam): Promise<string> {
  const { host, store, attachment } = work;
  const conf = withoutRequests(work.conf);
  const plan = addressPlanOf(conf, { args: new Map() }, store.url);
  // An embedded store answers without a request, so it is asked everything.
  const whole = isEmbedded(store.url);
  const { timeoutMs, signal } = callOptions(work);
  const bounded = { timeoutMs: Math.min(timeoutMs, statusTimeoutMsOf(conf)), signal };
  const common = { ...bounded, host, registerNode: conf.ipam.registerNode ?? true, whole };
  const likelyBlocks = blockHintsOf(work)?.blocks ?? [];
  if (plan.kind === 'pools') await ipam.checkAutoAssign({ ...common, ...poolOptions(plan), likelyBlocks });
  else
    await ipam.checkAssignFromNetwork({
      ...common,
      handle: `${attachment.network}:status`,
      network: attachment.network,
      slots: plan.slots,
    });
  return '';
}

/** It is asked for the network, not for a container that wants certain addresses. */
function withoutRequests({ args: _, runtimeConfig, ...conf }: NetConf): NetConf {
  return { ...conf, runtimeConfig: { ...runtimeConfig, ips: undefined } };
}

/** Runtimes take any other code for a plugin that does not know the verb. */
export function statusError(error: unknown): CniError {
  const { code, message, details } = cniErrorOf(error, 'cannot assign addresses');
  const isOwnFault = code === CODES.invalidEnvironment || code === CODES.undecodable || code === CODES.incompatibleVersion;
  if (isOwnFault) return new CniError(code, message, details);
  const isCorrupt = error instanceof Error && 'code' in error && error.code === 'corrupt-value';
  return new CniError(isCorrupt ? CODES.limited : CODES.notAvailable, message, details);
}
