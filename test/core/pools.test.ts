import { describe, expect, it } from 'vitest';
import { type PoolChoice, type PoolQuery, selectPools } from '../../src/core/pools.ts';
import type { AllowedUse, Pool } from '../../src/core/records.ts';
import type { Labels } from '../../src/core/selector.ts';
import { jsonObject, pool } from '../support/records.ts';

function choose(pools: readonly Pool[], query: Partial<PoolQuery> = {}): PoolChoice {
  return selectPools({ pools, family: 4, nodeLabels: {}, use: 'Workload', ...query });
}

/** Names of the chosen pools in order, or the kind of refusal. */
function outcome(choice: PoolChoice): readonly string[] | string {
  return choice.kind === 'pools' ? choice.pools.map(({ name }) => name) : choice.kind;
}

function verdicts(choice: PoolChoice): Record<string, string> {
  return Object.fromEntries(choice.considered.map(({ pool: name, verdict }) => [name, verdict]));
}

const disabled = { disabled: true, object: jsonObject({ spec: jsonObject({ disabled: true }) }) };

describe('explicit and automatic choice', () => {
  it('PL-01 takes enabled pools of the family in the order of the store', () => {
    const pools = [pool('a', '10.0.0.0/24'), pool('b', 'fd00::/120'), pool('c', '10.1.0.0/24', disabled), pool('d', '10.2.0.0/24')];
    const choice = choose(pools);
    expect(outcome(choice)).toEqual(['a', 'd']);
    expect(choice.considered).toEqual([
      { pool: 'a', cidr: '10.0.0.0/24', verdict: 'eligible', reason: 'may be used' },
      { pool: 'b', cidr: 'fd00::/120', verdict: 'other-family', reason: 'is an IPv6 pool' },
      { pool: 'c', cidr: '10.1.0.0/24', verdict: 'disabled', reason: 'is disabled' },
      { pool: 'd', cidr: '10.2.0.0/24', verdict: 'eligible', reason: 'may be used' },
    ]);
    expect(outcome(choose(pools, { family: 6 }))).toEqual(['b']);
  });

  it('PL-22 keeps the byte order of names that the store gives', () => {
    const names = ['p', 'p-b', 'p.a', 'p10', 'p2'];
    expect(outcome(choose(names.map((name, index) => pool(name, `10.${index}.0.0/24`))))).toEqual(names);
  });

  const two = [pool('pool1', '10.0.0.0/24'), pool('pool2', '20.0.0.0/24')];

  it('PL-02, PL-20 take requested pools in request order, by network or by name', () => {
    expect(outcome(choose(two, { requested: ['20.0.0.0/24', '10.0.0.0/24'] }))).toEqual(['pool2', 'pool1']);
    expect(outcome(choose(two, { requested: ['10.0.0.77/24'] }))).toEqual(['pool1']);
    expect(outcome(choose(two, { requested: ['pool2'] }))).toEqual(['pool2']);
    expect(outcome(choose(two, { requested: [] }))).toEqual(['pool1', 'pool2']);
  });

  it('AA-35 keeps a pool that is requested twice twice', () => {
    expect(outcome(choose(two, { requested: ['10.0.0.0/24', 'pool2', 'pool1'] }))).toEqual(['pool1', 'pool2', 'pool1']);
  });

  it('PL-02 refuses the whole request for one missing, disabled or too small pool and names each', () => {
    const pools = [...two, pool('pool3', '30.0.0.0/24', disabled), pool('pool4', '40.0.0.0/24', { blockSize: 31 })];
    const choice = choose(pools, {
      requested: ['pool1', '50.0.0.0/24', '30.0.0.0/24', 'nosuch', 'pool4'],
      minBlockAddresses: 5,
    });
    expect(choice).toMatchObject({
      kind: 'pool-not-found',
      missing: [
        { requested: '50.0.0.0/24', reason: 'is the CIDR of no pool' },
        { requested: '30.0.0.0/24', reason: 'is disabled' },
        { requested: 'nosuch', reason: 'is the name of no pool' },
        { requested: 'pool4', reason: 'has blocks of 2 addresses, where at least 5 are needed' },
      ],
    });
    expect(verdicts(choice)).toEqual({ pool1: 'eligible', pool2: 'not-requested', pool3: 'disabled', pool4: 'block-too-small' });
  });

  it('AA-05, PL-02 answer no-pool when no pool of the family is enabled, requested or not', () => {
    const pools = [pool('pool1', '10.0.0.0/24', disabled), pool('pool6', 'fd00::/64')];
    expect(outcome(choose(pools))).toBe('no-pool');
    expect(outcome(choose(pools, { requested: ['10.0.0.0/24'] }))).toBe('no-pool');
    expect(outcome(choose(pools, { requested: ['nosuch'] }))).toBe('no-pool');
    expect(outcome(choose([]))).toBe('no-pool');
  });

  it.each<[4 | 6, string[], string[]]>([
    [4, ['10.0.0.0/24', 'fd00::/64'], ['fd00::/64']],
    [4, ['fd99::/64', 'pool6'], ['fd99::/64', 'pool6']],
    [6, ['10.0.0.0/24'], ['10.0.0.0/24']],
    [6, ['pool6', 'pool4'], ['pool4']],
  ])('AA-03, PL-20 refuse pools of the other family: IPv%i, %o', (family, requested, wrong) => {
    const pools = [pool('pool4', '10.0.0.0/24'), pool('pool6', 'fd00::/64')];
    const choice = choose(pools, { family, requested });
    expect(choice).toMatchObject({ kind: 'wrong-family', requested: wrong });
    expect(choice.considered).toHaveLength(2);
  });

  it('AA-03 comes before AA-05', () => {
    expect(outcome(choose([], { requested: ['fd00::/64'] }))).toBe('wrong-family');
  });
});

