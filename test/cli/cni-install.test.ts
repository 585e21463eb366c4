import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runLine } from './session.ts';

const CALICO = {
  name: 'k8s-pod-network',
  cniVersion: '0.3.1',
  plugins: [
    { type: 'calico', etcd_endpoints: 'http://10.0.0.1:2379', ipam: { type: 'calico-ipam', assign_ipv6: 'true' } },
    { type: 'portmap', snat: true, capabilities: { portMappings: true } },
  ],
};
const HOST_LOCAL = {
  cniVersion: '1.0.0',
  name: 'lan',
  type: 'bridge',
  ipam: { type: 'host-local', subnet: '10.22.0.0/16', dataDir: '/run/lan' },
};

let folder: string;
let binary: string;
let bin: string;
let conf: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plat-test-'));
  binary = join(folder, 'built');
  bin = join(folder, 'bin');
  conf = join(folder, 'net.d', '10-net.conflist');
  writeFileSync(binary, 'the executable');
});
afterEach(() => rmSync(folder, { recursive: true }));

function install(...more: string[]) {
  return runLine(['cni', 'install', '--dir', bin, '--binary', binary, ...more]);
}

function json(file: string) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

describe('plat cni install', () => {
  it('puts the executable in place, executable, with nothing else beside it, and changes nothing the second time', async () => {
    expect(await install()).toMatchObject({ code: 0, stdout: `${join(bin, 'plat')} written\n` });
    expect(readFileSync(join(bin, 'plat'), 'utf8')).toBe('the executable');
    expect(statSync(join(bin, 'plat')).mode & 0o777).toBe(0o755);
    expect(readdirSync(bin)).toEqual(['plat']);
    expect((await install()).stdout).toBe(`${join(bin, 'plat')} unchanged\n`);
  });

  it('writes a new network configuration that only its owner reads', async () => {
    await install('--conf', conf, '--network', 'pods', '--store', 'etcd://10.0.0.1:2379');
    expect(json(conf)).toMatchObject({
      cniVersion: '1.1.0',
      name: 'pods',
      plugins: [{ type: 'bridge', ipam: { type: 'plat', store: 'etcd://10.0.0.1:2379' } }],
    });
    expect(statSync(conf).mode & 0o777).toBe(0o600);
  });

  it('changes the IPAM of an existing list and nothing else, and keeps a backup of the first state', async () => {
    await install('--conf', conf);
    rmSync(conf);
    writeFileSync(conf, JSON.stringify(CALICO), { mode: 0o644 });
    await install('--conf', conf);
    const [calico, portmap] = CALICO.plugins;
    expect(json(conf)).toEqual({ ...CALICO, plugins: [{ ...calico, ipam: { type: 'plat', assign_ipv6: 'true' } }, portmap] });
    expect(statSync(conf).mode & 0o777).toBe(0o644);
    await install('--conf', conf, '--store', 'lmdb:/var/lib/other');
    expect(json(`${conf}.plat-backup`)).toEqual(CALICO);
    expect(readdirSync(join(folder, 'net.d')).sort()).toEqual(['10-net.conflist', '10-net.conflist.plat-backup']);
  });

  it('takes out what the plugin would refuse: the data folder of host-local', async () => {
    await install('--conf', conf);
    writeFileSync(conf, JSON.stringify(HOST_LOCAL));
    await install('--conf', conf);
    expect(json(conf)).toEqual({ ...HOST_LOCAL, ipam: { type: 'plat', subnet: '10.22.0.0/16' } });
  });

  it.each([
    ['no JSON', '{"name":'],
    ['no IPAM', '{"cniVersion":"1.0.0","name":"lo","type":"loopback"}'],
  ])('refuses a configuration with %s, and writes nothing at all', async (_what, text) => {
    await install('--conf', conf);
    rmSync(bin, { recursive: true });
    writeFileSync(conf, text);
    expect(await install('--conf', conf)).toMatchObject({ code: 1, stderr: expect.stringContaining(conf) });
    expect(readFileSync(conf, 'utf8')).toBe(text);
    expect(existsSync(bin)).toBe(false);
  });

  it('says what it would do', async () => {
    const { stdout } = await install('--conf', conf, '--dry-run', '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject({ dryRun: true, files: [{ change: 'would be written' }, { change: 'would be written' }] });
    expect(existsSync(bin)).toBe(false);
  });

  it('says how to build an executable that is not there', async () => {
    rmSync(binary);
    expect(await install()).toMatchObject({ code: 1, stderr: expect.stringMatching(/npm run build:cni/) });
  });
});

describe('plat cni uninstall', () => {
  const uninstall = (...more: string[]) => runLine(['cni', 'uninstall', '--dir', bin, '--conf', conf, ...more]);

  it('removes what was new', async () => {
    await install('--conf', conf);
    expect((await uninstall('--dry-run')).stdout).toBe(`${conf} would be removed\n${join(bin, 'plat')} would be removed\n`);
    expect((await uninstall()).stdout).toBe(`${conf} removed\n${join(bin, 'plat')} removed\n`);
    expect([...readdirSync(bin), ...readdirSync(join(folder, 'net.d'))]).toEqual([]);
    expect((await uninstall()).stdout).toBe(`${conf} absent\n${join(bin, 'plat')} absent\n`);
  });

  it('asks on a terminal, and --yes does not', async () => {
    await install('--conf', conf);
    const line = ['cni', 'uninstall', '--dir', bin, '--conf', conf];
    const questions: string[] = [];
    const answer = (yes: boolean) => ({
      confirm: async (question: string) => {
        questions.push(question);
        return yes;
      },
    });
    expect(await runLine(line, answer(false))).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('Nothing was done') });
    expect(existsSync(conf)).toBe(true);
    const foreign = await runLine(line, {
      confirm: async () => {
        writeFileSync(conf, JSON.stringify(HOST_LOCAL));
        return true;
      },
    });
    expect(foreign).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('does not have plat as its IPAM') });
    expect(json(conf)).toEqual(HOST_LOCAL);
    await install('--conf', conf);
    expect(await runLine([...line, '--yes'], answer(false))).toMatchObject({ code: 0 });
    expect(questions).toEqual([expect.stringMatching(/would be removed.*Uninstall\?$/)]);
  });

  it('puts back what was there before', async () => {
    await install('--conf', conf);
    writeFileSync(conf, JSON.stringify(CALICO));
    await install('--conf', conf);
    await uninstall();
    expect(json(conf)).toEqual(CALICO);
  });

  it('leaves a configuration alone that somebody changed to another IPAM', async () => {
    await install('--conf', conf);
    writeFileSync(conf, JSON.stringify(HOST_LOCAL));
    expect(await uninstall()).toMatchObject({ code: 1 });
    expect(json(conf)).toEqual(HOST_LOCAL);
    expect(existsSync(join(bin, 'plat'))).toBe(true);
  });
});
