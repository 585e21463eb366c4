/** The socket at which calls of a node meet, as the kernel tells of it. */
import { readdir, readFile, readlink } from 'node:fs/promises';

const FOLDER = '/run/plat/';

/** How many the process has let in; undefined when it does not lead. */
export async function guestsOf(pid: number): Promise<number | undefined> {
  const links = await Promise.all((await readdir(`/proc/${pid}/fd`)).map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
  const own = new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
  const sockets = (await readFile('/proc/net/unix', 'utf8'))
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , , , , inode = '', path = '']) => own.has(inode) && path.startsWith(FOLDER));
  return sockets.length === 0 ? undefined : sockets.length - 1;
}
