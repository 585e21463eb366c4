/** What may be left when every call has ended and every handle was released: nothing that nobody knows of. */
import type { Operation } from '../operation.ts';
import type { Checks } from './checks.ts';
import { holdsOf } from './hold.ts';
import { must } from './violation.ts';

export function checkAtRest({ mirror, handles }: Checks, operations: ReadonlyMap<string, Operation>): void {
  for (const operation of operations.values())
    must(operation.answer !== undefined, 'liveness', () => `${operation.id} (${operation.label}) was never answered`);
  for (const block of mirror.blocks.values()) {
    for (const { ip, handle, operation: id } of holdsOf(block).values()) {
      const operation = operations.get(id ?? '');
      if (operation?.process.writer !== 'plat' || (handle !== undefined && handles.isForeign(handle))) continue;
      must(handle === undefined, 'I8', () => `${ip} is held under ${handle} for ${id}, although the handle was released`);
    }
  }
  for (const id of mirror.handles.keys()) must(handles.isForeign(id), 'I3', () => `handle ${id} is left over, although it was released`);
}