describe('allowed uses', () => {
  const workload = pool('w', '192.168.2.0/24', { blockSize: 32, allowedUses: ['Workload'] });
  const tunnel = pool('t', '192.168.3.0/24', { blockSize: 32, allowedUses: ['Tunnel'] });

  it.each<[Pool[], AllowedUse, string[], string[] | string]>([
    [[tunnel, workload], 'Workload', ['192.168.3.0/24'], 'none-for-use'],
    [[tunnel, workload], 'Workload', ['192.168.2.0/24'], ['w']],
    [[tunnel, workload], 'Workload', [], ['w']],
    [[tunnel], 'Workload', [], 'none-for-use'],
    [[tunnel, workload], 'Tunnel', ['192.168.3.0/24'], ['t']],
    [[tunnel, workload], 'Workload', ['192.168.3.0/24', '192.168.2.0/24'], ['w']],
    [[pool('d', '10.0.0.0/24')], 'LoadBalancer', [], 'none-for-use'],
  ])('PL-05, PL-06 case %#', (pools, use, requested, expected) => {
    expect(outcome(choose(pools, { use, requested }))).toEqual(expected);
  });

  it('PL-05 says what the pool allows', () => {
    expect(choose([tunnel]).considered[0]).toMatchObject({ verdict: 'use-not-allowed', reason: 'allows Tunnel, not Workload' });
  });
});

