import { describe, expect, it } from 'vitest';
import { failureOf } from '../../src/cli/errors.ts';
import { IpamError } from '../../src/ipam/errors.ts';

describe('an interrupt', () => {
  const interrupted = (details: Readonly<Record<string, unknown>>) => failureOf(new IpamError('aborted', 'x', { details }), 'plat --help');

  it('says what an operation of several changes had done', () => {
    const progress = 'Of node a, 2 address(es) were released before that.';
    expect(interrupted({ progress })).toMatchObject({ exitCode: 130, message: expect.stringMatching(/not at all\. Of node a, 2 /) });
    expect(interrupted({}).message).toMatch(/^interrupted\. .* not at all\.$/);
  });
});
