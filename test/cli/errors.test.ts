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

  it('is told of an operation of several changes also when the last one is in doubt; of a single one the doubt is', () => {
    const progress = 'At least 3 of 9 keys are there; the same again goes on.';
    const doubt = (details: Readonly<Record<string, unknown>>) => new IpamError('outcome-unknown', 'who knows.', { details });
    expect(failureOf(doubt({ progress }), 'plat --help', true)).toMatchObject({
      code: 'aborted',
      exitCode: 130,
      message: expect.stringMatching(/^interrupted\. .* At least 3 of 9 keys/),
    });
    expect(failureOf(doubt({ progress }), 'plat --help', false)).toMatchObject({ code: 'outcome-unknown', exitCode: 1 });
    expect(failureOf(doubt({}), 'plat --help', true)).toMatchObject({ code: 'outcome-unknown', exitCode: 1 });
  });
});
