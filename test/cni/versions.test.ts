import { describe, expect, it } from 'vitest';
import { isAtLeast, requireVerb, SUPPORTED_VERSIONS, versionOf } from '../../src/cni/versions.ts';
import { openBed } from './bed.ts';

describe('versions', () => {
  it('are those of the specification from 0.1.0 to 1.1.0', async () => {
    expect(SUPPORTED_VERSIONS).toEqual(['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0']);
    for (const version of SUPPORTED_VERSIONS) expect(versionOf(version)).toBe(version);
  });

  it.each([undefined, null, ''])('%j is 0.1.0, which had no such member', (written) => {
    expect(versionOf(written)).toBe('0.1.0');
  });

  it('are compared by age, not as text', () => {
    expect([isAtLeast('1.0.0', '0.4.0'), isAtLeast('0.4.0', '0.4.0'), isAtLeast('0.3.1', '0.4.0')]).toEqual([true, true, false]);
  });

  it.each([
    ['CHECK', '0.3.1', '0.4.0'],
    ['GC', '1.0.0', '1.1.0'],
    ['STATUS', '1.0.0', '1.1.0'],
  ] as const)('%s does not exist in %s and does in %s', (verb, before, since) => {
    expect(() => requireVerb(verb, before)).toThrow(`${verb} does not exist in CNI ${before}`);
    expect(() => requireVerb(verb, since)).not.toThrow();
    for (const other of ['ADD', 'DEL']) expect(() => requireVerb(other, '0.1.0')).not.toThrow();
  });

  it.each([
    ['{"cniVersion":"0.4.0"}', '0.4.0'],
    ['{"cniVersion":"9.9.9"}', '1.1.0'],
    ['{}', '1.1.0'],
  ])('VERSION answers %s in the version that was asked in, when that is known', async (stdin, cniVersion) => {
    const { stdout, exitCode } = await (await openBed()).run('VERSION', { stdin, env: { CNI_PATH: undefined } });
    expect([exitCode, JSON.parse(stdout)]).toEqual([0, { cniVersion, supportedVersions: SUPPORTED_VERSIONS }]);
  });

  it('VERSION answers without a configuration, with nothing asked of the store', async () => {
    const bed = await openBed();
    const { stdout, exitCode, calls } = await bed.run('VERSION', { stdin: 'no JSON', env: { CNI_PATH: undefined } });
    expect([exitCode, JSON.parse(stdout), calls]).toEqual([0, { cniVersion: '1.1.0', supportedVersions: SUPPORTED_VERSIONS }, []]);
  });

  it.each([
    ['1.2.0', 1, ['"1.2.0"', SUPPORTED_VERSIONS.join(', ')]],
    ['1.1', 1, ['"1.1"']],
    [1.1, 7, ['cniVersion', 'not a text']],
    [{}, 7, ['cniVersion']],
  ])('the configuration %j is refused with code %d by every verb, and says what there is', async (cniVersion, code, words) => {
    const bed = await openBed();
    for (const verb of ['ADD', 'DEL', 'CHECK', 'GC']) {
      const error = await bed.refused(verb, { conf: { cniVersion } });
      expect(error).toMatchObject({ cniVersion: '1.1.0', code });
      for (const word of words) expect(`${error.msg} ${error.details}`).toContain(word);
    }
  });

  it.each([
    ['CHECK', '0.3.1'],
    ['GC', '1.0.0'],
    ['STATUS', '1.0.0'],
  ])('%s with cniVersion %s: code 1 in an error of that version', async (verb, cniVersion) => {
    const bed = await openBed();
    const { calls, stdout, exitCode } = await bed.run(verb, { conf: { cniVersion } });
    expect([exitCode, JSON.parse(stdout), calls]).toEqual([1, expect.objectContaining({ cniVersion, code: 1 }), []]);
  });
});
