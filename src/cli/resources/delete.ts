/** Deleting resources: each by its own rules, one after the other; what cannot be deleted does not keep the others. */
import type { PoolResource } from '../../ipam/api.ts';
import { brokenOff } from '../../ipam/broken-off.ts';
import { IpamError } from '../../ipam/errors.ts';
import type { Cli } from '../cli.ts';
import type { DestructiveOptions } from '../confirm.ts';
import { Refusal } from '../errors.ts';
import { printResult, type Result } from '../output.ts';
import { deleteNode } from './delete-node.ts';
import { deletePool, type PoolDeleteOptions } from './delete-pool.ts';
import type { Deleted, Deleting } from './deletion.ts';
import { kindName, type ResourceKind } from './kinds.ts';
import { notThere } from './select.ts';

export interface Target {
  readonly kind: ResourceKind;
  readonly name: string;
  readonly resourceVersion: string | undefined;
}

export interface DeleteOptions extends DestructiveOptions, PoolDeleteOptions {
  readonly skipNotExists?: true;
}

export interface Deletion {
  readonly targets: readonly { readonly target: Target; readonly deleted: Deleted }[];
  readonly failed: readonly { readonly target: Target; readonly error: IpamError | Refusal }[];
}

export async function deleteAll(deleting: Deleting, targets: readonly Target[], options: DeleteOptions): Promise<Deletion> {
  const done: Deletion['targets'][number][] = [];
  const failed: Deletion['failed'][number][] = [];
  for (const target of targets) {
    try {
      done.push({ target, deleted: await deleteOne(deleting, target, options) });
    } catch (error) {
      const isTold = error instanceof Refusal || error instanceof IpamError;
      if (!isTold || deleting.cli.terminal.signal.aborted) throw endedAt(error, done.length, targets.length);
      failed.push({ target, error });
    }
  }
  return { targets: done, failed };
}

function endedAt(error: unknown, count: number, total: number): unknown {
  return total === 1
    ? error
    : brokenOff(error, `${count} of ${total} resources were done before that. The same again with --skip-not-exists goes on.`);
}

async function deleteOne(deleting: Deleting, target: Target, options: DeleteOptions): Promise<Deleted> {
  const { kind, name, resourceVersion } = target;
  const { cli, ipam } = deleting;
  const client = kind.client(ipam);
  const stored = await client.get(name, cli.call());
  if (stored === undefined && options.skipNotExists) return { outcome: 'absent' };
  if (stored === undefined) throw notThere(kind, [name]);
  const version = resourceVersion === undefined ? {} : { resourceVersion };
  const dryRun = options.dryRun === true;
  switch (kind.word) {
    case 'ippool':
      return deletePool(deleting, stored as PoolResource, { name, ...version }, options);
    case 'node':
      return deleteNode(deleting, { name, ...version }, options);
    default:
      await client.delete({ name, resourceVersion: stored.resourceVersion, ...version, dryRun, ...cli.call() });
      return { outcome: 'deleted' };
  }
}

/** Prints what was deleted, then throws for what was not. */
export async function deletedResult(cli: Cli, { dryRun }: DestructiveOptions, { targets, failed }: Deletion): Promise<void> {
  if (targets.length > 0) await printResult(cli, resultOf(targets, dryRun === true));
  const [first] = failed;
  if (!first) return;
  if (targets.length + failed.length === 1) throw first.error;
  const told = failed.map(({ target, error }) => `${target.kind.word} ${target.name}: ${error.message.replace(/\.$/, '')}`).join('; ');
  throw new Refusal(first.error.code, `${failed.length} of ${targets.length + failed.length} resources not deleted. ${told}`, {
    failed: failed.map(({ target, error }) => ({
      kind: kindName(target.kind),
      name: target.name,
      code: error.code,
      message: error.message,
    })),
  });
}

function resultOf(targets: Deletion['targets'], dryRun: boolean): Result {
  const values = targets.map(({ target, deleted }) => ({
    kind: kindName(target.kind),
    name: target.name,
    deleted: deleted.outcome === 'deleted' && !dryRun,
    ...(deleted.outcome !== 'deleted' && { [deleted.outcome]: true }),
    ...(dryRun && { dryRun }),
    ...deleted.facts,
  }));
  const count = targets.filter(({ deleted }) => deleted.outcome === 'deleted').length;
  const kinds = [...new Set(targets.map(({ target }) => kindName(target.kind)))];
  const told = targets.map(({ target, deleted }) => {
    const outcome = deleted.outcome === 'absent' ? 'was not there' : deleted.outcome;
    return `${target.kind.word} ${target.name} ${outcome}${dryRun ? ' (dry run)' : ''}${deleted.note ? `; ${deleted.note}` : ''}`;
  });
  return {
    value: values.length === 1 ? values[0] : { items: values },
    text: () =>
      [
        ...told,
        ...(count > 0 && !dryRun ? [`Successfully deleted ${count} ${kinds.length === 1 ? `'${kinds[0]}' ` : ''}resource(s)`] : []),
      ].join('\n'),
  };
}
