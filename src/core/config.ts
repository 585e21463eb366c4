/** Cluster-wide settings: defaults, rules, and the limit that follows from them (CF, MB). */
import { type IpamConfig, NO_EXTRA } from './records.ts';
import { oneOf, type Violation, when } from './violation.ts';

/** What holds while nothing is stored (CF-01). A stored value without these members means something else (data model §6.1). */
export const DEFAULT_CONFIG: IpamConfig = {
  strictAffinity: false,
  autoAllocateBlocks: true,
  maxBlocksPerHost: 0,
  kubeVirtVMAddressPersistence: 'Enabled',
  ipCooldownSeconds: 0,
  extra: NO_EXTRA,
};

const BLOCKS_PER_HOST_DEFAULT = 20;
const NO_BLOCK_LIMIT = -1;
const COOLDOWN_SECONDS_MAX = 1200;

/**
 * Blocks that a host may own per family; negative: no limit (MB-01).
 *
 * `cluster`: `maxBlocksPerHost` of the configuration; `request`: the same of the call. In both, 0 is not set and a
 * negative number no limit; a request without limit overrides the cluster's.
 */
export function effectiveBlockLimit(cluster: number, request: number): number {
  if (request < 0) return NO_BLOCK_LIMIT;
  if (request > 0) return cluster > 0 ? Math.min(cluster, request) : request;
  if (cluster < 0) return NO_BLOCK_LIMIT;
  return cluster > 0 ? cluster : BLOCKS_PER_HOST_DEFAULT;
}

/** Rules for writing (CF-03, CF-04, CF-07). What is stored already is honoured as it is (CF-08). */
export function configViolations(config: Omit<IpamConfig, 'extra'>): readonly Violation[] {
  const { strictAffinity, autoAllocateBlocks, maxBlocksPerHost, kubeVirtVMAddressPersistence, ipCooldownSeconds } = config;
  return [
    ...when(!strictAffinity && !autoAllocateBlocks, {
      field: 'autoAllocateBlocks',
      value: 'false',
      rule: 'strict-or-auto',
      message: "Cannot disable 'StrictAffinity' and 'AutoAllocateBlocks' at the same time",
    }),
    ...when(maxBlocksPerHost > 0 && !strictAffinity, {
      field: 'maxBlocksPerHost',
      value: String(maxBlocksPerHost),
      rule: 'limit-needs-strict',
      message: 'MaxBlocksPerHost requires StrictAffinity to be enabled',
    }),
    ...when(!Number.isSafeInteger(maxBlocksPerHost), {
      field: 'maxBlocksPerHost',
      value: String(maxBlocksPerHost),
      rule: 'limit-range',
      message: `maxBlocksPerHost must be a whole number: 0 means ${BLOCKS_PER_HOST_DEFAULT}, a negative one no limit`,
    }),
    ...when(!Number.isInteger(ipCooldownSeconds) || ipCooldownSeconds < 0 || ipCooldownSeconds > COOLDOWN_SECONDS_MAX, {
      field: 'ipCooldownSeconds',
      value: String(ipCooldownSeconds),
      rule: 'cooldown-range',
      message: `ipCooldownSeconds must be a whole number between 0 and ${COOLDOWN_SECONDS_MAX}`,
    }),
    ...(kubeVirtVMAddressPersistence === undefined
      ? []
      : oneOf('kubeVirtVMAddressPersistence', kubeVirtVMAddressPersistence, ['Enabled', 'Disabled'])),
  ];
}
