import { describe, expect, it } from 'vitest';
import { countersIn, medianOf, worstOf } from '../../bench/etcd-metrics.ts';

const PAGE = `# HELP grpc_server_handled_total Total number of RPCs completed on the server, regardless of success or failure.
# TYPE grpc_server_handled_total counter
grpc_server_handled_total{grpc_code="OK",grpc_method="Txn",grpc_service="etcdserverpb.KV",grpc_type="unary"} 12
grpc_server_handled_total{grpc_code="InvalidArgument",grpc_method="Txn",grpc_service="etcdserverpb.KV",grpc_type="unary"} 1
grpc_server_handled_total{grpc_code="OK",grpc_method="Range",grpc_service="etcdserverpb.KV",grpc_type="unary"} 3
grpc_server_handled_total{grpc_code="Canceled",grpc_method="Watch",grpc_service="etcdserverpb.Watch",grpc_type="bidi_stream"} 7
# TYPE etcd_network_client_grpc_received_bytes_total counter
etcd_network_client_grpc_received_bytes_total 1.234567e+06
# TYPE etcd_network_client_grpc_sent_bytes_total counter
etcd_network_client_grpc_sent_bytes_total 345
etcd_network_client_grpc_sent_bytes_total_of_another_name 99
`;

describe('countersIn', () => {
  it('adds up unary requests of every method and outcome, and takes the client’s side of bytes', () => {
    expect(countersIn(PAGE)).toEqual({ requests: 16, receivedBytes: 345, sentBytes: 1_234_567 });
  });

  it('refuses a page without a counter instead of reading it as 0', () => {
    const page = PAGE.replaceAll('grpc_server_handled_total', 'grpc_server_started_total');
    expect(() => countersIn(page)).toThrow('no grpc_server_handled_total');
  });
});

describe('several costs', () => {
  const costs = [
    { requests: 3, receivedBytes: 10, sentBytes: 5 },
    { requests: 5, receivedBytes: 2, sentBytes: 6 },
    { requests: 3, receivedBytes: 7, sentBytes: 1 },
  ];

  it('have a worst of each figure', () => {
    expect(worstOf(costs)).toEqual({ requests: 5, receivedBytes: 10, sentBytes: 6 });
  });

  it('have a median of each figure', () => {
    expect(medianOf(costs)).toEqual({ requests: 3, receivedBytes: 7, sentBytes: 5 });
  });
});
