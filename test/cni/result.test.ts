import { describe, expect, it } from 'vitest';
import { addressesOfResult, resultText, routesOf } from '../../src/cni/result.ts';
import { SUPPORTED_VERSIONS } from '../../src/cni/versions.ts';
import { cidr } from '../support/records.ts';
import { openBed } from './bed.ts';

const V4 = { ip: '10.0.0.66', subnet: cidr('10.0.0.64/26'), gateway: '10.0.0.65' };
const V6 = { ip: 'fd00::42', subnet: cidr('fd00::40/122'), gateway: undefined };
const ROUTES = [{ dst: '0.0.0.0/0', gw: '10.0.0.65', mtu: 1_400, priority: 0, note: 'not of the specification' }, { dst: 'fd00::/64' }];
const DNS = { nameservers: ['10.96.0.10'] };

describe('resultText', () => {
  it('of 1.1.0, as it is printed', () => {
    expect(resultText('1.1.0', { addresses: [V4, V6], routes: ROUTES, dns: DNS })).toBe(`{
    "cniVersion": "1.1.0",
    "ips": [
        {
            "address": "10.0.0.66/26",
            "gateway": "10.0.0.65"
        },
        {
            "address": "fd00::42/122"
        }
    ],
    "routes": [
        {
            "dst": "0.0.0.0/0",
            "gw": "10.0.0.65",
            "mtu": 1400,
            "priority": 0
        },
        {
            "dst": "fd00::/64"
        }
    ],
    "dns": {
        "nameservers": [
            "10.96.0.10"
        ]
    }
}`);
  });

  it('of 1.0.0: routes have no more than destination and gateway; empty parts are left out', () => {
    expect(JSON.parse(resultText('1.0.0', { addresses: [V6], routes: ROUTES, dns: {} }))).toEqual({
      cniVersion: '1.0.0',
      ips: [{ address: 'fd00::42/122' }],
      routes: [{ dst: '0.0.0.0/0', gw: '10.0.0.65' }, { dst: 'fd00::/64' }],
    });
    expect(JSON.parse(resultText('1.0.0', { addresses: [V6], routes: [], dns: {} }))).toEqual({
      cniVersion: '1.0.0',
      ips: [{ address: 'fd00::42/122' }],
    });
  });

  it.each(['0.3.0', '0.3.1', '0.4.0'] as const)('of %s: each address says its family, dns is always there', (version) => {
    expect(resultText(version, { addresses: [V4, V6], routes: ROUTES.slice(0, 1), dns: {} })).toBe(`{
    "cniVersion": "${version}",
    "ips": [
        {
            "version": "4",
            "address": "10.0.0.66/26",
            "gateway": "10.0.0.65"
        },
        {
            "version": "6",
            "address": "fd00::42/122"
        }
    ],
    "routes": [
        {
            "dst": "0.0.0.0/0",
            "gw": "10.0.0.65"
        }
    ],
    "dns": {}
}`);
  });

  it.each(['0.1.0', '0.2.0'] as const)('of %s: one address of each family, with the routes of its family', (version) => {
    expect(resultText(version, { addresses: [V4, V6], routes: ROUTES, dns: DNS })).toBe(`{
    "cniVersion": "${version}",
    "ip4": {
        "ip": "10.0.0.66/26",
        "gateway": "10.0.0.65",
        "routes": [
            {
                "dst": "0.0.0.0/0",
                "gw": "10.0.0.65"
            }
        ]
    },
    "ip6": {
        "ip": "fd00::42/122",
        "routes": [
            {
                "dst": "fd00::/64"
            }
        ]
    },
    "dns": {
        "nameservers": [
            "10.96.0.10"
        ]
    }
}`);
  });

  it.each(SUPPORTED_VERSIONS)('of %s is what ADD answers, and CHECK reads back', async (cniVersion) => {
    const bed = await openBed({ pools: ['10.0.0.0/26', 'fd00::/122'] });
    const call = { conf: { cniVersion }, ipam: { assign_ipv6: 'true', gateway: 'pool', routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }] } };
    const { stdout } = await bed.run('ADD', call);
    const expected = {
      addresses: [
        { ip: '10.0.0.2', subnet: cidr('10.0.0.0/26'), gateway: '10.0.0.1' },
        { ip: 'fd00::2', subnet: cidr('fd00::/122'), gateway: 'fd00::1' },
      ],
      routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
      dns: {},
    };
    expect(stdout).toBe(resultText(cniVersion, expected));
    expect(addressesOfResult(JSON.parse(stdout))).toEqual(['10.0.0.2', 'fd00::2']);
  });
});

