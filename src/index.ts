/**
 * plat-ipam: cluster-wide block-affinity IPAM over etcd or an embedded store.
 *
 * ```ts
 * const ipam = openIpam({ store: await openStore('lmdb:/var/lib/plat') });
 * await ipam.pools.create({ name: 'pods', spec: { cidr: '10.0.0.0/16' } });
 * const { v4 } = await ipam.autoAssign({ host: 'node-1', handle: 'pod-1', num4: 1, registerNode: true });
 * ```
 */
export type * from './ipam/api.ts';
export { IpamError, type IpamErrorCode } from './ipam/errors.ts';
export { type OpenOptions, openIpam } from './ipam/open.ts';
export { type Clock, systemClock } from './platform/clock.ts';
export type { Logger } from './platform/log.ts';
export { openStore, StoreUrlError } from './store/open.ts';
export { type Store, StoreError, type StoreErrorCode } from './store/port.ts';
