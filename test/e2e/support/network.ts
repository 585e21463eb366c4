/** One network of a node as its container runtime serves it: through cnitool, or by calling the main plugin itself. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../../support/folder.ts';
import { type Call, type CniResult, callPlugin, done } from './call.ts';
import { ownName, pathOf } from './namespaces.ts';
import { output } from './run.ts';
import type { CniTools } from './tools.ts';

export type MainPlugin = 'bridge' | 'ptp' | 'macvlan';

export interface NetworkParts {
  readonly tools: CniTools;
  /** Folder of the plugin under test. */
  readonly pluginFolder: string;
  readonly cniVersion: string;
  /** Of the main plugin: `type`, `ipam` and its own members. */
  readonly plugin: { readonly type: string; readonly ipam: object };
  /** Network namespace that stands for the node. */
  readonly node: string;
  readonly name?: string;
}

/** Every call rejects with what the plugins or cnitool said. Pods are names of namespaces. */
export interface Network {
  readonly name: string;
  /** As the main plugin gets it. */
  readonly conf: object;
  add(pod: string): Promise<CniResult>;
  check(pod: string): Promise<void>;
  del(pod: string): Promise<void>;
}

export interface CnitoolNetwork extends Network {
  status(): Promise<void>;
  /** cnitool frees all: DEL for every attachment it knows, then GC. */
  gc(): Promise<void>;
}

/** Through cnitool where there is one. */
export async function openNetwork(parts: NetworkParts): Promise<Network> {
  return parts.tools.cnitool === undefined ? directNetwork(parts) : await cnitoolNetwork(parts);
}

/** Calls the main plugin as a runtime does that keeps results itself. */
export function directNetwork(parts: NetworkParts): Network {
  const { tools, pluginFolder, plugin, node } = parts;
  const { name, conf } = confOf(parts);
  const results = new Map<string, CniResult>();
  const call = async (verb: Call['verb'], pod: string) => {
    const prevResult = results.get(pod);
    const answer = await callPlugin([join(tools.folder, plugin.type)], {
      verb,
      conf: { ...conf, ...(prevResult && verb !== 'ADD' && { prevResult }) },
      containerId: pod,
      netns: pathOf(pod),
      path: `${pluginFolder}:${tools.folder}`,
      node,
    });
    return done(answer);
  };
  return {
    name,
    conf,
    add: async (pod) => {
      const result = (await call('ADD', pod)) as CniResult;
      results.set(pod, result);
      return result;
    },
    check: async (pod) => {
      await call('CHECK', pod);
    },
    del: async (pod) => {
      await call('DEL', pod);
      results.delete(pod);
    },
  };
}

/** @throws where there is no cnitool */
export async function cnitoolNetwork(parts: NetworkParts): Promise<CnitoolNetwork> {
  const { tools, pluginFolder, plugin, cniVersion, node } = parts;
  const { cnitool } = tools;
  if (cnitool === undefined) throw new Error(`no cnitool: ${tools.source}`);
  const { name, conf } = confOf(parts);
  const folder = await temporaryFolder();
  await writeFile(join(folder, '10-test.conflist'), JSON.stringify({ cniVersion, name, plugins: [plugin] }));
  const env = { CNI_PATH: `${pluginFolder}:${tools.folder}`, NETCONFPATH: folder, CNI_IFNAME: 'eth0' };
  const call = (verb: string, pod: string) => output(cnitool, [verb, name, pathOf(pod)], { env, netns: node });
  return {
    name,
    conf,
    add: async (pod) => JSON.parse(await call('add', pod)) as CniResult,
    check: async (pod) => {
      await call('check', pod);
    },
    del: async (pod) => {
      await call('del', pod);
    },
    status: async () => {
      await call('status', node);
    },
    gc: async () => {
      await call('gc', node);
    },
  };
}

function confOf({ name = ownName('net'), cniVersion, plugin }: NetworkParts): { name: string; conf: object } {
  return { name, conf: { cniVersion, name, ...plugin } };
}

/** What the kernel has at the pod's interface, without link-local addresses. */
export async function addressesIn(pod: string): Promise<string[]> {
  const text = await output('ip', ['-netns', pod, '-json', 'address', 'show', 'dev', 'eth0', 'scope', 'global']);
  // What does not match is there as an object without members.
  const links = JSON.parse(text) as readonly { readonly addr_info?: readonly { readonly local?: string; readonly prefixlen: number }[] }[];
  const found = links.flatMap(({ addr_info = [] }) => addr_info);
  return found.flatMap(({ local, prefixlen }) => (local === undefined ? [] : [`${local}/${prefixlen}`]));
}

/** Interfaces in a namespace, without the loopback. */
export async function linksIn(namespace: string): Promise<string[]> {
  const links = JSON.parse(await output('ip', ['-netns', namespace, '-json', 'link'])) as readonly { readonly ifname: string }[];
  return links.map(({ ifname }) => ifname).filter((name) => name !== 'lo');
}

/** One echo from a pod; rejects without an answer. */
export async function ping(pod: string, address: string): Promise<void> {
  await output('ping', ['-c', '1', '-W', '1', '-n', address], { netns: pod });
}
