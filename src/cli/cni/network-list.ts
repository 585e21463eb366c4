/** The network configuration list that a container runtime reads: a new one, or an existing one with its IPAM changed. */
import { IpamError } from '../../ipam/errors.ts';

export interface NetworkChoice {
  readonly network: string;
  /** Main plugin of a new list. */
  readonly main: string;
  /** Written as `ipam.store`; undefined leaves the choice to the plugin. */
  readonly store: string | undefined;
}

const PLUGIN = 'plat';
/** What the plugin refuses, since it means another plugin's state. */
const FOREIGN_FIELDS = ['dataDir'];

/** A list for one network, with the newest version of the specification. */
export function newNetworkList({ network, main, store }: NetworkChoice): string {
  const ipam = { type: PLUGIN, ...(store !== undefined && { store }), routes: [{ dst: '0.0.0.0/0' }] };
  const plugin = main === 'bridge' ? { type: main, bridge: 'cni0', isGateway: true, ipMasq: true, ipam } : { type: main, ipam };
  return printed({ cniVersion: '1.1.0', name: network, plugins: [plugin] });
}

/** `text` with every IPAM plugin replaced by this one, all other fields kept; `file` is for messages. */
export function withPlatIpam(text: string, file: string, { store }: Pick<NetworkChoice, 'store'>): string {
  const list = parsed(text, file);
  let found = 0;
  const changed = pluginsOf(list).map((plugin) => {
    const ipam = isObject(plugin) ? plugin['ipam'] : undefined;
    if (!isObject(plugin) || !isObject(ipam) || Object.keys(ipam).length === 0) return plugin;
    found++;
    const kept = Object.fromEntries(Object.entries(ipam).filter(([name]) => !FOREIGN_FIELDS.includes(name)));
    return { ...plugin, ipam: { ...kept, type: PLUGIN, ...(store !== undefined && { store }) } };
  });
  if (found === 0)
    throw refusal(
      `${file} has no plugin with an ipam section, so there is nothing to change. Give another file, or one that does not exist yet.`,
      file,
    );
  return printed(Array.isArray(list['plugins']) ? { ...list, plugins: changed } : (changed[0] as object));
}

/** Whether some plugin of the list has this one as IPAM. */
export function usesPlat(text: string, file: string): boolean {
  return pluginsOf(parsed(text, file)).some((plugin) => isObject(plugin) && isObject(plugin['ipam']) && plugin['ipam']['type'] === PLUGIN);
}

/** A list has plugins; the older form is one plugin. */
function pluginsOf(list: Readonly<Record<string, unknown>>): readonly unknown[] {
  return Array.isArray(list['plugins']) ? list['plugins'] : [list];
}

function parsed(text: string, file: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // Told below: it is not JSON, or not an object.
  }
  throw refusal(`${file} is not a network configuration: it holds no JSON object. It was left as it is.`, file);
}

function refusal(message: string, file: string): IpamError {
  return new IpamError('invalid-resource', message, { details: { file } });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function printed(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
