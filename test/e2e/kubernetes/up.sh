#!/bin/sh
# up.sh NODES: starts a control plane, an etcd for plat, and nodes n1 … nNODES. They become Ready once they have a network configuration.
# All of it talks over one bridge in the namespace plat-control, where the control plane has $CONTROL_PLANE and this machine $UPLINK_ADDRESS.
. "$(dirname "$0")/common.sh"
nodes=$1
cd "$PLAT_E2E_RUN"
mkdir -p certs

# A kubelet sets these for the whole machine; down.sh puts them back.
[ -e sysctl.saved ] ||
  sysctl -e vm.overcommit_memory vm.panic_on_oom kernel.panic kernel.panic_on_oops kernel.keys.root_maxkeys kernel.keys.root_maxbytes >sysctl.saved

ip netns add plat-control
ip -n plat-control link set lo up
ip -n plat-control link add nodes type bridge
ip -n plat-control addr add "$CONTROL_PLANE/24" dev nodes
ip -n plat-control link set nodes up
ip link add "$UPLINK" type veth peer name uplink netns plat-control
ip -n plat-control link set uplink master nodes up
ip addr add "$UPLINK_ADDRESS/24" dev "$UPLINK"
ip link set "$UPLINK" up

"$SCRIPTS/image.sh" pod.tar
openssl genrsa -out certs/service-accounts.key 2048 2>/dev/null
echo 'e2e-admin,admin,admin,system:masters' >certs/tokens.csv
cat >kubeconfig <<YAML
apiVersion: v1
kind: Config
clusters: [{ name: e2e, cluster: { server: 'https://$CONTROL_PLANE:6443', certificate-authority: $PLAT_E2E_RUN/certs/apiserver.crt } }]
users: [{ name: admin, user: { token: e2e-admin } }]
contexts: [{ name: e2e, context: { cluster: e2e, user: admin } }]
current-context: e2e
YAML

"$SCRIPTS/store.sh" start
# What Kubernetes keeps need not survive this run, so its etcd may go without the disk.
start kubernetes-etcd control etcd --data-dir kubernetes-etcd --log-level error --unsafe-no-fsync \
  --listen-client-urls "http://$CONTROL_PLANE:2379" --advertise-client-urls "http://$CONTROL_PLANE:2379" \
  --listen-peer-urls "http://$CONTROL_PLANE:2380" --initial-advertise-peer-urls "http://$CONTROL_PLANE:2380" \
  --initial-cluster "default=http://$CONTROL_PLANE:2380"
start apiserver control "$PLAT_K8S_HOME/bin/kube-apiserver" --etcd-servers="http://$CONTROL_PLANE:2379" \
  --bind-address="$CONTROL_PLANE" --advertise-address="$CONTROL_PLANE" --secure-port=6443 --cert-dir=certs \
  --service-cluster-ip-range=10.96.0.0/16 --token-auth-file=certs/tokens.csv --authorization-mode=RBAC \
  --service-account-issuer=https://kubernetes.default.svc \
  --service-account-key-file=certs/service-accounts.key --service-account-signing-key-file=certs/service-accounts.key
api() { curl -sf --cacert certs/apiserver.crt -H 'Authorization: Bearer e2e-admin' "https://$CONTROL_PLANE:6443$1"; }
wait_until 60 'the API server' api /readyz

start controller-manager control "$PLAT_K8S_HOME/bin/kube-controller-manager" --kubeconfig=kubeconfig --leader-elect=false \
  --bind-address="$CONTROL_PLANE" --secure-port=10257 --cert-dir=certs/controller-manager \
  --service-account-private-key-file=certs/service-accounts.key --root-ca-file=certs/apiserver.crt
start scheduler control "$PLAT_K8S_HOME/bin/kube-scheduler" --kubeconfig=kubeconfig --leader-elect=false \
  --bind-address="$CONTROL_PLANE" --secure-port=10259 --cert-dir=certs/scheduler

for number in $(seq "$nodes"); do "$SCRIPTS/node-up.sh" "$number"; done
# Without it no pod is admitted.
wait_until 60 'the default service account' api /api/v1/namespaces/default/serviceaccounts/default
