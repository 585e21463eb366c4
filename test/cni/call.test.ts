import { describe, expect, it } from 'vitest';
import { callOf, VERBS } from '../../src/cni/call.ts';
import { CniError } from '../../src/cni/errors.ts';

const FULL = { CNI_CONTAINERID: 'c1', CNI_NETNS: '/run/netns/a', CNI_IFNAME: 'eth0', CNI_PATH: '/opt/cni/bin' };

function refusal(env: Readonly<Record<string, string | undefined>>): CniError {
  try {
    callOf(env);
  } catch (error) {
    if (error instanceof CniError) return error;
  }
  throw new Error('the call was not refused');
}

describe('callOf', () => {
  it('reads container, namespace, interface and arguments', () => {
    const { args, variables, ...call } = callOf({
      HOME: '/root',
      ...FULL,
      CNI_COMMAND: 'ADD',
      CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAME=web-0;IP=10.0.0.1;;IP=10.0.0.2;EMPTY=;X=a=b',
    });
    expect(call).toEqual({ verb: 'ADD', containerId: 'c1', netns: '/run/netns/a', ifname: 'eth0' });
    expect(variables).toEqual({ ...FULL, CNI_COMMAND: 'ADD', CNI_ARGS: expect.any(String) });
    expect(Object.fromEntries(args)).toEqual({ IgnoreUnknown: '1', K8S_POD_NAME: 'web-0', IP: '10.0.0.2', EMPTY: '', X: 'a=b' });
  });

  it.each([
    ['ADD', ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH']],
    ['CHECK', ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH']],
    ['DEL', ['CNI_CONTAINERID', 'CNI_IFNAME', 'CNI_PATH']],
    ['GC', ['CNI_PATH']],
    ['STATUS', ['CNI_PATH']],
    ['VERSION', []],
  ])('SS-01 %s needs %j, and names all that are missing', (verb, required) => {
    const needed = Object.fromEntries(Object.entries(FULL).filter(([name]) => required.includes(name)));
    expect(callOf({ CNI_COMMAND: verb, ...needed })).toMatchObject({
      verb,
      containerId: needed['CNI_CONTAINERID'] ?? '',
      netns: needed['CNI_NETNS'] ?? '',
    });
    for (const name of required) {
      expect(refusal({ CNI_COMMAND: verb, ...needed, [name]: undefined })).toMatchObject({
        code: 4,
        message: expect.stringMatching(`missing: ${name}$`),
      });
      expect(refusal({ CNI_COMMAND: verb, ...needed, [name]: '' })).toMatchObject({
        code: 4,
        details: expect.stringContaining(required.join(', ')),
      });
    }
    if (required.length > 1) expect(refusal({ CNI_COMMAND: verb }).message).toContain(required.join(', '));
  });

  it.each([undefined, '', 'add', 'FROB', 'ADD '])('refuses the command %j and tells those there are', (command) => {
    expect(refusal({ ...FULL, CNI_COMMAND: command })).toMatchObject({ code: 4, details: expect.stringContaining(VERBS.join(', ')) });
  });

  it.each(['-c', '.c', 'a/b', 'a b', 'ä', 'a\n', 'x'.repeat(129), 'a:b'])('refuses the container id %j', (id) => {
    const error = refusal({ ...FULL, CNI_COMMAND: 'ADD', CNI_CONTAINERID: id });
    expect(error).toMatchObject({ code: 4, message: expect.stringContaining('CNI_CONTAINERID') });
    expect(error.message).not.toMatch(/\p{Cc}/u);
    expect(error.message.length).toBeLessThan(150);
  });

  it.each(['0123456789abcdef', '.', '..', 'a/b', 'a:b', 'a b', 'a\tb', 'a\u0000'])('refuses the interface name %j', (name) => {
    expect(refusal({ ...FULL, CNI_COMMAND: 'DEL', CNI_IFNAME: name })).toMatchObject({
      code: 4,
      message: expect.stringContaining('CNI_IFNAME'),
    });
  });

  it.each(['eth0', 'veth-1.100', '0123456789abcde', 'ü'])('takes the interface name %j', (ifname) => {
    expect(callOf({ ...FULL, CNI_COMMAND: 'ADD', CNI_IFNAME: ifname }).ifname).toBe(ifname);
  });

  it('does not look at names that the verb has no use for', () => {
    expect(callOf({ CNI_COMMAND: 'STATUS', CNI_PATH: '/x', CNI_CONTAINERID: '///', CNI_IFNAME: '..' }).verb).toBe('STATUS');
  });

  it.each(['x', '=v', 'A=1;b'])('refuses the arguments %j', (args) => {
    expect(refusal({ ...FULL, CNI_COMMAND: 'ADD', CNI_ARGS: args })).toMatchObject({
      code: 4,
      details: expect.stringContaining('NAME=VALUE'),
    });
  });
});
