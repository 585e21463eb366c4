import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findBun } from '../support/bun.ts';
import { type EtcdServers, startEtcd } from '../support/etcd.ts';
import { cleanEnvironment } from '../support/installed.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const TLS = join(ROOT, 'test/fixtures/tls');
const SERVER = { certFile: join(TLS, 'server.pem'), keyFile: join(TLS, 'server.key') };
const GATEWAY_OFF = ['--enable-grpc-gateway=false'];

/** Runs its arguments where the checkout is an empty folder, as on any other machine. */
const HIDING = ['-m', 'sh', '-c', `mkdir "$TMPDIR/tls" && cp ${TLS}/*.pem "$TMPDIR/tls" && mount -t tmpfs none ${ROOT} && exec "$@"`, 'sh'];

function canHide(): boolean {
  const possible = spawnSync('unshare', ['-m', 'true']).status === 0;
  if (!possible) console.warn('the checkout stays visible to the compiled executable: `unshare -m` is not allowed here');
  return possible;
}

// skip: there is nothing to compile with where npm has no bun for the machine.
describe.runIf(findBun() !== undefined)('the compiled executable', () => {
  let place: string;
  let servers: Readonly<Record<'plain' | 'off' | 'tls' | 'tlsOff' | 'misnamed' | 'misnamedOff', EtcdServers>>;
  const isHidden = canHide();

  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), 'plat-compiled-'));
    const misnamed = { certFile: join(TLS, 'misnamed.pem'), keyFile: join(TLS, 'misnamed.key') };
    const [plain, off, tls, tlsOff, elsewhere, elsewhereOff] = await Promise.all([
      startEtcd(),
      startEtcd({ args: GATEWAY_OFF }),
      startEtcd({ tls: SERVER }),
      startEtcd({ tls: SERVER, args: GATEWAY_OFF }),
      startEtcd({ tls: misnamed }),
      startEtcd({ tls: misnamed, args: GATEWAY_OFF }),
    ]);
    servers = { plain, off, tls, tlsOff, misnamed: elsewhere, misnamedOff: elsewhereOff };
    const entry = join(import.meta.dirname, 'store-probe.ts');
    await promisify(execFile)(process.execPath, [join(ROOT, 'scripts/build-cni.mjs'), '--entry', entry, '--out', join(place, 'probe')]);
  });

  afterAll(async () => {
    await Promise.all(Object.values(servers).map((server) => server.stop()));
    await rm(place, { recursive: true, force: true });
  });

  /** What it says of a store; `left`: the files it left where temporary ones go. */
  async function probe(url: string, env: Readonly<Record<string, string>> = {}): Promise<{ said: string; left: string[] }> {
    const temporary = await mkdtemp(join(place, 'tmp-'));
    const program = join(place, 'probe');
    const [file, args] = isHidden ? ['unshare', [...HIDING, program, url]] : [program, [url]];
    const certificates = isHidden ? join(temporary, 'tls') : TLS;
    const run = promisify(execFile)(file, args, {
      cwd: place,
      env: cleanEnvironment({ TMPDIR: temporary, ETCD_CA_CERT_FILE: url.startsWith('etcds:') ? join(certificates, 'ca.pem') : '', ...env }),
    });
    const { stdout } = await run.catch((error: { stdout: string }) => error);
    return { said: stdout, left: (await readdir(temporary)).filter((name) => name !== 'tls') };
  }

  it('uses LMDB, whose native part it brings along, and leaves no file where temporary ones go', async () => {
    const url = `lmdb:${join(place, 'store')}`;
    expect(await probe(url)).toEqual({ said: 'committed 1', left: [] });
    expect(await probe(url)).toEqual({ said: 'committed 2', left: [] });
  });

  // skip: a /run of its own needs `unshare -m`, whose lack is told above.
  describe.runIf(isHidden)('the native part', () => {
    const FILE = /^600 \d{6,}$/;

    /** Runs the script with a /run of its own; gives what it says and the files that were kept there, as mode and size. */
    function withOwnRun(script: string, options: string): string[] {
      const env = cleanEnvironment({ PROBE: join(place, 'probe'), STORE: `lmdb:${join(place, 'kept')}` });
      const whole = `mount -t tmpfs -o ${options} none /run && ${script}; echo; stat -c '%a %s' /run/plat/*.node 2>/dev/null`;
      const { stdout } = spawnSync('unshare', ['-m', 'sh', '-c', whole], { encoding: 'utf8', cwd: place, env });
      return stdout.trim().split('\n');
    }

    it.each([
      ['is kept for the next call where nobody else can reach it', '"$PROBE" "$STORE" && echo && "$PROBE" "$STORE"', 'rw', 2],
      ['is kept anew when a crash cut it off', '"$PROBE" "$STORE" && echo && truncate -s 9 /run/plat/*.node && "$PROBE" "$STORE"', 'rw', 2],
      ['is loaded from memory where no code may be run', '"$PROBE" "$STORE"', 'noexec', 1],
    ])('%s', (_, script, options, calls) => {
      const said = withOwnRun(script, options);
      expect(said.slice(0, -1)).toEqual(Array.from({ length: calls }, () => expect.stringMatching(/^committed \d+$/)));
      expect(said.at(-1)).toMatch(FILE);
    });

    it.each([
      ['others may look into the folder', 'mkdir -m 755 /run/plat', 'rw'],
      ['the folder is a link', 'mkdir -m 700 /run/other && ln -s other /run/plat', 'rw'],
      ['the folder cannot be made', 'true', 'ro'],
    ])('is loaded from memory, and not kept, when %s', (_, before, options) => {
      expect(withOwnRun(`${before} && "$PROBE" "$STORE"`, options)).toEqual([expect.stringMatching(/^committed \d+$/)]);
    });
  });

  it('uses LMDB from many processes at once', async () => {
    const url = `lmdb:${join(place, 'shared')}`;
    const said = (await Promise.all(Array.from({ length: 12 }, () => probe(url)))).map((run) => run.said);
    const committed = said.filter((text) => text.startsWith('committed'));
    expect(new Set(committed).size).toBe(committed.length);
    expect(said.filter((text) => !/^(committed|conflict) /.test(text))).toEqual([]);
    expect((await probe(url)).said).toBe(`committed ${committed.length + 1}`);
  });

  it.each(['plain', 'off', 'tls', 'tlsOff'] as const)('uses an etcd by its address: %s', async (name) => {
    const url = `${name.startsWith('tls') ? 'etcds' : 'etcd'}://${servers[name].endpoints[0]}`;
    expect(await probe(url)).toEqual({ said: 'committed 1', left: [] });
  });

  it.each(['misnamed', 'misnamedOff'] as const)('refuses an etcd whose certificate is for another name: %s', async (name) => {
    expect((await probe(`etcds://${servers[name].endpoints[0]}`)).said).toContain('certificate is for another name');
  });

  it('does not take a proxy, nor settings of the folder it runs in, for its own', async () => {
    const url = `etcd://${servers.plain.endpoints[0]}`;
    await writeFile(join(place, 'preloaded.js'), "process.stdout.write('preloaded ')");
    await writeFile(join(place, 'bunfig.toml'), 'preload = ["./preloaded.js"]');
    await writeFile(join(place, '.env'), 'ETCD_CERT_FILE=/nowhere.pem');
    const { said } = await probe(url, {
      HTTP_PROXY: 'http://127.0.0.1:1',
      http_proxy: 'http://127.0.0.1:1',
      ALL_PROXY: 'http://127.0.0.1:1',
    });
    expect(said).toMatch(/^committed /);
  });
});

describe('scripts/build-cni.mjs', () => {
  it('says which targets there are, and writes nothing for another', async () => {
    const out = join(tmpdir(), 'plat-no-target');
    const { status, stderr } = spawnSync(process.execPath, [join(ROOT, 'scripts/build-cni.mjs'), '--target', 'plan9-mips', '--out', out], {
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stderr).toContain('expected is one of linux-x64, linux-x64-musl, linux-arm64, linux-arm64-musl');
  });
});
