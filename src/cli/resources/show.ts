/** Resources as `get` prints them: calicoctl's columns, and the objects themselves. */

import { valuesOf, valueText } from '../jsonpath/evaluate.ts';
import type { Result } from '../output.ts';
import { paddedTable } from '../table.ts';
import { kindName, type ResourceColumn, type ResourceKind } from './kinds.ts';
import { resourceList, resourceObject, type Stored } from './object.ts';

/** `isList`: print a list also when there is only one. */
export function resourcesResult(kind: ResourceKind, resources: readonly Stored[], isList: boolean): Result {
  const [first] = resources;
  return {
    value: isList || first === undefined ? resourceList(kindName(kind), resources) : resourceObject(kindName(kind), first),
    text: () => table(kind, resources, narrowColumns(kind, resources)),
    wide: () => table(kind, resources, kind.columns),
    columns: Object.fromEntries(kind.columns.map(({ heading, template }) => [heading, template])),
  };
}

/** calicoctl's, and to their right what one of the rows makes worth telling: scripts find their columns where they were. */
function narrowColumns({ columns }: ResourceKind, resources: readonly Stored[]): readonly ResourceColumn[] {
  const told = columns.filter(({ wide, isTold }) => wide && isTold !== undefined && resources.some(isTold));
  return [...columns.filter(({ wide }) => !wide), ...told];
}

function table(kind: ResourceKind, resources: readonly Stored[], columns: readonly ResourceColumn[]): string {
  if (resources.length === 0) return kind.none;
  const rows = resources.map((resource) => columns.map((column) => cellOf(column, kind, resource)));
  return paddedTable(
    columns.map(({ heading }) => ({ heading })),
    rows,
  );
}

function cellOf({ template, text }: ResourceColumn, kind: ResourceKind, resource: Stored): string {
  if (text) return text(resource);
  const values = valuesOf(template, resourceObject(kindName(kind), resource));
  return values
    .flatMap((value) => (Array.isArray(value) ? value : [value]))
    .map(valueText)
    .join(',');
}
