import { describe, expect, it } from 'vitest';
import { toJson } from '../../src/cli/output.ts';
import { IpamError } from '../../src/ipam/errors.ts';

describe('toJson', () => {
  it('gives integers as numbers, and as strings where a number would round them', () => {
    expect(JSON.parse(toJson({ small: 5n, large: 2n ** 80n }))).toEqual({ small: 5, large: '1208925819614629174706176' });
  });

  it('gives the errors among the details of another with code, message and details, at any depth', () => {
    const inner = new IpamError('wrong-handle', 'held by another.', { details: { ip: '10.0.0.1', sequenceNumber: 7n } });
    const outer = new IpamError('bad-sequence-number', 'changed since.', { details: { refused: [inner] } });
    expect(JSON.parse(toJson({ refused: [outer] }))).toEqual({
      refused: [
        {
          code: 'bad-sequence-number',
          message: 'changed since.',
          details: { refused: [{ code: 'wrong-handle', message: 'held by another.', details: { ip: '10.0.0.1', sequenceNumber: 7 } }] },
        },
      ],
    });
  });
});
