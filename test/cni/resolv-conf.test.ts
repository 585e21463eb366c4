import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dnsOf, parseResolvConf } from '../../src/cni/resolv-conf.ts';
import { temporaryFolder } from '../support/folder.ts';
import { openBed } from './bed.ts';

describe('resolvConf', () => {
  it.each([
    ['', {}],
    ['# nameserver 1.1.1.1\n; nameserver 2.2.2.2\n\n', {}],
    ['nameserver 10.96.0.10\nnameserver  fd00::a  \n', { nameservers: ['10.96.0.10', 'fd00::a'] }],
    ['domain a.example\ndomain b.example', { domain: 'b.example' }],
    ['search a.example\nsearch b.example c.example\r\n', { search: ['b.example', 'c.example'] }],
    ['options ndots:5\noptions edns0 trust-ad', { options: ['ndots:5', 'edns0', 'trust-ad'] }],
    ['\tnameserver\t192.0.2.1 # not the second word', { nameservers: ['192.0.2.1'] }],
    ['sortlist 10.0.0.0\nnameservers 1.1.1.1\nNAMESERVER 1.1.1.1', {}],
    ['nameserver\nsearch\noptions', {}],
  ])('SS-91 reads %j', (text, dns) => {
    expect(parseResolvConf(text)).toEqual(dns);
  });

  it('SS-91 goes into the result of ADD; without one the result has no name servers', async () => {
    const bed = await openBed();
    const file = join(await temporaryFolder(), 'resolv.conf');
    await writeFile(file, 'nameserver 10.96.0.10\nsearch a.example\n');
    expect((await bed.ok('ADD', { ipam: { resolvConf: file } }))?.dns).toEqual({ nameservers: ['10.96.0.10'], search: ['a.example'] });
    expect([dnsOf(undefined), dnsOf('')]).toEqual([{}, {}]);
    expect((await bed.ok('ADD'))?.dns).toBeUndefined();
    expect((await bed.ok('ADD', { conf: { cniVersion: '0.4.0' } }))?.dns).toEqual({});
  });

  it('SS-91 a file that is not there: code 5 with its name, and nothing is assigned', async () => {
    const bed = await openBed();
    const error = await bed.refused('ADD', { ipam: { resolvConf: '/no/such/resolv.conf' } });
    expect(error).toMatchObject({
      code: 5,
      msg: expect.stringContaining('/no/such/resolv.conf'),
      details: expect.stringContaining('resolvConf'),
    });
  });
});
