import { describe, expect, it } from 'vitest';
import { runLine, useSession } from './session.ts';

describe('ipam release', () => {
  const { store, ok, run, json, refused } = useSession();

  /** Runs the line at a terminal whose user answers yes once `before` has happened. */
  async function asked(line: string, before: () => Promise<unknown> = async () => undefined) {
    const questions: string[] = [];
    const confirm = async (question: string) => {
      questions.push(question);
      await before();
      return true;
    };
    return { ...(await runLine(['--store', store(), ...line.split(' ')], { confirm })), questions };
  }

  const held = async (handle: string) => {
    await ok('create ippool p --cidr 10.0.0.0/24');
    await ok(`ipam assign --ip 10.0.0.1 --host a --handle ${handle}`);
  };

  it('of an address asks at a terminal and names the holder; in a pipe and with --yes it does not', async () => {
    await held('pod-a');
    const { code, stdout, questions } = await asked('ipam release --ip 10.0.0.1');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Successfully released IP address 10.0.0.1\n' });
    expect(questions).toEqual(['10.0.0.1 (handle pod-a) would be released. Release?']);
    await ok('ipam assign --ip 10.0.0.1 --host a --handle pod-a');
    expect((await asked('ipam release --ip 10.0.0.1 --yes')).questions).toEqual([]);
    await ok('ipam assign --ip 10.0.0.1 --host a --handle pod-a');
    await ok('ipam release --ip 10.0.0.1');
    expect(await asked('ipam release --ip 10.0.0.1')).toMatchObject({
      code: 1,
      questions: [],
      stderr: expect.stringContaining('not assigned'),
    });
  });

  it('RI-02: leaves alone what was assigned anew before the answer', async () => {
    await held('pod-a');
    const anew = async () => {
      await ok('ipam release --ip 10.0.0.1');
      await ok('ipam assign --ip 10.0.0.1 --host a --handle pod-a');
    };
    expect(await asked('ipam release --ip 10.0.0.1', anew)).toMatchObject({ code: 1, stdout: '' });
    expect(await asked('ipam release --handle pod-a', anew)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining("handle 'pod-a' holds 10.0.0.1 since. Nothing was done"),
    });
    expect(await ok('ipam show --ip 10.0.0.1')).toContain('is in use');
  });

  it('of a handle asks at a terminal, is refused when it holds more by then, and finds it done the second time', async () => {
    await held('pod-a');
    const more = () => ok('ipam assign --ip 10.0.0.9 --host a --handle pod-a');
    expect(await asked('ipam release --handle pod-a', more)).toMatchObject({ code: 1, stderr: expect.stringContaining('10.0.0.9 since') });
    const { stdout, questions } = await asked('ipam release --handle pod-a');
    expect(stdout).toContain("2 addresses of handle 'pod-a' released");
    expect(questions).toEqual(['10.0.0.1 (handle pod-a), 10.0.0.9 (handle pod-a) would be released. Release?']);
    expect(await asked('ipam release --handle pod-a')).toMatchObject({ code: 0, questions: [], stdout: "handle 'pod-a' holds nothing\n" });
  });

  it('--dry-run says what would be released, and releases nothing', async () => {
    await held('pod-a');
    expect(await ok('ipam release --ip 10.0.0.1 --ip 10.0.0.2 --dry-run')).toBe(
      'Would release IP address 10.0.0.1 (handle pod-a)\n10.0.0.2 is not assigned\n',
    );
    expect(await json('ipam release --handle pod-a --dry-run')).toEqual({
      handle: 'pod-a',
      found: true,
      wouldRelease: [{ ip: '10.0.0.1', handle: 'pod-a' }],
      dryRun: true,
    });
    expect(await ok('ipam release --handle nosuch --dry-run')).toBe("handle 'nosuch' holds nothing\n");
    expect(await refused('ipam release --ip 10.0.0.2 --dry-run')).toContain('is not assigned');
    expect(await ok('ipam show --ip 10.0.0.1')).toContain('is in use');
    expect((await run('ipam release --ip 10.0.0.1 --force')).code).toBe(2);
  });
});

describe('ipam split', () => {
  const { store, ok } = useSession();

  it('asks at a terminal, and is refused when the pool changed before the answer', async () => {
    await ok('create ippool p --cidr 10.0.0.0/24');
    const line = ['--store', store(), 'ipam', 'split', '2', '--name', 'p'];
    const questions: string[] = [];
    const answer = (yes: boolean, before: () => Promise<unknown> = async () => undefined) => ({
      confirm: async (question: string) => {
        questions.push(question);
        await before();
        return yes;
      },
    });
    expect(await runLine(line, answer(false))).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('Nothing was done') });
    const changed = await runLine(
      line,
      answer(true, () => ok('patch ippool p -p', '{"spec":{"natOutgoing":true}}')),
    );
    expect(changed).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('changed since it was read') });
    expect(await ok('get ippools -o name')).toBe('ippool/p\n');
    expect(await runLine([...line, '--dry-run'], answer(true))).toMatchObject({ code: 0 });
    expect(await runLine([...line, '--yes'], answer(false))).toMatchObject({ code: 0 });
    expect(questions).toHaveLength(2);
    expect(questions[0]).toMatch(
      /IP pool 'p' \(10\.0\.0\.0\/24\) would be replaced by 2 pools, split-p-0 \(10\.0\.0\.0\/25\) and so on\. Split it\?$/,
    );
    expect(await ok('get ippools -o name')).toBe('ippool/split-p-0\nippool/split-p-1\n');
  });
});
