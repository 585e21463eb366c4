import { describe, expect, it } from 'vitest';
import type { Held } from './addresses.ts';
import { judge, parseCalls } from './plugin-calls.ts';

const HELD: Held = { ip: '10.244.1.2', handle: 'net.c1', node: 'n1', pod: 'web-1', container: 'c1' };

describe('the calls of the plugin', () => {
  it('are told apart by container, command and process, and by time when a process number comes again', () => {
    const log = [
      '1 7 ADD c1 call',
      '2 7 DEL c2 call',
      '3 7 ADD c1 killed',
      '4 7 ADD c1 call',
      '5 8 DEL c1 call',
      '6 8 DEL c1 hung',
      '7 8 DEL c1 woken',
      '',
    ];
    expect(parseCalls(log.join('\n'))).toEqual([
      { command: 'ADD', container: 'c1', hit: 'killed' },
      { command: 'DEL', container: 'c2', hit: undefined },
      { command: 'ADD', container: 'c1', hit: undefined },
      { command: 'DEL', container: 'c1', hit: 'hung' },
    ]);
  });
});

describe('an address that no pod has', () => {
  it.each([
    { log: '1 7 ADD c1 call', why: 'never deleted by containerd (ADD ran to its end)' },
    { log: '1 7 ADD c1 call\n2 7 ADD c1 muted\n3 8 DEL c1 call\n4 8 DEL c1 killed', why: 'not deleted again (ADD muted, DEL killed)' },
    { log: '1 7 ADD c1 call\n3 8 DEL c2 call', why: 'never deleted by containerd (ADD ran to its end)' },
  ])('is the runtime’s fault when no DEL could do its work: $why', ({ log, why }) => {
    expect(judge(HELD, parseCalls(log))).toEqual({ ...HELD, byRuntime: true, why });
  });

  it.each([
    { log: '1 7 ADD c1 call\n2 7 ADD c1 hung\n3 8 DEL c1 call\n4 7 ADD c1 woken', story: 'ADD hung, DEL ran to its end' },
    {
      log: '1 7 ADD c1 call\n2 8 DEL c1 call\n3 8 DEL c1 killed\n4 9 DEL c1 call\n5 9 DEL c1 muted',
      story: 'ADD ran to its end, DEL killed, DEL muted',
    },
  ])('is the plugin’s when one could, whatever became of the ADD (I11): $story', ({ log, story }) => {
    expect(judge(HELD, parseCalls(log))).toEqual({ ...HELD, byRuntime: false, why: `held after a DEL that ran to its end (${story})` });
  });
});
