import { describe, expect, it } from 'vitest';
import { paddedTable } from '../../src/cli/table.ts';

describe('paddedTable', () => {
  it('pads with three blanks and leaves none at line ends', () => {
    const table = paddedTable(
      [{ heading: 'NAME' }, { heading: 'N', alignRight: true }, { heading: 'LABELS' }],
      [
        ['worker-1', '7', ''],
        ['w', '12', 'rack=r1'],
      ],
    );
    expect(table.split('\n')).toEqual(['NAME       N    LABELS', 'worker-1    7', 'w          12   rack=r1']);
  });
});