describe('node selectors', () => {
  const FOO_IS = 'foo == "bar"';
  const FOO_IS_NOT = 'foo != "bar"';
  const families = [
    { family: 4, cidr1: '10.0.0.1/24', cidr2: '20.0.0.0/24', ask1: '10.0.0.0/24', ask2: '20.0.0.0/24' },
    {
      family: 6,
      cidr1: '5001:0000:0000:001a:0000:0000:0000:0000/64',
      cidr2: '5001:0:0:1b::/64',
      ask1: '5001:0:0:1a::/64',
      ask2: '5001:0:0:1b::/64',
    },
  ] as const;

  it.each<[boolean, string, string, string, string[] | string]>([
    [true, '', '', '', ['p1', 'p2']],
    [true, '', '', 'p1', ['p1']],
    [true, FOO_IS, FOO_IS_NOT, '', ['p1']],
    [true, FOO_IS, FOO_IS_NOT, 'p1', ['p1']],
    [true, FOO_IS_NOT, 'all()', '', ['p2']],
    [true, FOO_IS_NOT, '', 'p1', ['p1']],
    [true, FOO_IS, '', 'p2', ['p2']],
    [false, '', '', '', ['p2']],
    [false, '', '', 'p1', 'pool-not-found'],
    [false, '', '', 'p2', ['p2']],
    [false, '', FOO_IS, '', ['p2']],
    [false, '', FOO_IS, 'p2', ['p2']],
    [false, '', FOO_IS_NOT, '', 'none-for-node'],
    [false, '', FOO_IS_NOT, 'p2', ['p2']],
  ])('PL-07 p1 on %s, selectors %j and %j, requested %j: %o', (isOn, selector1, selector2, asked, expected) => {
    for (const { family, cidr1, cidr2, ask1, ask2 } of families) {
      const pools = [pool('p1', cidr1, { nodeSelector: selector1, disabled: !isOn }), pool('p2', cidr2, { nodeSelector: selector2 })];
      const requested = asked === '' ? [] : [asked === 'p1' ? ask1 : ask2];
      expect(outcome(choose(pools, { family, nodeLabels: { foo: 'bar' }, requested }))).toEqual(expected);
    }
  });

  it('PL-04, PL-19 refuse when no pool selects the node, and say which selectors did not', () => {
    const choice = choose([pool('p', '10.0.0.0/30', { nodeSelector: "rack == 'r1'" })], { nodeLabels: { rack: 'r2' } });
    expect(choice).toMatchObject({
      kind: 'none-for-node',
      considered: [{ verdict: 'node-selector', reason: "has the nodeSelector rack == 'r1', which this node's labels do not match" }],
    });
  });

  it('PL-14 never adds a pool that does not select the node', () => {
    const pools = [pool('p1', '10.0.0.0/24', { nodeSelector: FOO_IS }), pool('p2', '20.0.0.0/24', { nodeSelector: FOO_IS_NOT })];
    expect(outcome(choose(pools, { nodeLabels: { foo: 'bar' } }))).toEqual(['p1']);
  });
});

describe('namespace selectors', () => {
  const uses = { allowedUses: ['Workload'] as const };
  const PRODUCTION = "environment == 'production'";

  it.each<[string, string, Labels, Labels | undefined, boolean]>([
    ['', '', {}, undefined, true],
    ['', PRODUCTION, {}, { environment: 'production' }, true],
    ['', PRODUCTION, {}, { environment: 'development' }, false],
    ["zone == 'us-west'", PRODUCTION, { zone: 'us-west' }, { environment: 'production' }, true],
    ["zone == 'us-west'", PRODUCTION, { zone: 'us-west' }, { environment: 'development' }, false],
    ["zone == 'us-west'", PRODUCTION, { zone: 'us-east' }, { environment: 'production' }, false],
    ['', `${PRODUCTION} && tier == 'frontend'`, {}, { environment: 'production', tier: 'frontend' }, true],
    ['', `${PRODUCTION} && tier == 'frontend'`, {}, { environment: 'production', tier: 'backend' }, false],
  ])(
    'PL-08 node selector %j, namespace selector %j, labels %o and %o: %s',
    (nodeSelector, namespaceSelector, nodeLabels, labels, isUsed) => {
      const choice = choose([pool('p', '10.0.0.0/24', { ...uses, nodeSelector, namespaceSelector })], {
        nodeLabels,
        namespaceLabels: labels,
      });
      expect(outcome(choice)).toEqual(isUsed ? ['p'] : 'none-for-node');
    },
  );

  it('PL-09 takes the pools for the namespace and those for every namespace', () => {
    const pools = [PRODUCTION, "environment == 'development'", ''].map((namespaceSelector, index) =>
      pool(`p${index + 1}`, `10.${index}.0.0/24`, { ...uses, namespaceSelector }),
    );
    expect(outcome(choose(pools, { namespaceLabels: { environment: 'production' } }))).toEqual(['p1', 'p3']);
  });

  it('PL-10 evaluates against no labels when no namespace is given', () => {
    const pools = [
      pool('p1', '10.0.0.0/24', { ...uses, namespaceSelector: PRODUCTION }),
      pool('p2', '10.1.0.0/24', { ...uses, namespaceSelector: '!has(x)' }),
    ];
    expect(outcome(choose(pools, { nodeLabels: { environment: 'production', x: '' } }))).toEqual(['p2']);
  });

  it('PL-12 uses a requested pool whose namespace selector does not match', () => {
    const pools = [pool('p1', '10.0.0.0/24', { ...uses, namespaceSelector: PRODUCTION })];
    expect(outcome(choose(pools, { requested: ['10.0.0.0/24'], namespaceLabels: { environment: 'development' } }))).toEqual(['p1']);
  });
});

