import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseCommandLine, UsageError } from './command-line.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function sim(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', 'tsx', MAIN, ...args], { maxBuffer: 1e8 }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

describe('npm run sim', () => {
  it('ends with 0 and says ok when every invariant held', async () => {
    const { code, stdout } = await sim('--seed', '1', '--steps', '100', '--nodes', '2');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^seed 1: ok, \d+ operations, \d+ revisions\n$/);
  });

  it('ends with 1 and shows the violation, what led to it, and how to repeat it', async () => {
    const { code, stdout } = await sim('--seed', '1', '--plant', 'forget-handle');
    expect(code).toBe(1);
    expect(stdout).toMatch(/\nseed 1: I3 violated at step \d+, after \d+ operations, \d+ revisions\nhandle h\d+ counts nothing/);
    expect(stdout).toContain('again: npm run sim -- --seed 1 --steps 500 --plant forget-handle\n');
    expect(stdout).toMatch(/^\d+ [\d.]+s /);
  });

  it('prints everything that happened when asked', async () => {
    const { code, stdout } = await sim('--seed', '1', '--steps', '50', '--trace');
    expect(code).toBe(0);
    expect(stdout).toMatch(/revision 1: pool main[\s\S]+seed 1: ok, /);
  });

  it('explains itself', async () => {
    const { code, stdout } = await sim('--help');
    expect(code).toBe(0);
    expect(stdout).toContain('--plant NAME');
  });

  it('ends with 2 and says what was expected when it is called wrongly', async () => {
    const { code, stderr } = await sim('--seed', '1', '--plant', 'weeds');
    expect(code).toBe(2);
    expect(stderr).toContain('sim: --plant weeds: wanted one of drop-guard, ');
    expect(stderr).toContain('usage: npm run sim');
  });
});

describe('the command line of the simulation', () => {
  it('reads every option', () => {
    const line = parseCommandLine(['--seed', '7', '--steps', '20', '--nodes', '3', '--plant', 'late-add', '--trace']);
    expect(line).toEqual({ seed: 7, steps: 20, nodes: 3, plant: 'late-add', trace: true, help: false });
    expect(parseCommandLine(['--seed', '0'])).toEqual({
      seed: 0,
      steps: 500,
      nodes: undefined,
      plant: undefined,
      trace: false,
      help: false,
    });
  });

  it.each([
    [[], 'no seed given'],
    [['--seed', 'x'], '--seed x: wanted a whole number from 0'],
    [['--seed', '-1'], "Option '--seed' argument is ambiguous"],
    [['--seed', '1', '--steps', '0'], '--steps 0: wanted a whole number from 1'],
    [['--seed', '1', '--nodes', '21'], '--nodes 21: wanted a whole number from 1 to 20'],
    [['--sed', '1'], "Unknown option '--sed'"],
  ])('refuses %j', (args, message) => {
    expect(() => parseCommandLine(args)).toThrow(UsageError);
    expect(() => parseCommandLine(args)).toThrow(message);
  });
});
