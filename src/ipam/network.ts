/** Assigning from a network that its configuration defines by ranges (SS-15 to SS-23). */
import { type Slot, slotsOf } from '../core/network-range.ts';
import { hasAssigned } from '../core/plan/doubt.ts';
import {
  type AssignFromNetwork,
  firstNeedOfNetwork,
  type NetworkAddress,
  assignFromNetwork as planAssignFromNetwork,
} from '../core/plan/network.ts';
import type { NetworkAssignedAddress, NetworkAssignOptions } from './api.ts';
import { nameArgument } from './arguments.ts';
import { addressOf, commonOf, distinctIps, isWatched, jobOf, nodeToRegister } from './assign.ts';
import { Call } from './call.ts';
import { type Context, foresee, runJob } from './context.ts';
import { invalidArgument } from './errors.ts';
import { blockRefs, withHints } from './hints.ts';
import { errorOfRefusal } from './translate.ts';

export async function assignFromNetwork(context: Context, options: NetworkAssignOptions): Promise<readonly NetworkAssignedAddress[]> {
  const call = new Call(context.clock, options);
  const request = requestOf(context, options);
  const { holder } = request;
  const job = jobOf<readonly NetworkAddress[]>(call, options, {
    firstNeed: withHints(firstNeedOfNetwork(request, isWatched(options)), blockRefs(options.likelyBlocks)),
    planner: ({ watched }) => planAssignFromNetwork({ ...request, releaseMark: watched }),
    happened: (draft, assigned) => hasAssigned(draft, { holder, assigned, operation: undefined }),
  });
  // Pools that others made meanwhile decide where an address is, and a conflict does not tell of them.
  const addresses = await runJob(context, request.host, { ...job, rereads: true });
  return addresses.map((address) => ({ ...addressOf(address), subnet: address.subnet.text, gateway: address.gateway?.text }));
}

export async function checkAssignFromNetwork(
  context: Context,
  options: NetworkAssignOptions & { readonly whole?: boolean },
): Promise<void> {
  const request = requestOf(context, options);
  const planned = { first: firstNeedOfNetwork(request, false), planner: planAssignFromNetwork(request), isWhole: options.whole ?? false };
  const refusal = await foresee(context, options, planned);
  if (refusal) throw errorOfRefusal(refusal);
}

function requestOf(context: Context, options: NetworkAssignOptions): AssignFromNetwork {
  const { holder, host } = commonOf(options);
  if (holder.handle === undefined) throw invalidArgument('handle is missing: what is held is told by it.', { argument: 'handle' });
  const uids = new Map<string, string>();
  return {
    network: nameArgument('network', options.network),
    slots: slotsArgument(options),
    ips: distinctIps(options.ips),
    host,
    holder: { ...holder, handle: holder.handle },
    newNode: nodeToRegister(context, options),
    releaseMark: undefined,
    // The same one however often the plan is made anew.
    uidOf: ({ text }) => {
      const uid = uids.get(text) ?? context.clock.uuid();
      uids.set(text, uid);
      return uid;
    },
  };
}

function slotsArgument({ network, slots }: NetworkAssignOptions): readonly Slot[] {
  const parsed = slotsOf(slots);
  if (parsed.kind === 'slots') return parsed.slots;
  throw invalidArgument(`ranges of network ${network}: ${parsed.problem}.`, { argument: 'slots' });
}