describe('pools that cannot be judged or used', () => {
  const bad = { nodeSelector: 'invalid selector syntax [' };

  it('PL-11 fails an automatic choice on an invalid selector, wherever its pool is', () => {
    for (const names of [
      ['a', 'z'],
      ['z', 'a'],
    ]) {
      const choice = choose([
        pool(names[0]!, '10.0.0.0/24', names[0] === 'z' ? bad : {}),
        pool(names[1]!, '10.1.0.0/24', names[1] === 'z' ? bad : {}),
      ]);
      expect(choice).toMatchObject({
        kind: 'bad-selector',
        pool: 'z',
        selector: 'nodeSelector',
        problem: { position: 8, message: expect.stringContaining('expected operator after label "invalid"') },
      });
    }
    const inNamespace = pool('n', '10.0.0.0/24', { namespaceSelector: 'region == ' });
    expect(choose([inNamespace])).toMatchObject({ kind: 'bad-selector', pool: 'n', selector: 'namespaceSelector' });
  });

  it('PL-11 does not look at selectors of Manual, disabled, other and requested pools, nor at a namespace selector of another node', () => {
    const good = pool('good', '10.9.0.0/24');
    expect(outcome(choose([pool('m', '10.0.0.0/24', { ...bad, assignmentMode: 'Manual' }), good]))).toEqual(['good']);
    expect(outcome(choose([pool('d', '10.0.0.0/24', { ...bad, disabled: true }), good]))).toEqual(['good']);
    expect(outcome(choose([pool('six', 'fd00::/64', bad), good]))).toEqual(['good']);
    expect(outcome(choose([pool('b', '10.0.0.0/24', bad), good], { requested: ['good'] }))).toEqual(['good']);
    expect(outcome(choose([pool('b', '10.0.0.0/24', bad), good], { requested: ['b'] }))).toEqual(['b']);
    expect(outcome(choose([pool('b', '10.0.0.0/24', { nodeSelector: 'has(x)', namespaceSelector: 'region ==' }), good]))).toEqual(['good']);
  });

  it('PL-13 uses a Manual pool only when it is asked for', () => {
    const manual = pool('m', '10.4.0.0/30', { assignmentMode: 'Manual', blockSize: 30 });
    expect(choose([manual])).toMatchObject({ kind: 'none-for-node', considered: [{ verdict: 'manual' }] });
    expect(outcome(choose([manual], { requested: ['m'] }))).toEqual(['m']);
  });

  it('PL-23 says why a pool is not enabled', () => {
    const pools = [
      pool('deleted', '10.0.0.0/24', {
        disabled: true,
        object: jsonObject({ metadata: jsonObject({ deletionTimestamp: '2026-08-22T06:00:00Z' }) }),
      }),
      pool('full', '10.1.0.0/24', { disabled: true, object: jsonObject({ spec: jsonObject({}) }) }),
      pool('broken', '10.2.0.0/33'),
    ];
    const choice = choose(pools);
    expect(choice.kind).toBe('no-pool');
    expect(choice.considered.map(({ reason }) => reason)).toEqual([
      'is being deleted',
      'has the condition Allocatable=False',
      'has the CIDR "10.2.0.0/33", which is no network',
    ]);
  });

  it('PL-24 takes a pool that is smaller than its block size', () => {
    expect(outcome(choose([pool('tiny', '10.0.0.0/28')]))).toEqual(['tiny']);
  });

  it('EB-03 leaves out pools whose blocks are too small, requested or not', () => {
    const small = pool('small', '90.0.0.0/24', { blockSize: 30 });
    const large = pool('large', '91.0.0.0/24', { blockSize: 29 });
    const needs = { minBlockAddresses: 3 + 1 + 1 };
    expect(outcome(choose([large, small], needs))).toEqual(['large']);
    expect(outcome(choose([large, small], { ...needs, requested: ['small'] }))).toBe('pool-not-found');
    expect(outcome(choose([small], { ...needs, requested: ['small'] }))).toBe('no-pool');
    expect(outcome(choose([small], needs))).toBe('no-pool');
    expect(outcome(choose([large, small], { minBlockAddresses: 2 + 1 + 1 }))).toEqual(['large', 'small']);
  });
});
