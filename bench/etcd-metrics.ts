/** What etcd itself says it was asked and how much it answered: counters of its `/metrics` page, not ours. */
import { median } from './statistics.ts';

export interface Cost {
  /** Unary gRPC requests that etcd handled. */
  readonly requests: number;
  /** Bytes of gRPC messages that etcd sent to clients. */
  readonly receivedBytes: number;
  /** Bytes of gRPC messages that clients sent to etcd. */
  readonly sentBytes: number;
}

/** What etcd did for its clients while `run` was running; nothing else may use it meanwhile. */
export async function costOf<T>(endpoint: string, run: () => Promise<T>): Promise<{ readonly cost: Cost; readonly result: T }> {
  const before = await readCounters(endpoint);
  const result = await run();
  const after = await readCounters(endpoint);
  const cost = {
    requests: after.requests - before.requests,
    receivedBytes: after.receivedBytes - before.receivedBytes,
    sentBytes: after.sentBytes - before.sentBytes,
  };
  return { cost, result };
}

/** The most of each, over several runs of one operation. */
export function worstOf(costs: readonly Cost[]): Cost {
  return eachOf(costs, (values) => Math.max(...values));
}

export function medianOf(costs: readonly Cost[]): Cost {
  return eachOf(costs, median);
}

function eachOf(costs: readonly Cost[], summary: (values: readonly number[]) => number): Cost {
  return {
    requests: summary(costs.map(({ requests }) => requests)),
    receivedBytes: summary(costs.map(({ receivedBytes }) => receivedBytes)),
    sentBytes: summary(costs.map(({ sentBytes }) => sentBytes)),
  };
}

async function readCounters(endpoint: string): Promise<Cost> {
  const response = await fetch(`http://${endpoint}/metrics`);
  if (!response.ok) throw new Error(`etcd answers ${response.status} for its metrics`);
  return countersIn(await response.text());
}

/** The counters in a page of the Prometheus text format. */
export function countersIn(page: string): Cost {
  return {
    requests: sumOf(page, 'grpc_server_handled_total', 'grpc_type="unary"'),
    receivedBytes: sumOf(page, 'etcd_network_client_grpc_sent_bytes_total'),
    sentBytes: sumOf(page, 'etcd_network_client_grpc_received_bytes_total'),
  };
}

/** Sum over the lines of one metric that have `label`. A missing metric is an error: it must not pass for 0. */
function sumOf(page: string, metric: string, label = ''): number {
  const lines = page.split('\n').filter((line) => line.startsWith(metric) && /^[ {]/.test(line.slice(metric.length)));
  if (lines.length === 0) throw new Error(`etcd's metrics have no ${metric}`);
  return lines.filter((line) => line.includes(label)).reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
