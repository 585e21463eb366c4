/** Every operation that a history may have, by its name there. */
import type { Arguments } from '../arguments.ts';
import {
  claimAffinity,
  releaseAffinity,
  releaseBlockAffinity,
  releaseHostAffinities,
  releasePoolAffinities,
  removeHost,
} from './affinities.ts';
import { assignIp, autoAssign, ensureBlock } from './assign.ts';
import { createNode, createPool, createReservation, deletePool, getConfig, getUtilization, replacePool, setConfig } from './cluster.ts';
import type { Operation, Outcome } from './operation.ts';
import { getAssignmentAttributes, ipsByHandle, releaseByHandle, releaseIps, setOwnerAttributes } from './release.ts';

const NOTHING: Outcome = { result: undefined };

function put(args: Arguments): Operation {
  const key = args.text('key');
  const value = args.optionalText('value') ?? '';
  return {
    run: async ({ keyspace }) => {
      await keyspace.write(new Map([[key, value]]));
      return NOTHING;
    },
  };
}

function remove(args: Arguments): Operation {
  const key = args.text('key');
  return {
    run: async ({ keyspace }) => {
      await keyspace.write(new Map([[key, null]]));
      return NOTHING;
    },
  };
}

function sleep(args: Arguments): Operation {
  const seconds = args.optionalNumber('seconds') ?? 0;
  return {
    run: async ({ clock }) => {
      clock.advance(seconds);
      return NOTHING;
    },
  };
}

export const OPERATIONS: ReadonlyMap<string, (args: Arguments) => Operation> = new Map(
  Object.entries({
    autoAssign,
    assignIp,
    ensureBlock,
    releaseIps,
    releaseByHandle,
    ipsByHandle,
    getAssignmentAttributes,
    setOwnerAttributes,
    claimAffinity,
    releaseAffinity,
    releaseHostAffinities,
    releasePoolAffinities,
    releaseBlockAffinity,
    removeHost,
    getConfig,
    setConfig,
    getUtilization,
    createPool,
    replacePool,
    deletePool,
    createReservation,
    createNode,
    put,
    delete: remove,
    sleep,
    // Writes what plat has no business with (kind 6).
    initialize: () => ({ run: async () => NOTHING }),
  }),
);