describe('SS-92 results of 0.1.0 and 0.2.0 with two addresses of a family', () => {
  it.each<[string, object, object]>([
    ['two range sets', { ranges: [[{ subnet: '10.1.0.0/24' }], [{ subnet: '10.2.0.0/24' }]] }, {}],
    ['two given addresses of one set', { subnet: '10.1.0.0/24' }, { runtimeConfig: { ips: ['10.1.0.7', '10.1.0.8'] } }],
    ['two given addresses of a pool', {}, { runtimeConfig: { ips: ['10.0.0.7', '10.0.0.8'] } }],
  ])('%s: code 7, and nothing is assigned', async (_, ipam, conf) => {
    const bed = await openBed();
    for (const cniVersion of ['0.2.0', '']) {
      const error = await bed.refused('ADD', { ipam: { ...ipam }, conf: { ...conf, cniVersion } });
      expect(error).toMatchObject({
        code: 7,
        msg: expect.stringContaining('two IPv4 addresses'),
        details: expect.stringContaining('0.3.0'),
      });
    }
    expect((await bed.ok('ADD', { ipam: { ...ipam }, conf: { ...conf, cniVersion: '0.3.0' } }))?.ips).toHaveLength(2);
  });

  it('one of each family is not too many', async () => {
    const bed = await openBed();
    const { exitCode } = await bed.run('ADD', {
      conf: { cniVersion: '0.2.0' },
      ipam: { ranges: [[{ subnet: '10.1.0.0/24' }], [{ subnet: 'fd01::/64' }]] },
    });
    expect(exitCode).toBe(0);
  });
});

describe('addressesOfResult', () => {
  it.each<[unknown, string[] | undefined]>([
    [{ ips: [{ address: '10.0.0.2/24' }, { address: 'FD00::2/64' }] }, ['10.0.0.2', 'fd00::2']],
    [{ ip4: { ip: '10.0.0.2/24' }, ip6: { ip: 'fd00::2/64' } }, ['10.0.0.2', 'fd00::2']],
    [{}, []],
    [{ ips: [] }, []],
    [{ ips: [{ address: '10.0.0.2' }] }, ['10.0.0.2']],
    [{ ips: [{ address: 'x/24' }] }, undefined],
    [{ ips: [{}] }, undefined],
    [{ ips: ['10.0.0.2/24'] }, undefined],
    [{ ips: {} }, undefined],
    [{ ip4: {} }, undefined],
    [[], undefined],
    ['text', undefined],
    [7, undefined],
  ])('of %j are %j', (result, expected) => {
    expect(addressesOfResult(result)).toEqual(expected);
  });
});

describe('routesOf', () => {
  it.each([
    [{ dst: '10.0.0.7/24' }, '10.0.0.7/24'],
    [{ dst: 'default' }, 'default'],
    [{ dst: '0.0.0.0/0', gw: '10.0.0.1/24' }, '10.0.0.1/24'],
  ])('refuses %j by name, before anything is assigned', async (route, word) => {
    expect(() => routesOf([route])).toThrow(expect.objectContaining({ code: 7, message: expect.stringContaining(word) }));
    expect((await (await openBed()).refused('ADD', { ipam: { routes: [route] } })).code).toBe(7);
  });

  it('takes none', () => {
    expect([routesOf(undefined), routesOf(null), routesOf([])]).toEqual([[], [], []]);
  });
});
